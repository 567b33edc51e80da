// SPDX-License-Identifier: BSD-3-Clause
/// One number for each window of a signal or picture, and the other way round.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <type_traits>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/core/type_name.hpp>
#include <ctnn/kernel/pool.hpp>
#include <ctnn/layer/options.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

// Shown by a compile error; never true.
template <class L>
inline constexpr bool pools_with_these_options = false;
template <class L, bool Sound = L::is_sound>
struct check_pool {};
template <class L>
struct check_pool<L, false> {
    static_assert(pools_with_these_options<L>,
                  "[ctnn.layer] a pool takes, each once, Stride, Padding (at most half of the window) and "
                  "CeilMode, a MaxPool also Dilation, an AveragePool also ExcludePadding");
};

/// How a pool's windows lie along one axis.
struct pool_axis {
    std::size_t plane, size, step, spread, before;

    /// How many windows there are. The last may reach past the end, but not start there.
    [[nodiscard]] constexpr std::size_t places(bool ceil) const
    {
        const std::size_t covers = spread * (size - 1) + 1, padded = plane + 2 * before;
        if (covers > padded) return 0;
        const std::size_t rest = padded - covers, n = rest / step + 1;
        const bool more = ceil && rest % step != 0 && n * step < plane + before;
        return more ? n + 1 : n;
    }
    /// Whether every number is in exactly one window.
    [[nodiscard]] constexpr bool is_partition() const
    {
        return step == size && spread == 1 && before == 0 && plane % size == 0;
    }
    /// What the i-th covers. A mean counts the padding, but nothing past it.
    [[nodiscard]] constexpr kernel::reach at(std::size_t i, bool counts_padding) const
    {
        const std::size_t first = i * step, end = first + spread * (size - 1) + 1, last = plane + 2 * before;
        std::size_t begin = first;
        while (begin < before) begin += spread;
        kernel::reach r{begin - before, end > before ? std::min(end - before, plane) : 0, spread, 1};
        r.divisor = counts_padding ? std::min(end, last) - first : r.end - r.begin;
        return r;
    }
};
struct pool_axes {
    pool_axis h, w;
    bool ceil = false, counts_padding = true;

    [[nodiscard]] constexpr window plane() const { return {h.plane, w.plane}; }
    [[nodiscard]] constexpr window places() const { return {h.places(ceil), w.places(ceil)}; }
};
/// As it slides over samples of shape x.
constexpr pool_axes axes_of_pool(const window_options& o, const extents& x, window size)
{
    window_options with = o;
    if (!o.has(stride_option)) with.step = size;
    const sliding s = with.over(x, size);
    return {.h = {s.plane.h, s.size.h, s.step.h, s.spread.h, s.before.h},
            .w = {s.plane.w, s.size.w, s.step.w, s.spread.w, s.before.w},
            .ceil = o.has(ceil_option),
            .counts_padding = !o.has(exclude_option)};
}
template <pool_axes Axes>
struct windows_of_pool {
    static constexpr window plane = Axes.plane(), places = Axes.places();
    static constexpr bool is_partition = Axes.h.is_partition() && Axes.w.is_partition();
    static constexpr kernel::reach h(std::size_t i) { return Axes.h.at(i, Axes.counts_padding); }
    static constexpr kernel::reach w(std::size_t i) { return Axes.w.at(i, Axes.counts_padding); }
};

/// What MaxPool and AveragePool share.
template <class L, window Size, unsigned Allowed, class... Options>
struct pool {
    static constexpr window_options options = options_of<Options...>;
    static constexpr bool is_sound = Size.size() > 0 && options.are_among(Allowed) &&
                                     2 * options.padding.h <= Size.h && 2 * options.padding.w <= Size.w;

    static constexpr extents output(const extents& x)
    {
        if (plane_of(x).size() == 0 || !is_sound) return is_sound ? extents::none() : x;
        const window places = axes(x).places();
        return places.size() > 0 ? with_plane(x, places, x.last()) : extents::none();
    }

    static constexpr pool_axes axes(const extents& x) { return axes_of_pool(options, x, Size); }

protected:
    template <class P>
    using windows = windows_of_pool<axes(P::input::value)>;
    template <class P>
    static constexpr std::size_t channels = P::input::value.last();
    static std::string name_as(std::string name)
    {
        name += Size.h == Size.w ? "<" + std::to_string(Size.w)
                                 : "<window{" + std::to_string(Size.h) + ", " + std::to_string(Size.w) + "}";
        ((name += ", " + type_name<Options>()), ...);
        return name + ">";
    }
    static constexpr void check() { (void)sizeof(check_pool<L>); }
};

} // namespace detail

