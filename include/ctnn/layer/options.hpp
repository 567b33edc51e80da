// SPDX-License-Identifier: BSD-3-Clause
/// Options that several layers take, after their sizes.
#pragma once

#include <cstddef>
#include <type_traits>

#include <ctnn/core/window.hpp>

namespace ctnn::inline CTNN_ARCH {

struct WithBias {};
struct NoBias {};
/// Each step sees those before it and itself: of attention, and of a convolution of a signal.
struct Causal {};

// Of windows: one number for both axes, or two, of the height and of the width.

/// How far the window goes in a step: `Conv2d<3, 16, 3, Stride<2>>`.
template <std::size_t H, std::size_t W = H>
struct Stride {};
/// So many zeros on all sides: `Padding<1>`. A MaxPool never takes them.
template <std::size_t H, std::size_t W = H>
struct Padding {};
/// Zeros so that with a stride of 1 the plane stays as large as it is: half of them in front, and where they
/// are odd one more at the end.
struct Same {};
/// How far neighbours in the window are apart.
template <std::size_t H, std::size_t W = H>
struct Dilation {};
/// Channels in groups that do not see each other: `Groups<C>` takes each by itself.
template <std::size_t N>
struct Groups {};
/// Of a transposed convolution: so much more at the end of each axis.
template <std::size_t H, std::size_t W = H>
struct OutputPadding {};
/// Of a pool: one more window where the last numbers would be left out.
struct CeilMode {};
/// Of an average: zeros of the padding are not counted.
struct ExcludePadding {};

namespace detail {

enum window_option : unsigned {
    stride_option = 1,
    padding_option = 2,
    same_option = 4,
    causal_option = 8,
    dilation_option = 16,
    groups_option = 32,
    output_padding_option = 64,
    bias_option = 128,
    ceil_option = 256,
    exclude_option = 512,
};

/// What the options of a layer with a window say.
struct window_options {
    window step{1}, spread{1}, padding{0}, more{0};
    std::size_t groups = 1;
    unsigned said = 0;  ///< which of them there are
    bool wrong = false; ///< one is given twice, is no option of a window, or has an impossible number

    [[nodiscard]] constexpr bool has(unsigned option) const { return (said & option) != 0; }

    constexpr void take(unsigned option, bool valid = true)
    {
        wrong = wrong || !valid || has(option);
        said |= option;
    }
    /// Whether there are no others than those `allowed`, and at most one way of padding.
    [[nodiscard]] constexpr bool are_among(unsigned allowed) const
    {
        const unsigned ways = said & (padding_option | same_option | causal_option);
        return !wrong && (said & ~allowed) == 0 && (ways & (ways - 1)) == 0 &&
               (!has(same_option) || step == window{1});
    }

    /// The window of this size over (T, C) or (H, W, C).
    [[nodiscard]] constexpr sliding over(const extents& x, window size) const
    {
        const std::size_t height = x.rank == 2 ? 0 : 1; // a signal has none
        sliding s{.plane = plane_of(x),
                  .size = on_axes(x, size, 1),
                  .step = on_axes(x, step, 1),
                  .spread = on_axes(x, spread, 1)};
        if (s.size.size() == 0) return s;
        s.before = s.after = {padding.h * height, padding.w};
        const window covered{s.covers().h - 1, s.covers().w - 1};
        if (has(same_option)) {
            s.before = {covered.h / 2, covered.w / 2};
            s.after = {covered.h - s.before.h, covered.w - s.before.w};
        }
        if (has(causal_option)) s.before = {0, covered.w};
        return s;
    }
};

template <class Other>
constexpr void say(window_options& o, std::type_identity<Other>)
{
    o.wrong = true;
}
template <std::size_t H, std::size_t W>
constexpr void say(window_options& o, std::type_identity<Stride<H, W>>)
{
    o.take(stride_option, H * W > 0);
    o.step = {H, W};
}
template <std::size_t H, std::size_t W>
constexpr void say(window_options& o, std::type_identity<Padding<H, W>>)
{
    o.take(padding_option);
    o.padding = {H, W};
}
template <std::size_t H, std::size_t W>
constexpr void say(window_options& o, std::type_identity<Dilation<H, W>>)
{
    o.take(dilation_option, H * W > 0);
    o.spread = {H, W};
}
template <std::size_t H, std::size_t W>
constexpr void say(window_options& o, std::type_identity<OutputPadding<H, W>>)
{
    o.take(output_padding_option);
    o.more = {H, W};
}
template <std::size_t N>
constexpr void say(window_options& o, std::type_identity<Groups<N>>)
{
    o.take(groups_option, N > 0);
    o.groups = N;
}
constexpr void say(window_options& o, std::type_identity<Same>) { o.take(same_option); }
constexpr void say(window_options& o, std::type_identity<Causal>) { o.take(causal_option); }
constexpr void say(window_options& o, std::type_identity<NoBias>) { o.take(bias_option); }
constexpr void say(window_options& o, std::type_identity<WithBias>)
{
    o.said &= ~static_cast<unsigned>(bias_option); // a bias that folding brings
}
constexpr void say(window_options& o, std::type_identity<CeilMode>) { o.take(ceil_option); }
constexpr void say(window_options& o, std::type_identity<ExcludePadding>) { o.take(exclude_option); }

template <class... Options>
inline constexpr window_options options_of = [] {
    window_options o;
    (say(o, std::type_identity<Options>{}), ...);
    return o;
}();

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
