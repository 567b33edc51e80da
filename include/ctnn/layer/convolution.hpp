// SPDX-License-Identifier: BSD-3-Clause
/// Convolution of signals and pictures, and the transposed ones.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/core/type_name.hpp>
#include <ctnn/kernel/affine.hpp>
#include <ctnn/kernel/convolution.hpp>
#include <ctnn/kernel/elementwise.hpp>
#include <ctnn/layer/fold_rules.hpp>
#include <ctnn/layer/options.hpp>
#include <ctnn/random/generator.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

// Shown by a compile error; never true.
template <class L>
inline constexpr bool takes_these_options = false;
/// A class of its own, so that it complains once and not in every pass.
template <class L, bool Sound = L::is_sound>
struct check_window {};
template <class L>
struct check_window<L, false> {
    static_assert(
        takes_these_options<L>,
        "[ctnn.layer] a convolution takes, each once and above 0, Stride, Padding, Dilation, Groups "
        "(a divisor of both numbers of channels) and NoBias; Same, without a stride, or on a signal "
        "Causal in place of Padding; a transposed one also OutputPadding, below the stride");
};

/// What Conv1d, Conv2d and the transposed ones share, for `Out` channels that come out. `From` and `To` are
/// those of the convolution, or for a transposed one of that whose gradient it is.
template <std::size_t Rank, std::size_t Out, std::size_t From, std::size_t To, window Size, class... Options>
struct any_convolution {
    static constexpr window_options options = options_of<Options...>;
    static constexpr bool has_bias = !options.has(bias_option);
    static constexpr std::size_t groups = options.groups > 0 ? options.groups : 1, from_each = From / groups,
                                 fan_in = from_each * Size.size();

    static constexpr auto parameters = [] {
        const extents weight =
            Rank == 2 ? extents{from_each, Size.w, To} : extents{from_each, Size.h, Size.w, To};
        if constexpr (has_bias)
            return std::array{Parameter{"weight", weight, 0, layout::transposed}, Parameter{"bias", {Out}}};
        else return std::array{Parameter{"weight", weight, 0, layout::transposed}};
    }();

    template <class T, std::size_t N>
    static void reset(const std::array<std::span<T>, N>& p, Generator& generator)
    {
        const T bound = static_cast<T>(1 / std::sqrt(static_cast<double>(fan_in)));
        for (std::size_t o = 0; o < To; ++o)
            for (std::size_t i = 0; i < fan_in; ++i) p[0][i * To + o] = generator.uniform(-bound, bound);
        if constexpr (has_bias)
            for (T& b : p[1]) b = generator.uniform(-bound, bound);
    }

    static constexpr uses derivative_uses = uses::input;
    static constexpr bool overwrites_gradients = true, adds_gradients = true, adds_input_gradients = true;
    static constexpr applies_activation applies = applies_activation::forward;

protected:
    static constexpr bool divides =
        Size.size() > 0 && From > 0 && To > 0 && From % groups == 0 && To % groups == 0;
    template <class P>
    static auto bias_of(const P& pass)
    {
        const auto p = pass.parameters();
        return has_bias ? p[p.size() - 1].data() : nullptr;
    }
};

/// y = x * w + b.
template <class L, std::size_t Rank, std::size_t In, std::size_t Out, window Size, class... Options>
struct convolution : any_convolution<Rank, Out, In, Out, Size, Options...> {
    using base = any_convolution<Rank, Out, In, Out, Size, Options...>;
    using base::groups, base::has_bias, base::options;
    static constexpr bool is_sound =
        base::divides && options.are_among(stride_option | padding_option | same_option | dilation_option |
                                           groups_option | bias_option | (Rank == 2 ? causal_option : 0U));
    static constexpr std::size_t in_features = In;

    static constexpr extents output(const extents& x)
    {
        if (x.rank != Rank || x.last() != In || Size.size() == 0) return extents::none();
        const sliding s = slide(x);
        return s.fits() ? with_plane(x, s.places(), Out) : extents::none();
    }