/// The largest number of each window, in each channel: `MaxPool<2>`, `MaxPool<3, Stride<2>, Padding<1>>`,
/// `MaxPool<window{3, 2}>`.
///
///   x        : (T, C) or (H, W, C)
///   y        : (T', C) or (H', W', C), T' = (T + 2 P - D (K - 1) - 1) / S + 1, rounded down, or up with
///              CeilMode where the last window starts before the end
///   options  : Stride<S>, else as large as the window; Padding<P>, Dilation<D>, CeilMode
///   backward : dx = dy where a number is the first of the largest; is overwritten
///   errors   : [ctnn.shape] x has no such axes, or is smaller than the window; [ctnn.layer] other options
///   source   : torch.nn.MaxPool1d and MaxPool2d, whose channels are axis 1. A NaN in a window is the largest
template <window Size, class... Options>
struct MaxPool : detail::pool<MaxPool<Size, Options...>, Size,
                              detail::stride_option | detail::padding_option | detail::dilation_option |
                                  detail::ceil_option,
                              Options...> {
    using base = detail::pool<MaxPool, Size,
                              detail::stride_option | detail::padding_option | detail::dilation_option |
                                  detail::ceil_option,
                              Options...>;

    template <class P>
    static void forward(const P& pass)
    {
        base::check();
        if constexpr (base::is_sound)
            kernel::max_pool<base::template channels<P>, typename base::template windows<P>>(
                pass.y().data(), pass.x().data(), pass.rows);
    }
    template <class P>
    static void backward(const P& pass)
    {
        if constexpr (base::is_sound)
            kernel::max_pool_backward<base::template channels<P>, typename base::template windows<P>>(
                pass.dx().data(), pass.dy().data(), pass.x().data(), pass.rows);
    }

    using self = MaxPool;
    static constexpr uses derivative_uses = uses::input;
    static std::string name() { return base::name_as("MaxPool"); }
};

/// The mean of each window, in each channel: `AveragePool<2>`, `AveragePool<window{2, 3}, Stride<1>>`.
///
///   x, y     : as MaxPool's
///   options  : Stride<S>, else as large as the window; Padding<P>, whose zeros count, but not what CeilMode
///              adds past them; ExcludePadding: they do not
///   backward : dx is overwritten
///   errors   : as MaxPool's
///   source   : torch.nn.AvgPool1d and AvgPool2d, whose channels are axis 1
template <window Size, class... Options>
struct AveragePool : detail::pool<AveragePool<Size, Options...>, Size,
                                  detail::stride_option | detail::padding_option | detail::ceil_option |
                                      detail::exclude_option,
                                  Options...> {
    using base = detail::pool<AveragePool, Size,
                              detail::stride_option | detail::padding_option | detail::ceil_option |
                                  detail::exclude_option,
                              Options...>;

    template <class P>
    static void forward(const P& pass)
    {
        base::check();
        if constexpr (base::is_sound)
            kernel::average_pool<base::template channels<P>, typename base::template windows<P>>(
                pass.y().data(), pass.x().data(), pass.rows);
    }
    template <class P>
    static void backward(const P& pass)
    {
        if constexpr (base::is_sound)
            kernel::average_pool_backward<base::template channels<P>, typename base::template windows<P>>(
                pass.dx().data(), pass.dy().data(), pass.rows);
    }

    using self = AveragePool;
    static constexpr uses derivative_uses = uses::nothing;
    static std::string name() { return base::name_as("AveragePool"); }
};

namespace detail {

/// N windows of as equal a size as can be, that overlap where N does not divide the plane.
template <window Plane, window N>
struct adaptive_windows {
    static constexpr window plane = Plane, places = N;
    static constexpr bool is_partition = Plane.h % N.h == 0 && Plane.w % N.w == 0;
    static constexpr kernel::reach h(std::size_t i) { return part(i, Plane.h, N.h); }
    static constexpr kernel::reach w(std::size_t i) { return part(i, Plane.w, N.w); }

private:
    static constexpr kernel::reach part(std::size_t i, std::size_t extent, std::size_t n)
    {
        const std::size_t begin = i * extent / n, end = ((i + 1) * extent + n - 1) / n;
        return {begin, end, 1, end - begin};
    }
};
/// Factor numbers for each.
template <window Plane, window Factor>
struct repeated_windows {
    static constexpr window plane{Plane.h * Factor.h, Plane.w* Factor.w}, places = Plane;
    static constexpr bool is_partition = true;
    static constexpr kernel::reach h(std::size_t i) { return {i * Factor.h, (i + 1) * Factor.h, 1, 1}; }
    static constexpr kernel::reach w(std::size_t i) { return {i * Factor.w, (i + 1) * Factor.w, 1, 1}; }
};

} // namespace detail

