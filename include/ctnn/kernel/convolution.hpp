// SPDX-License-Identifier: BSD-3-Clause
/// Convolution of pictures whose channels stand together, and its gradients: sums over the taps of a window,
/// without a copy of what each window sees.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <ctnn/core/index.hpp>
#include <ctnn/core/window.hpp>
#include <ctnn/kernel/correlate.hpp>
#include <ctnn/kernel/sweep.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// What forward reads: the picture with its border.
constexpr frame frame_read(const ctnn::detail::sliding& s, std::size_t in)
{
    return {.plane = s.plane, .before = s.before, .after = s.after, .channels = in};
}
/// What the gradient of x is made from: that of y, with a border so wide that every number of x finds all
/// windows that may have seen it, and 0 where there are none.
constexpr frame frame_read_back(const ctnn::detail::sliding& s, std::size_t out)
{
    const window places = s.places(), end{(s.plane.h - 1 + s.before.h) / s.step.h + 1,
                                          (s.plane.w - 1 + s.before.w) / s.step.w + 1};
    return {.plane = places,
            .before = {(s.size.h - 1) * s.spread.h / s.step.h, (s.size.w - 1) * s.spread.w / s.step.w},
            .after = {end.h > places.h ? end.h - places.h : 0, end.w > places.w ? end.w - places.w : 0},
            .channels = out};
}
/// Whether each channel is by itself.
constexpr bool is_by_channel(std::size_t in, std::size_t out, std::size_t groups)
{
    return groups == in && in == out && groups > 1;
}
/// Whether it is a product for each pixel, and nothing else.
constexpr bool is_product_of_pixels(const ctnn::detail::sliding& s, std::size_t groups)
{
    return groups == 1 && s.size == window{1} && s.step == window{1} && !s.is_padded();
}
/// Numbers of scratch: forward the picture; in the backward passes the weight as the gradient of x reads it,
/// (tap, Out, In / Groups), and after it the picture.
struct convolution_room {
    std::size_t forward = 0, turned = 0, backward = 0;
};
constexpr convolution_room room_of_convolution(const ctnn::detail::sliding& s, std::size_t in,
                                               std::size_t out, std::size_t groups)
{
    if (!s.fits()) return {};
    convolution_room r;
    r.forward = frame_read(s, in).room();
    r.turned = is_by_channel(in, out, groups) ? 0 : s.size.size() * out * (in / groups);
    r.backward = std::max(r.forward, r.turned + frame_read_back(s, out).room());
    return r;
}

/// A convolution of pictures (H, W, In) to (OH, OW, Out), H, W, OH and OW being those of Slide.
///
///   w       : (In / Groups, KH, KW, Out); output o reads the inputs of group o / (Out / Groups)
///   rows    : how many pictures
///   room    : scratch, as `room_of_convolution` says
///   order   : the sum of a number goes over rows of the window, channels, and the taps of a row; or over as
///             many chains as `chains` says. Nothing beside a number changes its bits
///   finite  : weights. The zeros of a border are multiplied or left out, whatever is faster there; with a
///             weight of infinity the former is NaN
template <ctnn::detail::sliding Slide, std::size_t In, std::size_t Out, std::size_t Groups>
struct convolution {
    static constexpr window plane = Slide.plane, size = Slide.size, step = Slide.step, spread = Slide.spread,
                            places = Slide.places();
    static constexpr std::size_t taps = size.size(), own_in = In / Groups, own_out = Out / Groups;
    static constexpr bool by_channel = is_by_channel(In, Out, Groups);
    static constexpr bool is_product = is_product_of_pixels(Slide, Groups);

private:
    static constexpr frame read_frame = frame_read(Slide, In), back_frame = frame_read_back(Slide, Out);
    static constexpr window lead = back_frame.before;

    struct forward_sweep {
        static constexpr frame source = read_frame;
        static constexpr window first{0}, count = places, stride = step;
        static constexpr frame target{.plane = places, .channels = Out};
        static constexpr window target_first{0}, target_stride{1};
        static constexpr bool lanewise = by_channel;
        static constexpr std::size_t columns = by_channel ? Out : own_out, length = own_in,
                                     weight_stride = taps * Out;
        static constexpr auto tap = [] {
            std::array<tap_of_sweep, taps> all;
            for (std::size_t h = 0; h < size.h; ++h)
                for (std::size_t w = 0; w < size.w; ++w)
                    all[h * size.w + w] = {source.at(h * spread.h, w * spread.w), (h * size.w + w) * Out,
                                           h * spread.h};
            return all;
        }();
        static constexpr std::size_t across = size.w;
    };
    /// The numbers of x at the places (H, W) of each step: which taps saw them is the same for all.
    template <std::size_t H, std::size_t W>
    struct backward_sweep {
        static constexpr frame source = back_frame;
        static constexpr window first{steps_between(H, Slide.before.h, step.h),
                                      steps_between(W, Slide.before.w, step.w)};
        static constexpr window target_first{first.h * step.h + H - Slide.before.h,
                                             first.w* step.w + W - Slide.before.w};
        static constexpr window count{steps_between(target_first.h, plane.h, step.h),
                                      steps_between(target_first.w, plane.w, step.w)};
        static constexpr window stride{1}, target_stride = step;
        static constexpr frame target{.plane = plane, .channels = In};
        static constexpr bool lanewise = by_channel;
        static constexpr std::size_t columns = by_channel ? In : own_in, length = by_channel ? 1 : own_out,
                                     weight_stride = own_in;