    template <class P>
    static void forward(const P& pass)
    {
        check();
        if constexpr (is_sound) {
            using S = typename P::scalar;
            using of = kernel_of<P>;
            const S *const w = pass.parameters()[0].data(), *const b = base::bias_of(pass);
            const typename P::activation finish{};
            if constexpr (of::is_product) {
                constexpr std::size_t parts = P::training ? 1 : kernel::parts_of_sum<In, Out, S>();
                kernel::affine<In, Out, parts>(pass.y().data(), pass.x().data(), w, b,
                                               pass.template rows_of<In>(), finish);
            } else {
                // where a stream's single pixels are sums in many chains, so are these
                constexpr bool streams = !P::training && options.has(causal_option);
                constexpr auto chains = streams ? of::template chains<S> : kernel::sweep_chains{};
                of::template forward<chains>(pass.y().data(), pass.x().data(), w, b, pass.scratch(),
                                             pass.rows, finish);
            }
        }
    }
    template <class P>
    static void backward(const P& pass)
    {
        if constexpr (is_sound) {
            using S = typename P::scalar;
            using of = kernel_of<P>;
            constexpr write_mode how = P::weight_gradient, how_dx = P::template input_gradient<>;
            const S *const x = pass.x().data(), *const dy = pass.dy().data(),
                           *const w = pass.parameters()[0].data();
            const auto dp = pass.gradients();
            const auto rows = pass.template rows_of<In>();
            if constexpr (how != write_mode::skip) {
                if constexpr (of::is_product)
                    kernel::affine_backward_weight<In, Out, how>(dp[0].data(), dy, x, rows);
                else of::template backward_weight<how>(dp[0].data(), dy, x, pass.scratch(), pass.rows);
                if constexpr (has_bias)
                    kernel::sum_rows<Out, how>(dp[1].data(), dy, pass.rows * of::places.size());
            }
            if constexpr (how_dx != write_mode::skip) {
                if constexpr (of::is_product)
                    kernel::affine_backward_input<In, Out, how_dx>(pass.dx().data(), pass.scratch(), dy, w,
                                                                   rows);
                else
                    of::backward_input(pass.dx().data(), dy, w, static_cast<const S*>(nullptr),
                                       pass.scratch(), pass.rows, kernel::finish_of<how_dx>{});
            }
        }
    }

    static constexpr std::size_t scratch(const extents& x, std::size_t batch)
    {
        const sliding s = slide(x);
        const bool is_product = kernel::is_product_of_pixels(s, groups);
        return is_product ? kernel::affine_scratch<In, Out>(batch * x.size() / In) : room(x).backward;
    }
    static constexpr std::size_t eval_scratch(const extents& x) { return room(x).forward; }
    static constexpr std::size_t multiply_adds(const extents& x) { return output(x).size() * base::fan_in; }
    /// Complains of wrong options.
    static constexpr void check() { (void)sizeof(check_window<L>); }
    /// The window over samples of shape x.
    static constexpr sliding slide(const extents& x) { return options.over(x, Size); }

private:
    template <class P>
    using kernel_of = kernel::convolution<slide(P::input::value), In, Out, groups>;
    static constexpr kernel::convolution_room room(const extents& x)
    {
        return kernel::room_of_convolution(slide(x), In, Out, groups);
    }
};

/// The gradient of a convolution from Out to In with regard to its input, as a layer.
template <class L, std::size_t Rank, std::size_t In, std::size_t Out, window Size, class... Options>
struct transposed_convolution : any_convolution<Rank, Out, Out, In, Size, Options...> {
    using base = any_convolution<Rank, Out, Out, In, Size, Options...>;
    using base::groups, base::has_bias, base::options;
    static constexpr bool is_sound = base::divides &&
                                     options.are_among(stride_option | padding_option | dilation_option |
                                                       groups_option | bias_option | output_padding_option) &&
                                     options.more.h < std::max(options.step.h, options.spread.h) &&
                                     options.more.w < std::max(options.step.w, options.spread.w);
    static constexpr std::size_t in_features = In;

    static constexpr extents output(const extents& x)
    {
        if (x.rank != Rank || x.last() != In || Size.size() == 0 || x.size() == 0) return extents::none();
        const sliding s = slide(x);
        return s.fits() ? with_plane(x, s.plane, Out) : extents::none();
    }