/// The means of N windows of as equal a size as can be, whatever the size of x: `AdaptiveAveragePool<3>`,
/// `AdaptiveAveragePool<window{2, 3}>`. Window i is from i T / N, rounded down, to (i + 1) T / N, rounded up.
///
///   x        : (T, C) or (H, W, C)        y : (N, C) or (N, N, C)
///   backward : dx is overwritten
///   errors   : [ctnn.shape] x has no such axes
///   source   : torch.nn.AdaptiveAvgPool1d and AdaptiveAvgPool2d, whose channels are axis 1
template <window N>
struct AdaptiveAveragePool {
    static constexpr extents output(const extents& x)
    {
        if (detail::plane_of(x).size() == 0 || N.size() == 0) return extents::none();
        return detail::with_plane(x, N, x.last());
    }
    template <class P>
    static void forward(const P& pass)
    {
        kernel::average_pool<P::input::value.last(), windows<P>>(pass.y().data(), pass.x().data(), pass.rows);
    }
    template <class P>
    static void backward(const P& pass)
    {
        kernel::average_pool_backward<P::input::value.last(), windows<P>>(pass.dx().data(), pass.dy().data(),
                                                                          pass.rows);
    }

    static constexpr uses derivative_uses = uses::nothing;

private:
    template <class P>
    using windows =
        detail::adaptive_windows<detail::plane_of(P::input::value), detail::on_axes(P::input::value, N, 1)>;
};

/// Every number Factor times along both axes, or the one of a signal: `Upsample<2>`.
///
///   x        : (T, C) or (H, W, C)        y : (Factor T, C) or (Factor H, Factor W, C)
///   backward : dx, the sums, is overwritten
///   errors   : [ctnn.shape] x has no such axes
///   source   : torch.nn.Upsample(scale_factor=Factor), mode "nearest", whose channels are axis 1
template <window Factor>
struct Upsample {
    static constexpr extents output(const extents& x)
    {
        const window plane = detail::plane_of(x);
        if (plane.size() == 0 || Factor.size() == 0) return extents::none();
        return detail::with_plane(x, {plane.h * Factor.h, plane.w * Factor.w}, x.last());
    }
    template <class P>
    static void forward(const P& pass)
    {
        kernel::average_pool_backward<P::input::value.last(), windows<P>>(pass.y().data(), pass.x().data(),
                                                                          pass.rows);
    }
    template <class P>
    static void backward(const P& pass)
    {
        kernel::average_pool<P::input::value.last(), windows<P>>(pass.dx().data(), pass.dy().data(),
                                                                 pass.rows);
    }

    static constexpr uses derivative_uses = uses::nothing;

private:
    template <class P>
    using windows = detail::repeated_windows<detail::plane_of(P::input::value),
                                             detail::on_axes(P::input::value, Factor, 1)>;
};

template <window Size, class... Options>
struct export_rule<MaxPool<Size, Options...>> {
    static std::string type(const extents& x)
    {
        const auto axes = MaxPool<Size, Options...>::axes(x);
        return detail::embedded_type("max_pool",
                                     {axes.h.plane, axes.w.plane, x.last(), axes.h.size, axes.w.size,
                                      axes.h.step, axes.w.step, axes.h.spread, axes.w.spread, axes.h.before,
                                      axes.w.before, axes.places().h, axes.places().w});
    }
};
template <window Size, class... Options>
struct export_rule<AveragePool<Size, Options...>> {
    static std::string type(const extents& x)
    {
        const auto axes = AveragePool<Size, Options...>::axes(x);
        return detail::embedded_type("average_pool",
                                     {axes.h.plane, axes.w.plane, x.last(), axes.h.size, axes.w.size,
                                      axes.h.step, axes.w.step, axes.h.before, axes.w.before, axes.places().h,
                                      axes.places().w, axes.counts_padding ? 1U : 0U});
    }
};
template <window N>
struct export_rule<AdaptiveAveragePool<N>> {
    static std::string type(const extents& x)
    {
        const window plane = detail::plane_of(x), n = detail::on_axes(x, N, 1);
        return detail::embedded_type("adaptive_average_pool", {plane.h, plane.w, x.last(), n.h, n.w});
    }
};
template <window Factor>
struct export_rule<Upsample<Factor>> {
    static std::string type(const extents& x)
    {
        const window plane = detail::plane_of(x), factor = detail::on_axes(x, Factor, 1);
        return detail::embedded_type("upsample", {plane.h, plane.w, x.last(), factor.h, factor.w});
    }
};
template <window Factor>
struct expected_spread<Upsample<Factor>> {
    static Spread of(const Spread& x, const auto&) { return x; }
};

} // namespace ctnn::inline CTNN_ARCH
