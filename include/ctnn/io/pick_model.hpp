// SPDX-License-Identifier: BSD-3-Clause
/// Which of several compiled networks a file holds.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include <ctnn/core/index.hpp>
#include <ctnn/io/model_file.hpp>
#include <ctnn/io/safetensors_header.hpp>
#include <ctnn/model/eval.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// The number of tensors that a model needs, if the file has all of them; else 0.
template <class Net>
[[gnu::cold]] std::size_t tensors_found(const file_contents& file, const NameInFile& name_in_file)
{
    const Model<Net, Eval> model;
    const auto arrays = arrays_of<const std::byte>(model, name_in_file);
    const bool all = std::all_of(arrays.begin(), arrays.end(), [&](const auto& a) {
        if (!a.same_as.empty()) return true;
        const std::string wanted = a.name + " " + std::string(a.type) + " " + shape_text(a.shape);
        return std::find(file.tensors.begin(), file.tensors.end(), wanted) != file.tensors.end();
    });
    return all ? arrays.size() : 0;
}
[[noreturn, gnu::cold]] inline void fail_to_pick(const std::string& path, const file_contents& file,
                                                 bool several, const std::string& compiled)
{
    constexpr std::size_t most = 12;
    std::string held = "\n  " + file.signature;
    if (file.signature.empty()) {
        held = " no signature, but the tensors";
        for (std::size_t i = 0; i < std::min(most, file.tensors.size()); ++i)
            held.append("\n  ").append(file.tensors[i].substr(0, 2 * safetensors_limits::name));
        if (file.tensors.size() > most) held += "\n  and more";
    }
    throw Error("ctnn.load", "'" + path + "' holds" + held +
                                 (several ? "\nwhich fit several of those compiled in:" : "\ncompiled in:") +
                                 compiled);
}

template <class Net, class... Others>
inline constexpr bool each_once = (!std::is_same_v<Net, Others> && ...) && each_once<Others...>;
template <class Net>
inline constexpr bool each_once<Net> = true;

} // namespace detail

/// The model, ready to answer, of that one among `Nets` whose signature the file has: a std::variant, for
/// std::visit. For a file without a signature, such as one from PyTorch, or with `any_signature` for one with
/// another, it is the network whose parameters and buffers are all there by name and shape; among several of
/// them the one that has most.
///
/// ```cpp
/// const auto model = pick_model<Small, Large>("names.safetensors");
/// const auto draw = [&](const auto& m) { return sample(m, vocabulary, generator); };
/// const std::string name = std::visit(draw, model);
/// ```
///
///   errors : [ctnn.load] the file has the signature of none of them, or none and fits none or several: the
///            text lists them and what the file holds; and those of `load`
///   cost   : memory for the numbers of three models, and at most 256 KiB, whatever is in the file
template <class... Nets>
    requires(sizeof...(Nets) > 0)
[[nodiscard]] std::variant<Model<Nets, Eval>...> pick_model(const std::string& path,
                                                            const LoadOptions& options = {})
{
    static_assert(detail::each_once<Nets...>,
                  "[ctnn.load] pick_model tells networks apart by their types: each is named once");
    const detail::file_contents file = detail::read_contents(path);
    std::array<std::size_t, sizeof...(Nets)> fit{file.signature ==
                                                 detail::signature_in_file(signature<Nets>())...};
    std::size_t best = *std::max_element(fit.begin(), fit.end());
    if (best == 0 && (file.signature.empty() || options.any_signature)) {
        fit = {detail::tensors_found<Nets>(file, options.name_in_file)...};
        best = *std::max_element(fit.begin(), fit.end());
    }
    const auto fitting = std::count(fit.begin(), fit.end(), best);
    if (best == 0 || fitting > 1) {
        std::string compiled;
        (compiled.append("\n  ").append(signature<Nets>()), ...);
        detail::fail_to_pick(path, file, best > 0, compiled);
    }
    std::optional<std::variant<Model<Nets, Eval>...>> picked;
    detail::for_each_index<sizeof...(Nets)>([&](auto i) {
        if (fit[i()] != best) return;
        typename layer_list<Model<Nets, Eval>...>::template at<i()> model;
        load(model, path, options);
        picked.emplace(std::in_place_index<i()>, std::move(model));
    });
    return *std::move(picked);
}

} // namespace ctnn::inline CTNN_ARCH