    template <class P>
    static void forward(const P& pass)
    {
        check();
        if constexpr (is_sound)
            kernel_of<P>::backward_input(pass.y().data(), pass.x().data(), pass.parameters()[0].data(),
                                         base::bias_of(pass), pass.scratch(), pass.rows,
                                         typename P::activation{});
    }
    template <class P>
    static void backward(const P& pass)
    {
        if constexpr (is_sound) {
            using S = typename P::scalar;
            using of = kernel_of<P>;
            constexpr write_mode how = P::weight_gradient, how_dx = P::template input_gradient<>;
            const S *const x = pass.x().data(), *const dy = pass.dy().data();
            const auto dp = pass.gradients();
            if constexpr (how != write_mode::skip) {
                of::template backward_weight<how>(dp[0].data(), x, dy, pass.scratch(), pass.rows);
                if constexpr (has_bias)
                    kernel::sum_rows<Out, how>(dp[1].data(), dy, pass.rows * of::plane.size());
            }
            if constexpr (how_dx != write_mode::skip)
                of::forward(pass.dx().data(), dy, pass.parameters()[0].data(), static_cast<const S*>(nullptr),
                            pass.scratch(), pass.rows, kernel::finish_of<how_dx>{});
        }
    }

    static constexpr std::size_t scratch(const extents& x, std::size_t) { return eval_scratch(x); }
    static constexpr std::size_t eval_scratch(const extents& x)
    {
        return output(x).is_none() ? 0 : kernel::room_of_convolution(slide(x), Out, In, groups).backward;
    }
    static constexpr std::size_t multiply_adds(const extents& x) { return x.size() * base::fan_in; }
    static constexpr void check() { (void)sizeof(check_window<L>); }
    /// The window of the convolution from y to x.
    static constexpr sliding slide(const extents& x)
    {
        sliding s = options.over(x, Size);
        const window more = on_axes(x, options.more, 0), from = s.plane;
        s.plane = {(from.h - 1) * s.step.h + s.covers().h + more.h,
                   (from.w - 1) * s.step.w + s.covers().w + more.w};
        const auto less = [](std::size_t n, std::size_t by) { return n > by ? n - by : 0; };
        s.plane = {less(s.plane.h, 2 * s.before.h), less(s.plane.w, 2 * s.before.w)};
        return s;
    }

private:
    template <class P>
    using kernel_of = kernel::convolution<slide(P::input::value), Out, In, groups>;
};

/// Conv2d<3, 16, 5, Stride<2>>, as a user writes it.
template <class... Options>
std::string name_of_convolution(std::string name, std::size_t in, std::size_t out, window size)
{
    name += "<" + std::to_string(in) + ", " + std::to_string(out) + ", ";
    name += size.h == size.w || name.find("1d") != std::string::npos
                ? std::to_string(size.w)
                : "window{" + std::to_string(size.h) + ", " + std::to_string(size.w) + "}";
    ((name += ", " + type_name<Options>()), ...);
    return name + ">";
}

} // namespace detail

/// Convolution of a signal, PyTorch's Conv1d: y[t] = b + the sum over j of x[t S - P + j D] w[j].
/// `Conv1d<1, 16, 3>`, `Conv1d<16, 16, 3, Causal, Dilation<4>>`.
///
///   x        : (T, In)        y : (T', Out), T' = (T + 2 P - D (K - 1) - 1) / S + 1, rounded down
///   weight   : (In / Groups, K, Out), in files as PyTorch's (Out, In / Groups, K)        bias : (Out)
///   options  : Stride<S>, Dilation<D>, Groups<G>, NoBias, and one of Padding<P>, Same and Causal, which is D
///              (K - 1) zeros before the first step and none after the last
///   backward : dx, dweight and dbias are set or added to
///   reset    : uniform in +-1/sqrt(In / Groups * K), in the order of torch.nn.Conv1d
///   errors   : [ctnn.shape] x is not (T, In), or shorter than the window; [ctnn.layer] other options
///   cost     : T' K In / Groups Out multiply-adds; no allocation. With padding each sample is copied once
///   source   : torch.nn.Conv1d, whose x is (In, T)
template <std::size_t In, std::size_t Out, std::size_t K, class... Options>
struct Conv1d : detail::convolution<Conv1d<In, Out, K, Options...>, 2, In, Out, window{1, K}, Options...> {
    using self = Conv1d;
    static std::string name() { return detail::name_of_convolution<Options...>("Conv1d", In, Out, {1, K}); }
};

