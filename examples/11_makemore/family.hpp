// SPDX-License-Identifier: BSD-3-Clause
/// The models of makemore.py as types, with its names for parameters, so that its files load here and ours
/// there.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include <ctnn/ctnn.hpp>

namespace makemore {

using namespace ctnn;

/// Letters and the end; the positions of a word; features of each; rows of a batch.
inline constexpr std::size_t letters = 27, steps = 16, features = 64, family_batch = 32;

/// The table of bigrams: a row of logits for each letter, at first 0.
struct Logits : Embedding<letters, letters, steps> {
    using self = Logits;
    static constexpr std::array parameters{Parameter{"logits", {letters, letters}}};
    template <class T>
    static void reset(const std::array<std::span<T>, 1>&, Generator&)
    {}
};
using Bigram = Named<"", Logits>;

/// The 16 letters up to each position, the newest first, side by side; before the first is a 28th.
inline constexpr class_id blank = letters;
template <std::size_t Positions>
using MlpOf = Sequential<Named<"wte", Embedding<letters + 1, features, Positions * steps>>,
                         FlattenConsecutive<steps>, Named<"mlp.0", Linear<steps * features, features>>, Tanh,
                         Named<"mlp.2", Linear<features, letters>>>;
using Mlp = MlpOf<steps>;

template <class Cell>
using RecurrentOf = Sequential<Named<"wte", Embedding<letters, features, steps>>, Named<"", Cell>,
                               Named<"lm_head", Linear<features, letters>>>;
using PlainRecurrent = RecurrentOf<ConcatRnn<features, features>>;
using Gated = RecurrentOf<ConcatGru<features, features>>;

/// A layer with the mask that makemore.py keeps in its files: ones on and below the diagonal.
template <class L, extents Shape>
struct WithMask : L {
    using self = WithMask;
    static constexpr std::array buffers{Parameter{"bias", Shape}};
};
using Bow = Sequential<
    Named<"wte", Embedding<letters, features, steps>>, Named<"wpe", Position<steps, features>>,
    Named<"", Residual<Named<"context_block.cbow", WithMask<BagOfWords, extents{1, steps, steps}>>>>,
    Named<"", Residual<Named<"context_block.mlp.c_fc", Linear<features, features>>, Tanh,
                       Named<"context_block.mlp.c_proj", Linear<features, features>>>>,
    Named<"lm_head", Linear<features, letters>>>;

template <std::size_t C, std::size_t Heads>
using Block = Sequential<
    Named<"", Residual<Named<"ln_1", LayerNorm<C>>, Named<"attn.c_attn", Linear<C, 3 * C>>,
                       Named<"attn", WithMask<CausalSelfAttention<Heads>, extents{1, 1, steps, steps}>>,
                       Named<"attn.c_proj", Linear<C, C>>>>,
    Named<"", Residual<Named<"ln_2", LayerNorm<C>>, Named<"mlp.c_fc", Linear<C, 4 * C>>, NewGELU,
                       Named<"mlp.c_proj", Linear<4 * C, C>>>>>;
template <std::size_t LayersOf, std::size_t C, std::size_t Heads>
using TransformerOf =
    Sequential<Named<"transformer.wte", Embedding<letters, C, steps>>,
               Named<"transformer.wpe", Position<steps, C>>,
               Named<"transformer.h", Repeat<LayersOf, Block<C, Heads>>>,
               Named<"transformer.ln_f", LayerNorm<C>>, Named<"lm_head", Linear<C, letters, NoBias>>>;
using Transformer = TransformerOf<4, 64, 4>;
using SmallTransformer = TransformerOf<2, 32, 4>;

static_assert(parameter_count<Bigram> == 729 && parameter_count<Mlp> == 69'147 &&
              parameter_count<PlainRecurrent> == 11'803 && parameter_count<Gated> == 28'315 &&
              parameter_count<Bow> == 12'827 && parameter_count<Transformer> == 204'544);

/// The masks of a model that has some, which load() and save() know as buffers.
template <class M>
void set_masks(M& model)
{
    model.for_each_buffer([](std::string_view, auto mask) {
        for (std::size_t i = 0; i < mask.size(); ++i) mask.data()[i] = i % steps <= i / steps ? 1.F : 0.F;
    });
}

} // namespace makemore

// One step of each: as of the layer that it is.
template <>
struct ctnn::stream_rule<makemore::Logits>
    : ctnn::steps_as<ctnn::Embedding<makemore::letters, makemore::letters>> {};
template <class L, ctnn::extents Shape>
struct ctnn::stream_rule<makemore::WithMask<L, Shape>> : ctnn::stream_rule<L> {};
