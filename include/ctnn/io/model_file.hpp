// SPDX-License-Identifier: BSD-3-Clause
/// Parameters and running statistics to a safetensors file and back, under the names and with the axes of torch.nn.Sequential.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ctnn/io/file.hpp>
#include <ctnn/io/safetensors.hpp>
#include <ctnn/io/tensor_loader.hpp>
#include <ctnn/model/model.hpp>
#include <ctnn/model/network.hpp>
#include <ctnn/model/summary.hpp>

namespace ctnn::inline CTNN_ARCH {

/// From the name of a parameter or buffer in the model, "0.weight", to its name in a file; empty: the same.
using NameInFile = std::function<std::string(std::string_view)>;

struct SaveOptions {
    NameInFile name_in_file = {};
    bool allow_non_finite = false; ///< write NaN and infinite numbers as they are
};
struct LoadOptions {
    NameInFile name_in_file = {};
    bool allow_non_finite = false; ///< take NaN and infinite numbers as they are
    bool any_signature = false;    ///< take the file of another network, if all names and shapes are the same
};

namespace detail {

/// Arrays that stand in two blocks of memory, as a file has them.
template <class Byte>
[[gnu::cold]] std::vector<stored_array<Byte>> arrays_at(std::span<const slot> list, Byte* parameters, Byte* buffers, std::string_view type,
                                                        std::size_t element, const NameInFile& name_in_file)
{
    std::vector<stored_array<Byte>> arrays;
    for (const slot& s : list) {
        const std::string name(s.name.view());
        std::vector<std::size_t> shape(s.shape.extent.begin(), s.shape.extent.begin() + static_cast<std::ptrdiff_t>(s.shape.rank));
        if (s.in_files == layout::transposed) std::swap(shape[0], shape[1]);
        Byte* data = (s.is_buffer ? buffers : parameters) + s.offset * element;
        arrays.push_back({name_in_file ? name_in_file(name) : name, type, std::move(shape), element, s.in_files, data});
    }
    return arrays;
}
/// All parameters, then all buffers of a model.
template <class Byte, class M>
std::vector<stored_array<Byte>> arrays_of(M& model, const NameInFile& name_in_file)
{
    using T = typename M::scalar;
    return arrays_at(std::span<const slot>(slots<typename M::network, T>::value.slot_at), reinterpret_cast<Byte*>(model.parameter_block()),
                     reinterpret_cast<Byte*>(model.buffer_block()), type_in_file<T>, sizeof(T), name_in_file);
}

/// The signature of a network as a file keeps it: one that is too long for a reader is cut, and ends with its checksum.
inline std::string signature_in_file(std::string text)
{
    constexpr std::size_t most = safetensors_limits::token / 2;
    if (text.size() > most) {
        checksum sum;
        sum.add(text);
        text = text.substr(0, most) + "... " + sum.text();
    }
    return text;
}

/// errors : [ctnn.save] naming the first number that is NaN or infinite
inline void require_finite(const std::vector<stored_array<const std::byte>>& arrays, const std::string& path, const std::string& hint = {})
{
    for (const auto& a : arrays) {
        const auto [at, value] = first_non_finite(a.data, a.bytes(), a.type);
        if (at < a.bytes())
            throw Error("ctnn.save", "'" + path + "' is not written: number " + std::to_string(at) + " of '" + a.name + "' is " + value + hint);
    }
}

inline void write_file(const std::string& path, std::string_view bytes)
{
    file_replacement file(path);
    file.write(bytes);
    file.commit();
}

inline void require_signature(const std::string& path, const std::string& found, const std::string& expected)
{
    if (!found.empty() && found != expected)
        throw Error("ctnn.load", "'" + path + "' cannot be loaded: it holds a " + found + ", the model is a " + expected);
}

[[gnu::cold]] inline void save_arrays(std::vector<stored_array<const std::byte>> arrays, const std::string& signature, const std::string& path,
                                      const SaveOptions& options)
{
    const kept_errno keep;
    if (!options.allow_non_finite) require_finite(arrays, path, " (SaveOptions::allow_non_finite writes such numbers)");
    write_file(path, safetensors_bytes(std::move(arrays), signature_in_file(signature)));
}
[[gnu::cold]] inline void load_arrays(std::vector<stored_array<std::byte>> arrays, const std::string& signature, const std::string& path,
                                      const LoadOptions& options)
{
    const kept_errno keep;
    const tensor_loader loader(path, std::move(arrays), tensor_loader::content::model);
    if (!options.any_signature) require_signature(path, loader.signature(), signature_in_file(signature));
    if (!options.allow_non_finite) loader.require_finite();
    loader.put();
}

} // namespace detail

/// Writes parameters and buffers to a safetensors file that `torch.nn.Sequential.load_state_dict` understands: a Linear's weight is
/// (Out, In) there. When it returns, the file is whole and on disk; whatever fails, an old file of that name is as it was.
///
/// ```cpp
/// save(model, "names.safetensors");
/// ```
///
///   errors : [ctnn.save] the file cannot be written, with the system's reason; a number is NaN or infinite; two names are the same
///   cost   : memory for the whole file
template <class Net, Mode M, class T>
void save(const Model<Net, M, T>& model, const std::string& path, const SaveOptions& options = {})
{
    detail::save_arrays(detail::arrays_of<const std::byte>(model, options.name_in_file), signature<Net>(), path, options);
}

/// Reads parameters and buffers of the very network: from a file of `save`, a checkpoint, or a safetensors file that PyTorch's side
/// wrote. Either all of them are set, or there is an error and the model is as it was.
///
/// ```cpp
/// Model<Net, Eval> model;
/// load(model, "names.safetensors");
/// load(other, "theirs.safetensors", {.name_in_file = [](std::string_view name) { return "encoder." + std::string(name); }});
/// ```
///
///   errors : [ctnn.load] the file cannot be read; anything in it that is not as the format has it; a tensor that is missing, that the model
///            does not have, or with another type or shape; another network's signature; a checksum that does not fit; NaN or infinity
///   cost   : memory for the model's numbers and at most 128 KiB
template <class Net, Mode M, class T>
void load(Model<Net, M, T>& model, const std::string& path, const LoadOptions& options = {})
{
    detail::load_arrays(detail::arrays_of<std::byte>(model, options.name_in_file), signature<Net>(), path, options);
}

} // namespace ctnn::inline CTNN_ARCH
