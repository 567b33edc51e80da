// SPDX-License-Identifier: BSD-3-Clause
/// What changes a layer without changing what it computes: its name, whether it learns, whose weights it
/// uses.
#pragma once

#include <cstddef>

#include <ctnn/core/layer_list.hpp>
#include <ctnn/core/parameter.hpp>

namespace ctnn::inline CTNN_ARCH {

/// L under a word instead of its number: `Named<"c_attn", Linear<64, 192>>` has "c_attn.weight", as a
/// module's attribute in PyTorch. Words may have dots; with an empty one the number goes, and the parts of L
/// stand where L stands.
///
///   errors : [ctnn.name] two layers with parameters have the same path
template <fixed_string Word, class L>
struct Named {
    using parts = layer_list<L>;
    using in_eval = L;
    static constexpr std::string_view word = Word.view();

    static constexpr std::size_t wire(auto& net, std::size_t x)
    {
        net.rename(word);
        return net.template inside<L>(x);
    }
};

/// L with parameters that do not learn, as with requires_grad_(False): they have no gradient, optimizers do
/// not see them, and where nothing before L learns either, no gradient goes through it. BatchNorm's running
/// statistics still move.
template <class L>
struct Fixed {
    using parts = layer_list<L>;
    using in_eval = L;

    static constexpr std::size_t wire(auto& net, std::size_t x)
    {
        const bool before = net.fix(true);
        x = net.template inside<L>(x);
        net.fix(before);
        return x;
    }
};

namespace detail {

template <class L>
struct with_transposed {
    using type = layer_list<L>;
};
template <class L>
    requires requires { typename L::transposed; }
struct with_transposed<L> {
    using type = layer_list<L, typename L::transposed>;
};
template <class L>
    requires requires { typename L::in_eval; }
struct with_transposed<L> { // Named or Fixed
    using type = layer_list<L, typename with_transposed<typename L::in_eval>::type::template at<
                                   with_transposed<typename L::in_eval>::type::size - 1>>;
};

} // namespace detail

/// L with the weight (the first parameter) of the layer at `Path`, transposed if that fits: an output layer
/// on the table of the embedding is `Tied<"0", Linear<64, 27, NoBias>>`. Other parameters, such as a bias,
/// are its own. Both uses add to one gradient.
///
///   fixed  : the weight learns if its owner does
///   files  : the weight stands under both names, as in PyTorch's state_dict; it may be missing under one
///   errors : [ctnn.name] no layer of that path has parameters; [ctnn.shape] its weight does not fit
///   source : Press & Wolf 2016 (arXiv:1608.05859)
template <fixed_string Path, class L>
struct Tied {
    using parts = typename detail::with_transposed<L>::type;
    using in_eval = L;
    static constexpr std::string_view path = Path.view();

    static constexpr std::size_t wire(auto& net, std::size_t x)
    {
        net.tie(path);
        x = net.template inside<L>(x);
        net.tie({});
        return x;
    }
};

} // namespace ctnn::inline CTNN_ARCH