        static constexpr bool sees(std::size_t h, std::size_t w)
        {
            return h * spread.h % step.h == H && w * spread.w % step.w == W;
        }
        static constexpr std::size_t seen = [] {
            std::size_t n = 0;
            for (std::size_t h = 0; h < size.h; ++h)
                for (std::size_t w = 0; w < size.w; ++w) n += sees(h, w) ? 1U : 0U;
            return n;
        }();
        static constexpr auto tap = [] {
            std::array<tap_of_sweep, seen> all;
            std::size_t n = 0;
            for (std::size_t h = 0; h < size.h; ++h)
                for (std::size_t w = 0; w < size.w; ++w)
                    if (sees(h, w)) {
                        const std::size_t row = lead.h - (h * spread.h - H) / step.h,
                                          column = lead.w - (w * spread.w - W) / step.w;
                        all[n++] = {source.at(row, column),
                                    (h * size.w + w) * (by_channel ? Out : Out * own_in), row};
                    }
            return all;
        }();
        static constexpr std::size_t across = [] {
            std::size_t n = 0;
            for (std::size_t w = 0; w < size.w; ++w) n += w * spread.w % step.w == W ? 1U : 0U;
            return std::max<std::size_t>(n, 1);
        }();
    };
    static constexpr std::size_t turned = room_of_convolution(Slide, In, Out, Groups).turned;

public:
    /// In how many chains a number's sum is made where single pixels must be fast.
    template <class T>
    static constexpr sweep_chains chains = chains_of_sweep<forward_sweep, T>();

    /// y = finish(x * w [+ b]).   y : =, or += with add_to_result
    template <sweep_chains Chains = sweep_chains{}, class T, class Finish = no_activation>
    static void forward(T* y, const T* x, const T* w, const T* b, T* room, std::size_t rows,
                        Finish finish = {})
    {
        each_picture<forward_sweep::source>(x, room, rows, [&](const T* picture, std::size_t r) {
            for (std::size_t g = 0; g < (by_channel ? 1 : Groups); ++g)
                sweep<forward_sweep, Chains>(y + r * places.size() * Out + g * own_out, picture + g * own_in,
                                             w + g * own_out, b != nullptr ? b + g * own_out : nullptr,
                                             finish);
        });
    }
    /// y(Out) = finish([b +] a single pixel whose taps are at x[0], x[1], ...).   y : =
    template <sweep_chains Chains, class T, class Finish>
    CTNN_INLINE static void one(T* y, const T* const* x, const T* w, const T* b, Finish finish)
    {
        for (std::size_t g = 0; g < (by_channel ? 1 : Groups); ++g)
            sweep_one<forward_sweep, Chains>(y + g * own_out, x, g * own_in, w + g * own_out,
                                             b != nullptr ? b + g * own_out : nullptr, finish);
    }
    /// dx = finish([b +] dy of all windows that saw it * w).   dx : =, or += with add_to_result
    template <class T, class Finish>
    static void backward_input(T* dx, const T* dy, const T* w, const T* b, T* room, std::size_t rows,
                               Finish finish)
    {
        T* const back = room + turned;
        const T* weight = w;
        if constexpr (!by_channel) {
            for (std::size_t i = 0; i < own_in; ++i)
                for (std::size_t t = 0; t < taps; ++t)
                    for (std::size_t o = 0; o < Out; ++o)
                        room[(t * Out + o) * own_in + i] = w[(i * taps + t) * Out + o];
            weight = room;
        }
        each_picture<back_frame>(dy, back, rows, [&](const T* picture, std::size_t r) {
            ctnn::detail::for_each_index<step.h>([&](auto h) {
                ctnn::detail::for_each_index<step.w>([&](auto v) {
                    for (std::size_t g = 0; g < (by_channel ? 1 : Groups); ++g)
                        sweep<backward_sweep<h(), v()>, sweep_chains{}>(
                            dx + r * plane.size() * In + g * own_in, picture + g * own_out,
                            weight + g * own_out * own_in, b != nullptr ? b + g * own_in : nullptr, finish);
                });
            });
        });
    }
    /// dw = the products of what each tap saw and the gradient of what came out.   dw : =, or +=
    template <write_mode How, class T>
    static void backward_weight(T* dw, const T* dy, const T* x, T* room, std::size_t rows)
    {
        each_picture<read_frame>(x, room, rows, [&](const T* picture, std::size_t r) {
            const T* const d = dy + r * places.size() * Out;
            if (How == write_mode::set && r == 0)
                correlate<forward_sweep, Groups, no_activation>(dw, picture, d);
            else correlate<forward_sweep, Groups, add_to_result>(dw, picture, d);
        });
    }

private:
    /// f(picture with its border, its number) for each.
    template <frame Frame, class T, class F>
    static void each_picture(const T* x, T* room, std::size_t rows, F f)
    {
        if constexpr (Frame.is_bare()) {
            for (std::size_t r = 0; r < rows; ++r) f(x + r * Frame.plane.size() * Frame.channels, r);
        } else {
            std::fill_n(room, Frame.room(), T{0});
            for (std::size_t r = 0; r < rows; ++r, x += Frame.plane.size() * Frame.channels) {
                for (std::size_t h = 0; h < Frame.plane.h; ++h)
                    std::copy_n(x + h * Frame.plane.w * Frame.channels, Frame.plane.w * Frame.channels,
                                room + Frame.at(h + Frame.before.h, Frame.before.w));
                f(static_cast<const T*>(room), r);
            }
        }
    }
};

} // namespace ctnn::inline CTNN_ARCH::kernel
