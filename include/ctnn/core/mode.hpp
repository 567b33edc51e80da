// SPDX-License-Identifier: BSD-3-Clause
/// Train, eval and stream as types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <ctnn/core/bfloat16.hpp>

namespace ctnn::inline CTNN_ARCH {

/// What `Train` keeps of a backward pass beside the gradients of parameters.
struct KeepNothing {};
/// The gradient of every layer's output, as `retain_grad()` in PyTorch, and of a numeric input.
struct RetainGradients {};

/// The mode of a model that learns from batches of `B` samples: it owns gradients and activations.
template <std::size_t B, class Keep = KeepNothing>
struct Train {
    static constexpr std::size_t batch = B;
    static constexpr bool retains_gradients = std::is_same_v<Keep, RetainGradients>;
};

/// The mode of a model that only answers: no gradients, no activations, every call const.
struct Eval {};

/// The mode of what `freeze` makes: a model that only answers, and where that pays has weights a second time,
/// as numbers of type `N` in the order in which its kernels read them. `N` is the model's scalar type, or one
/// of fewer bytes: bfloat16 or std::int8_t.
template <class N>
struct Packed {
    using number = N;
};

/// The mode of a model that answers one time step after the other and keeps what it needs of those before.
struct Stream {};

/// Whether a mode is `Train<B>`.
template <class M>
inline constexpr bool is_train = false;
/// True of `Train<B>`.
template <std::size_t B, class Keep>
inline constexpr bool is_train<Train<B, Keep>> = true;

/// Whether a mode is `Packed<N>`.
template <class M>
inline constexpr bool is_packed = false;
/// True of `Packed<N>`.
template <class N>
inline constexpr bool is_packed<Packed<N>> = true;
/// Whether a mode is one of those that only answer, whole samples at a time: `Eval` or `Packed<N>`.
template <class M>
inline constexpr bool is_eval = std::is_same_v<M, Eval> || is_packed<M>;

/// `Train<B>`, `Eval`, `Packed<N>` or `Stream`.
template <class M>
concept Mode = is_train<M> || is_eval<M> || std::is_same_v<M, Stream>;

/// Numbers of fewer bytes than float, that a frozen model can have its weights in.
template <class N>
concept SmallNumber = std::is_same_v<N, bfloat16> || std::is_same_v<N, std::int8_t>;

namespace detail {

/// Whether a mode is one of weights of few bytes.
template <class M>
inline constexpr bool is_small = false;
template <SmallNumber N>
inline constexpr bool is_small<Packed<N>> = true;

/// Whether a model with weights of type N has to know what the numbers of its layers lie between.
template <class N>
inline constexpr bool is_calibrated = std::is_same_v<N, std::int8_t>;

} // namespace detail

/// What a model computes in.
template <class T>
concept Scalar = std::is_same_v<T, float> || std::is_same_v<T, double>;

/// How a class id (a character, a word) is stored inside a model.
using class_id = std::int32_t;

} // namespace ctnn::inline CTNN_ARCH
