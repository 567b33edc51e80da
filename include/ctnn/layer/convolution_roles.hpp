// SPDX-License-Identifier: BSD-3-Clause
/// One step of a causal convolution, and how convolutions are exported and looked at.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include <ctnn/kernel/small_window.hpp>
#include <ctnn/layer/convolution.hpp>
#include <ctnn/layer/packing_rules.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// One step of a causal convolution. The state is the D (K - 1) steps before, in a ring, and the place of the
/// oldest of them.
template <std::size_t In, std::size_t Out, std::size_t K, class... Options>
struct convolution_step {
    using whole = Conv1d<In, Out, K, Options...>;
    static constexpr std::size_t D = whole::options.spread.w, past = D * (K - 1),
                                 state = past > 0 ? past *In + 1 : 0;
    static constexpr auto parameters = whole::parameters;
    static constexpr applies_activation applies = applies_activation::forward;
    using self = convolution_step;

    static constexpr extents output(const extents& x)
    {
        return x == extents{In} ? extents{Out} : extents::none();
    }
    template <class P>
    static void forward(const P& pass)
    {
        using S = typename P::scalar;
        const auto p = pass.parameters();
        const S *const w = p[0].data(), *const b = whole::has_bias ? p[p.size() - 1].data() : nullptr;
        const typename P::activation finish{};
        // the same sums as those of the whole sequence
        if constexpr (K == 1 && whole::groups == 1) {
            kernel::affine<In, Out, kernel::parts_of_sum<In, Out, S>()>(pass.y().data(), pass.x().data(), w,
                                                                        b, simd::constant<1>{}, finish);
        } else {
            using of = kernel::convolution<sliding{.plane = {1, past + 1}, .size = {1, K}, .spread = {1, D}},
                                           In, Out, whole::groups>;
            const S* taps[K];
            taps[K - 1] = pass.x().data();
            if constexpr (K == 1) {
                of::template one<of::template chains<S>>(pass.y().data(), taps, w, b, finish);
            } else {
                S *const ring = pass.state(), *const place = ring + past * In;
                // whoever sets a state may have written anything
                const bool is_place = *place >= S{0} && *place < static_cast<S>(past);
                const std::size_t oldest = is_place ? static_cast<std::size_t>(*place) : 0;
                for (std::size_t k = 0; k + 1 < K; ++k) {
                    const std::size_t at = oldest + k * D;
                    taps[k] = ring + (at < past ? at : at - past) * In;
                }
                of::template one<of::template chains<S>>(pass.y().data(), taps, w, b, finish);
                std::copy_n(pass.x().data(), In, ring + oldest * In);
                *place = static_cast<S>(oldest + 1 == past ? 0 : oldest + 1);
            }
        }
    }
};

/// (H, W, In, Out, KH, KW, ...) as ctnn/embed takes them.
inline std::string embedded_convolution(std::string_view name, const sliding& s, std::size_t in,
                                        std::size_t out, std::size_t groups, bool int8)
{
    return embedded_type(name,
                         {s.plane.h, s.plane.w, in, out, s.size.h, s.size.w, s.step.h, s.step.w, s.spread.h,
                          s.spread.w, s.before.h, s.before.w, s.places().h, s.places().w, groups},
                         int8);
}

} // namespace detail

template <std::size_t In, std::size_t Out, std::size_t K, class... Options>
    requires(Conv1d<In, Out, K, Options...>::options.step == window{1} &&
             (K == 1 || Conv1d<In, Out, K, Options...>::options.has(detail::causal_option)) &&
             !Conv1d<In, Out, K, Options...>::options.has(detail::padding_option))
struct stream_rule<Conv1d<In, Out, K, Options...>>
    : steps_as<detail::convolution_step<In, Out, K, Options...>> {};

namespace detail {

/// What a convolution has as a product: a row for each pixel of what its window sees, row by row, the
/// channels of a pixel together. Groups and transposed ones stay as they are.
template <class L, class N, std::size_t In, std::size_t Out, std::size_t Taps>
struct packed_convolution {
    struct by_pixel {
        static constexpr std::size_t at(std::size_t k) { return k % In * Taps + k / In; }
    };
    using packed = packed_matrix<N, In * Taps, Out, L::has_bias, by_pixel>;
    static constexpr std::size_t bytes = L::is_sound && L::groups == 1 ? packed::bytes : 0;

