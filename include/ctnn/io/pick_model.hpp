// SPDX-License-Identifier: BSD-3-Clause
/// Which of several compiled networks a file holds.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include <ctnn/io/model_file.hpp>
#include <ctnn/model/eval.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// What a file says of itself, and the first of its tensors.
struct file_contents {
    std::string signature, tensors;
    std::size_t count = 0;

    void metadata(const std::string& key, const std::string& value)
    {
        if (key == signature_key) signature = value;
    }
    [[gnu::cold]] void tensor(const described_tensor& t)
    {
        constexpr std::size_t most = 12;
        if (++count <= most) tensors += "\n  " + t.name.substr(0, safetensors_limits::name) + " " + t.type + " " + t.shape_text();
        if (count == most + 1) tensors += "\n  and more";
    }
};

template <class Net, class... Others>
inline constexpr bool each_once = (!std::is_same_v<Net, Others> && ...) && each_once<Others...>;
template <class Net>
inline constexpr bool each_once<Net> = true;

} // namespace detail

/// The model, ready to answer, of that one among `Nets` whose signature the file has: a std::variant, for std::visit. A file without a
/// signature, such as one from PyTorch, is taken if its tensors fit one of them and no other.
///
/// ```cpp
/// const auto model = pick_model<Small, Large>("names.safetensors");
/// const std::string name = std::visit([&](const auto& m) { return sample(m, vocabulary, generator); }, model);
/// ```
///
///   errors : [ctnn.load] the file has the signature of none of them, or none and fits none or several: the text lists them and what the file
///   holds; and those of `load`
template <class... Nets>
    requires(sizeof...(Nets) > 0)
[[nodiscard]] std::variant<Model<Nets, Eval>...> pick_model(const std::string& path, const LoadOptions& options = {})
{
    static_assert(detail::each_once<Nets...>, "[ctnn.load] pick_model tells networks apart by their types: each is named once");
    detail::file_contents contents;
    {
        const detail::kept_errno keep;
        detail::input_file file(path);
        (void)detail::read_header(file, contents);
    }
    std::optional<std::variant<Model<Nets, Eval>...>> picked;
    std::size_t fitting = 0;
    const auto offer = [&]<std::size_t I, class Net> {
        if (!contents.signature.empty() && contents.signature != detail::signature_in_file(signature<Net>())) return;
        Model<Net, Eval> model;
        try {
            load(model, path, options);
        } catch (const Error&) {
            if (!contents.signature.empty()) throw;
            return; // a file without a signature is tried with each
        }
        ++fitting;
        picked.emplace(std::in_place_index<I>, std::move(model));
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) { (offer.template operator()<I, Nets>(), ...); }
    (std::index_sequence_for<Nets...>{});
    if (fitting != 1) {
        std::string compiled;
        ((compiled += "\n  " + signature<Nets>()), ...);
        const std::string found = contents.signature.empty() ? " no signature, but the tensors" + contents.tensors : "\n  " + contents.signature;
        throw Error("ctnn.load",
                    "'" + path + "' holds" + found + (fitting > 1 ? "\nwhich fit several of those compiled in:" : "\ncompiled in:") + compiled);
    }
    return *std::move(picked);
}

} // namespace ctnn::inline CTNN_ARCH