/// Convolution of a picture, PyTorch's Conv2d. `Conv2d<3, 16, 5>`, `Conv2d<16, 16, window{3, 1}, Same>`,
/// `Conv2d<16, 16, 3, Padding<1>, Groups<16>>`.
///
///   x        : (H, W, In)        y : (H', W', Out), each axis as Conv1d's. PyTorch's pictures are (In, H,
///              W): ChannelsLast and ChannelsFirst turn them
///   weight   : (In / Groups, KH, KW, Out), in files as PyTorch's (Out, In / Groups, KH, KW)     bias : (Out)
///   options  : Stride<S>, Dilation<D>, Groups<G>, NoBias, and Padding<P> or Same
///   backward : dx, dweight and dbias are set or added to
///   reset    : uniform in +-1/sqrt(In / Groups * KH * KW), in the order of torch.nn.Conv2d
///   errors   : [ctnn.shape] x is not (H, W, In), or smaller than the window; [ctnn.layer] other options
///   cost     : H' W' KH KW In / Groups Out multiply-adds; no allocation. With padding each sample is copied
///              once
///   source   : torch.nn.Conv2d
template <std::size_t In, std::size_t Out, window Size, class... Options>
struct Conv2d : detail::convolution<Conv2d<In, Out, Size, Options...>, 3, In, Out, Size, Options...> {
    using self = Conv2d;
    static std::string name() { return detail::name_of_convolution<Options...>("Conv2d", In, Out, Size); }
};

/// Transposed convolution of a signal, PyTorch's ConvTranspose1d: the gradient of a Conv1d from Out to In, as
/// a layer that makes signals longer. `ConvTranspose1d<16, 8, 4, Stride<2>, Padding<1>>`.
///
///   x        : (T, In)        y : ((T - 1) S - 2 P + D (K - 1) + 1 + OutputPadding, Out)
///   weight   : (Out / Groups, K, In), in files as PyTorch's (In, Out / Groups, K)        bias : (Out)
///   options  : Stride<S>, Padding<P>, OutputPadding<N>, Dilation<D>, Groups<G>, NoBias
///   backward : dx, dweight and dbias are set or added to
///   reset    : uniform in +-1/sqrt(Out / Groups * K), in the order of torch.nn.ConvTranspose1d
///   errors   : [ctnn.shape] x is not (T, In), or nothing is left of y; [ctnn.layer] other options
template <std::size_t In, std::size_t Out, std::size_t K, class... Options>
struct ConvTranspose1d : detail::transposed_convolution<ConvTranspose1d<In, Out, K, Options...>, 2, In, Out,
                                                        window{1, K}, Options...> {
    using self = ConvTranspose1d;
    static std::string name()
    {
        return detail::name_of_convolution<Options...>("ConvTranspose1d", In, Out, {1, K});
    }
};

/// Transposed convolution of a picture, PyTorch's ConvTranspose2d: as ConvTranspose1d, on both axes.
///
///   x        : (H, W, In)        y : (H', W', Out)
///   weight   : (Out / Groups, KH, KW, In), in files as PyTorch's (In, Out / Groups, KH, KW)     bias : (Out)
template <std::size_t In, std::size_t Out, window Size, class... Options>
struct ConvTranspose2d : detail::transposed_convolution<ConvTranspose2d<In, Out, Size, Options...>, 3, In,
                                                        Out, Size, Options...> {
    using self = ConvTranspose2d;
    static std::string name()
    {
        return detail::name_of_convolution<Options...>("ConvTranspose2d", In, Out, Size);
    }
};

} // namespace ctnn::inline CTNN_ARCH