    static void pack(std::byte* to, const float* const* parameters, value_range x)
    {
        packed::pack(to, parameters, x);
    }
    template <class P>
    static void forward(const P& pass, const std::byte* from)
    {
        constexpr sliding s = L::slide(P::input::value);
        packed::matrix::multiply(pass.y().data(), from, pass.rows * s.places().size(),
                                 kernel::small_window<s, In>{pass.x().data()}, rough_activation_of<P>{});
    }
};

} // namespace detail

template <std::size_t In, std::size_t Out, std::size_t K, class... Options, SmallNumber N>
struct packing_rule<Conv1d<In, Out, K, Options...>, N>
    : detail::packed_convolution<Conv1d<In, Out, K, Options...>, N, In, Out, K> {};
template <std::size_t In, std::size_t Out, window Size, class... Options, SmallNumber N>
struct packing_rule<Conv2d<In, Out, Size, Options...>, N>
    : detail::packed_convolution<Conv2d<In, Out, Size, Options...>, N, In, Out, Size.size()> {};

template <std::size_t In, std::size_t Out, std::size_t K, class... Options>
struct export_rule<Conv1d<In, Out, K, Options...>> {
    using layer = Conv1d<In, Out, K, Options...>;
    static std::string type(const extents& x, bool int8 = false)
    {
        return detail::embedded_convolution("convolution", layer::slide(x), In, Out, layer::groups, int8);
    }
};
template <std::size_t In, std::size_t Out, window Size, class... Options>
struct export_rule<Conv2d<In, Out, Size, Options...>> {
    using layer = Conv2d<In, Out, Size, Options...>;
    static std::string type(const extents& x, bool int8 = false)
    {
        return detail::embedded_convolution("convolution", layer::slide(x), In, Out, layer::groups, int8);
    }
};
template <std::size_t In, std::size_t Out, std::size_t K, class... Options>
struct export_rule<ConvTranspose1d<In, Out, K, Options...>> {
    using layer = ConvTranspose1d<In, Out, K, Options...>;
    static std::string type(const extents& x)
    {
        return detail::embedded_convolution("transposed_convolution", layer::slide(x), Out, In, layer::groups,
                                            false);
    }
};
template <std::size_t In, std::size_t Out, window Size, class... Options>
struct export_rule<ConvTranspose2d<In, Out, Size, Options...>> {
    using layer = ConvTranspose2d<In, Out, Size, Options...>;
    static std::string type(const extents& x)
    {
        return detail::embedded_convolution("transposed_convolution", layer::slide(x), Out, In, layer::groups,
                                            false);
    }
};
template <std::size_t In, std::size_t Out, std::size_t K, class... Options>
struct export_rule<detail::convolution_step<In, Out, K, Options...>> {
    using layer = Conv1d<In, Out, K, Options...>;
    static std::string type(const extents&)
    {
        return detail::embedded_type("convolution_step",
                                     {In, Out, K, layer::options.spread.w, layer::groups});
    }
};

namespace detail {

/// Sums of as many products of independent numbers as all taps and channels give, and the bias.
template <class L>
struct spread_of_convolution {
    template <std::size_t N>
    static Spread of(const Spread& x, const std::array<Spread, N>& p)
    {
        const auto n = static_cast<double>(L::fan_in);
        const double product = p[0].mean * x.mean;
        const Spread bias = L::has_bias ? p[N - 1] : Spread{};
        return {n * product + bias.mean,
                std::sqrt(n * (p[0].square() * x.square() - product * product) + bias.std * bias.std)};
    }
};

} // namespace detail

template <std::size_t In, std::size_t Out, std::size_t K, class... Options>
struct expected_spread<Conv1d<In, Out, K, Options...>>
    : detail::spread_of_convolution<Conv1d<In, Out, K, Options...>> {};
template <std::size_t In, std::size_t Out, window Size, class... Options>
struct expected_spread<Conv2d<In, Out, Size, Options...>>
    : detail::spread_of_convolution<Conv2d<In, Out, Size, Options...>> {};

} // namespace ctnn::inline CTNN_ARCH
