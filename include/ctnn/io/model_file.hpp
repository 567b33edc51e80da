// SPDX-License-Identifier: BSD-3-Clause
/// Parameters and running statistics to a safetensors file and back, under the names and with the axes of
/// torch.nn.Sequential.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <ctnn/core/pattern.hpp>
#include <ctnn/io/file.hpp>
#include <ctnn/io/safetensors.hpp>
#include <ctnn/io/tensor_loader.hpp>
#include <ctnn/model/model.hpp>
#include <ctnn/model/network.hpp>
#include <ctnn/model/slots.hpp>
#include <ctnn/model/summary.hpp>

namespace ctnn::inline CTNN_ARCH {

/// From the name of a parameter or buffer in the model, "0.weight", to its name in a file; empty: the same.
using NameInFile = std::function<std::string(std::string_view)>;

/// How a model is written.
struct SaveOptions {
    NameInFile name_in_file = {};
    bool allow_non_finite = false; ///< write NaN and infinite numbers as they are
    /// texts that go with the model, by name: units, words of a table; `notes_in` reads them
    std::map<std::string, std::string> notes = {};
};
/// What is taken from a file.
struct LoadOptions {
    NameInFile name_in_file = {};
    bool allow_non_finite = false; ///< take NaN and infinite numbers as they are
    bool any_signature = false;    ///< take the file of another network, if all names and shapes are the same
    /// of the model's parameters and buffers those with such a name, '*' for any characters: "0.*"
    std::string only = {};
    std::string except = {}; ///< and not those with such a name
};

/// What a load of a part left as it was.
struct LeftOut {
    std::vector<std::string> of_model; ///< parameters and buffers that were not loaded
    std::vector<std::string> of_file;  ///< tensors that are in none of those that were
};

namespace detail {

/// Arrays that stand in the block of weights, as a file has them; a tied weight under each of its names.
template <class Byte>
[[gnu::cold]] std::vector<stored_array<Byte>>
arrays_at(std::span<const slot> list, std::span<const slot> tied, Byte* weights, std::string_view type,
          std::size_t element, const NameInFile& name_in_file)
{
    std::vector<stored_array<Byte>> arrays;
    const auto named = [&](std::string_view name) {
        return name_in_file ? name_in_file(name) : std::string(name);
    };
    const auto add = [&](const slot& s, std::string same_as) {
        const extents e = s.in_file();
        const std::string name = named(s.name);
        arrays.push_back({name,
                          type,
                          {e.extent.begin(), e.extent.begin() + static_cast<std::ptrdiff_t>(e.rank)},
                          element,
                          s.in_files,
                          weights + s.offset * element,
                          std::move(same_as),
                          s.count_in_files.empty()
                              ? std::string()
                              : name.substr(0, name.rfind('.') + 1).append(s.count_in_files)});
    };
    for (const slot& s : list) add(s, {});
    for (const slot& s : tied)
        for (const slot& own : list)
            if (!own.is_buffer && own.offset == s.offset) add(s, named(own.name));
    return arrays;
}
/// All parameters, then all buffers of a model.
template <class Byte, class M>
std::vector<stored_array<Byte>> arrays_of(M& model, const NameInFile& name_in_file)
{
    using T = typename M::scalar;
    constexpr auto& table = slots<typename M::network, T>::value;
    return arrays_at(std::span<const slot>(table.slot_at), std::span<const slot>(table.tied),
                     reinterpret_cast<Byte*>(model.parameter_block()), type_in_file<T>, sizeof(T),
                     name_in_file);
}

/// The signature of a network as a file keeps it: one that is too long for a reader is cut, and ends with its
/// checksum.
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
inline void require_finite(const std::vector<stored_array<const std::byte>>& arrays, const std::string& path,
                           const std::string& hint = {})
{
    for (const auto& a : arrays) {
        const auto [at, value] = first_non_finite(a.data, a.bytes(), a.type);
        if (at < a.bytes())
            throw Error("ctnn.save", "'" + path + "' is not written: number " + std::to_string(at) + " of '" +
                                         a.name + "' is " + value + hint);
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
        throw Error("ctnn.load",
                    "'" + path + "' cannot be loaded: it holds a " + found + ", the model is a " + expected);
}

[[gnu::cold]] inline void save_arrays(std::vector<stored_array<const std::byte>> arrays,
                                      const std::string& signature, const std::string& path,
                                      const SaveOptions& options)
{
    const kept_errno keep;
    if (!options.allow_non_finite)
        require_finite(arrays, path, " (SaveOptions::allow_non_finite writes such numbers)");
    write_file(path, safetensors_bytes(std::move(arrays), signature_in_file(signature), {}, options.notes));
}
[[gnu::cold]] inline LeftOut load_arrays(std::vector<stored_array<std::byte>> arrays,
                                         std::span<const std::string_view> names,
                                         const std::string& signature, const std::string& path,
                                         const LoadOptions& options)
{
    const kept_errno keep;
    const bool is_part = !options.only.empty() || !options.except.empty();
    LeftOut left;
    if (is_part) {
        std::vector<stored_array<std::byte>> wanted;
        std::vector<std::string> wanted_names;
        for (std::size_t i = 0; i < arrays.size(); ++i) {
            // a further name of a tied weight goes with the first
            const std::string& same = arrays[i].same_as;
            const bool goes_along =
                std::find(wanted_names.begin(), wanted_names.end(), same) != wanted_names.end();
            const bool fits = (options.only.empty() || fits_pattern(names[i], options.only)) &&
                              (options.except.empty() || !fits_pattern(names[i], options.except));
            const bool is_wanted = same.empty() ? fits : goes_along;
            if (is_wanted && same.empty()) wanted_names.push_back(arrays[i].name);
            if (is_wanted) wanted.push_back(std::move(arrays[i]));
            else left.of_model.emplace_back(names[i]);
        }
        if (wanted.empty())
            throw Error("ctnn.option",
                        "no parameter or buffer of the model is like '" + options.only + "'" +
                            (options.except.empty() ? "" : " and not like '" + options.except + "'"));
        arrays = std::move(wanted);
    }
    tensor_loader loader(path, std::move(arrays),
                         is_part ? tensor_loader::content::part : tensor_loader::content::model);
    if (!options.any_signature && !is_part)
        require_signature(path, loader.signature(), signature_in_file(signature));
    if (!options.allow_non_finite) loader.require_finite();
    loader.put();
    if (is_part) left.of_file = loader.others();
    return left;
}

} // namespace detail

/// Writes parameters and buffers to a safetensors file that `torch.nn.Sequential.load_state_dict`
/// understands: a Linear's weight is (Out, In) there. When it returns, the file is whole and on disk;
/// whatever fails, an old file of that name is as it was.
///
/// ```cpp
/// save(model, "names.safetensors");
/// save(model, "flats.safetensors", {.notes = {{"unit", "euro"}}}); // notes_in("flats.safetensors")
/// ```
///
///   errors : [ctnn.save] the file cannot be written, with the system's reason; a number is NaN or infinite;
///            two names are the same; a note of over 16 KiB or one that is not UTF-8;
///            [ctnn.option] one named "", "format" or "ctnn..."; over 28 of them
///   cost   : memory for the whole file
template <class Net, Mode M, class T>
void save(const Model<Net, M, T>& model, const std::string& path, const SaveOptions& options = {})
{
    detail::save_arrays(detail::arrays_of<const std::byte>(model, options.name_in_file), signature<Net>(),
                        path, options);
}

/// Reads parameters and buffers of the very network: from a file of `save`, a checkpoint, or a safetensors
/// file that PyTorch's side wrote. Either all of them are set, or there is an error and the model is as it
/// was.
///
/// ```cpp
/// Model<Net, Eval> model;
/// load(model, "names.safetensors");
/// // A new last layer keeps the values it has.
/// const LeftOut left = load(tuned, "names.safetensors", {.except = "4.*"});
/// // Another program calls the same tensors "encoder.0.weight" and so on.
/// const auto theirs = [](std::string_view name) { return "encoder." + std::string(name); };
/// load(other, "theirs.safetensors", {.name_in_file = theirs});
/// ```
///
///   part   : with `only` or `except` a part of the file into a part of the network, whatever the two
///            signatures; what was left as it was is returned by name
///   errors : [ctnn.load] the file cannot be read; anything in it that is not as the format has it; a tensor
///            that is missing, that the model does not have, or with another type or shape; another network's
///            signature; a checksum that does not fit; NaN or infinity; two different tensors for one tied
///            weight; [ctnn.option] `only` and `except` leave nothing to load
///   cost   : memory for the model's numbers and at most 128 KiB
template <class M>
    requires(!is_packed<typename M::mode>)
LeftOut load(M& model, const std::string& path, const LoadOptions& options = {})
{
    using Net = typename M::network;
    using T = typename M::scalar;
    constexpr auto& table = detail::slots<Net, T>::value;
    std::vector<std::string_view> names;
    for (const detail::slot& s : table.slot_at) names.push_back(s.name);
    for (const detail::slot& s : table.tied) names.push_back(s.name);
    LeftOut left = detail::load_arrays(detail::arrays_of<std::byte>(model, options.name_in_file), names,
                                       signature<Net>(), path, options);
    if constexpr (std::is_same_v<typename M::mode, Stream>) model.reset(); // its start may be a parameter
    return left;
}
namespace detail {

// Shown by a compile error; never true.
template <class Net>
inline constexpr bool is_loaded_so = false;

} // namespace detail

/// The same for a frozen model, whose weights are packed again; not for one of std::int8_t.
template <class Net, class N, class T>
LeftOut load(Model<Net, Packed<N>, T>& model, const std::string& path, const LoadOptions& options = {})
{
    static_assert(
        !detail::is_calibrated<N> || detail::is_loaded_so<Net>,
        "[ctnn.mode] weights of one byte come from freeze<std::int8_t>(model, x): load into the model "
        "that it takes");
    Model<Net, Eval, T> plain(model);
    LeftOut left = load(plain, path, options);
    if constexpr (!detail::is_calibrated<N>) model = Model<Net, Packed<N>, T>(plain);
    return left;
}

/// The notes that a file was saved with, by name; those of other programs too.
///   errors : [ctnn.load] the file cannot be read, or is not as the format has it
[[nodiscard]] inline std::map<std::string, std::string> notes_in(const std::string& path)
{
    struct reader final : detail::header_client {
        std::map<std::string, std::string> notes;
        void metadata(const std::string& key, const std::string& value) override
        {
            if (detail::is_note(key)) notes[key] = value;
        }
        void tensor(const detail::described_tensor&) override {}
    } contents;
    const detail::kept_errno keep;
    detail::input_file file(path);
    (void)detail::read_header(file, contents);
    return std::move(contents.notes);
}

/// A tensor of a file: its name, its type as the format has it ("F32", "F64", "I64", ...), and its shape.
struct TensorInfo {
    std::string name, type;
    std::vector<std::size_t> shape;
};

/// What tensors a safetensors file holds, in the order of its header.
///   errors : [ctnn.load] the file cannot be read, or is not as the format has it
[[nodiscard]] inline std::vector<TensorInfo> tensors_in(const std::string& path)
{
    struct reader final : detail::header_client {
        std::vector<TensorInfo> all;
        void metadata(const std::string&, const std::string&) override {}
        void tensor(const detail::described_tensor& t) override
        {
            all.push_back({t.name, t.type, {}});
            // what a machine of 32 bits cannot count is more than it has
            for (std::size_t i = 0; i < t.rank; ++i)
                all.back().shape.push_back(
                    static_cast<std::size_t>(std::min<std::uint64_t>(t.extent[i], SIZE_MAX)));
        }
    } contents;
    const detail::kept_errno keep;
    detail::input_file file(path);
    (void)detail::read_header(file, contents);
    return std::move(contents.all);
}

/// One tensor of a safetensors file, with the axes that it has there: `load_tensor<float,
/// 2>("names.safetensors", "0.weight")`.
///
///   T, N   : float, double or std::int64_t, and its number of axes
///   errors : [ctnn.load] those of `load`; no tensor of that name, or with another type or number of axes
template <class T, std::size_t N>
    requires(Scalar<T> || std::is_same_v<T, std::int64_t>)
[[nodiscard]] xt::xtensor<T, N> load_tensor(const std::string& path, const std::string& name)
{
    const detail::kept_errno keep;
    for (const TensorInfo& t : tensors_in(path)) {
        if (t.name != name) continue;
        const auto fail = [&](const std::string& expected) {
            throw Error("ctnn.load", "'" + path + "' cannot be loaded: tensor '" + name + "' has shape " +
                                         shape_text(t.shape) + ", " + expected);
        };
        if (t.shape.size() != N) fail("expected " + std::to_string(N) + " axes");
        const std::uint64_t size = detail::input_file(path).size();
        std::uint64_t bytes = sizeof(T);
        std::array<std::size_t, N> extents{};
        for (std::size_t i = 0; i < N; ++i) {
            extents[i] = t.shape[i];
            if (extents[i] > 0 && bytes > size / extents[i]) fail("which is more than the file");
            bytes *= extents[i];
        }
        auto result = xt::xtensor<T, N>::from_shape(extents);
        detail::tensor_loader loader(path,
                                     {{name, detail::type_in_file<T>, t.shape, sizeof(T), layout::same,
                                       reinterpret_cast<std::byte*>(result.data())}},
                                     detail::tensor_loader::content::part);
        loader.put();
        return result;
    }
    throw Error("ctnn.load", "'" + path + "' cannot be loaded: it has no tensor '" + name + "'");
}

} // namespace ctnn::inline CTNN_ARCH
