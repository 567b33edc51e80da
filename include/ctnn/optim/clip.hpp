// SPDX-License-Identifier: BSD-3-Clause
/// Gradients kept within bounds before a step.
#pragma once

#include <cmath>
#include <cstddef>

#include <ctnn/core/mode.hpp>
#include <ctnn/kernel/statistics.hpp>
#include <ctnn/kernel/update.hpp>
#include <ctnn/optim/optimizer.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

// Shown by a compile error; never true.
template <class M>
inline constexpr bool has_gradients = false;

/// Each gradient g becomes f(g); the gaps between them stay 0, whatever f makes of that.
template <class M, class F>
void change_gradients(M& model, F f)
{
    using T = typename M::scalar;
    for (const slot& s : slots<typename M::network, T>::value.slot_at) {
        if (!is_learning(s)) continue;
        T* const g = model.gradient_block() + s.offset;
        kernel::update<T, 0>(g, g, {}, s.shape.size(),
                             [&](simd::vec<T>& x, simd::vec<T>, simd::vec<T>*)
                                 CTNN_INLINE_LAMBDA { x = f(x); });
    }
}

/// errors : [ctnn.mode] (compile time) an eval model
template <class M>
constexpr bool can_be_clipped()
{
    static_assert(is_train<typename M::mode> || has_gradients<M>,
                  "[ctnn.mode] an eval model has no gradients to clip: make it a Model<Net, Train<B>>");
    return is_train<typename M::mode> && fault_of<typename M::network> == fault::none;
}

} // namespace detail

/// Scales all gradients of the last backward together so that their norm is at most `largest`, and returns
/// what it was: torch.nn.utils.clip_grad_norm_.
///
/// ```cpp
/// model.backward(dlogits);
/// clip_gradient_norm(model, 1.0);
/// sgd.step(model);
/// ```
///
///   norm   : the root of the sum of the squares of all of them; those of Fixed layers are not there
///   method : times largest / (norm + 1e-6) if that is below 1. NaN or infinity among them makes NaN of all,
///            or 0, as in PyTorch; look at what is returned
///   errors : [ctnn.option] largest negative or NaN (infinity only measures); [ctnn.mode] (compile time) an
///            eval model
///   cost   : one pass over the gradients, two where they are scaled
template <class M>
typename M::scalar clip_gradient_norm(M& model, double largest)
{
    using T = typename M::scalar;
    detail::require_option("the largest norm", largest, 0, detail::no_limit);
    if constexpr (detail::can_be_clipped<M>()) {
        const auto norm =
            static_cast<T>(std::sqrt(kernel::sum_of_squares(model.gradient_block(), M::block_size())));
        const T factor = static_cast<T>(largest) * (T{1} / (norm + static_cast<T>(1e-6)));
        if (!(factor >= 1))
            detail::change_gradients(model,
                                     [f = simd::vec<T>(factor)](auto g) CTNN_INLINE_LAMBDA { return g * f; });
        return norm;
    } else {
        return T{0};
    }
}

/// Each gradient becomes the nearest number within -largest..largest: torch.nn.utils.clip_grad_value_. NaN
/// stays.
///   errors : [ctnn.option] largest negative or NaN; [ctnn.mode] (compile time) an eval model
///   cost   : one pass over the gradients
template <class M>
void clip_gradient_value(M& model, double largest)
{
    using V = simd::vec<typename M::scalar>;
    detail::require_option("the largest gradient", largest, 0, detail::no_limit);
    if constexpr (detail::can_be_clipped<M>()) {
        const V high(static_cast<typename M::scalar>(largest)),
            low(static_cast<typename M::scalar>(-largest));
        detail::change_gradients(model,
                                 [=](V g) CTNN_INLINE_LAMBDA { return simd::max(low, simd::min(high, g)); });
    }
}

} // namespace ctnn::inline CTNN_ARCH
