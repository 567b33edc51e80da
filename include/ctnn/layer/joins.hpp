// SPDX-License-Identifier: BSD-3-Clause
/// Layers of several inputs: where branches come together. Containers such as Residual and Concat place them.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string>

#include <ctnn/core/index.hpp>
#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/elementwise.hpp>

namespace ctnn::inline CTNN_ARCH {

/// y = a + b.
///
///   a, b, y  : any shape, the same
///   backward : da = dy, db = dy; set or added to
struct Add {
    static constexpr std::size_t inputs = 2;

    static void forward(const auto& pass)
    {
        kernel::add(pass.y().data(), pass.x().data(), pass.template x<1>().data(), pass.y().size());
    }
    template <class P>
    static void backward(const P& pass)
    {
        backward_to<0>(pass);
        backward_to<1>(pass);
    }

    using self = Add;
    static constexpr uses derivative_uses = uses::nothing;
    static constexpr bool in_place = true;
    static constexpr bool passes_gradient = true;
    static constexpr bool adds_input_gradients = true;

    static constexpr extents output(const std::array<extents, 2>& x)
    {
        return x[0] == x[1] ? x[0] : extents::none();
    }

private:
    template <std::size_t I, class P>
    static void backward_to(const P& pass)
    {
        if constexpr (P::template input_gradient<I> == write_mode::set)
            kernel::copy(pass.template dx<I>().data(), pass.dy().data(), pass.dy().size());
        else if constexpr (P::template input_gradient<I> == write_mode::add)
            kernel::add(pass.template dx<I>().data(), pass.template dx<I>().data(), pass.dy().data(),
                        pass.dy().size());
    }
};

template <>
struct stream_rule<Add> : steps_as<Add> {};
template <>
struct export_rule<Add> {
    static std::string type(const extents& x) { return detail::embedded_type("add", {x.size()}); }
};
/// Of independent numbers.
template <>
struct expected_spread<Add> {
    static Spread of(const std::array<Spread, 2>& x, const auto&)
    {
        return {x[0].mean + x[1].mean, std::hypot(x[0].std, x[1].std)};
    }
};

/// y = a * b, number by number: one is a gate for the other.
///
///   a, b, y  : any shape, the same
///   backward : da = dy * b, db = dy * a; set or added to
struct Product {
    static constexpr std::size_t inputs = 2;

    static void forward(const auto& pass)
    {
        kernel::multiply(pass.y().data(), pass.x().data(), pass.template x<1>().data(), pass.y().size());
    }
    template <class P>
    static void backward(const P& pass)
    {
        backward_to<0>(pass);
        backward_to<1>(pass);
    }

    using self = Product;
    static constexpr uses derivative_uses = uses::input;
    static constexpr bool in_place = true;
    static constexpr bool adds_input_gradients = true;

    static constexpr extents output(const std::array<extents, 2>& x)
    {
        return x[0] == x[1] ? x[0] : extents::none();
    }

private:
    template <std::size_t I, class P>
    static void backward_to(const P& pass)
    {
        const auto other = pass.template x<1 - I>().data();
        if constexpr (P::template input_gradient<I> == write_mode::set)
            kernel::multiply(pass.template dx<I>().data(), pass.dy().data(), other, pass.dy().size());
        else if constexpr (P::template input_gradient<I> == write_mode::add)
            kernel::multiply_add(pass.template dx<I>().data(), pass.dy().data(), other, pass.dy().size());
    }
};

template <>
struct stream_rule<Product> : steps_as<Product> {};
template <>
struct export_rule<Product> {
    static std::string type(const extents& x) { return detail::embedded_type("product", {x.size()}); }
};
/// Of independent numbers.
template <>
struct expected_spread<Product> {
    static Spread of(const std::array<Spread, 2>& x, const auto&)
    {
        const double mean = x[0].mean * x[1].mean;
        return {mean, std::sqrt(x[0].square() * x[1].square() - mean * mean)};
    }
};

/// N values side by side along the last axis.
///
///   x        : N values of shapes that are equal but for the last extent, at most 32 of them
///   y        : the same, the last extent their sum
///   backward : each dx is its part of dy; set or added to
template <std::size_t N>
struct ConcatLast {
    static constexpr std::size_t inputs = N;

    template <class P>
    static void forward(const P& pass)
    {
        each_part<P>([&](auto part, std::size_t from, std::size_t width) {
            for (std::size_t r = 0; r < pass.rows * positions<P>; ++r)
                kernel::copy(pass.y().data() + r * last<P> + from,
                             pass.template x<part()>().data() + r * width, width);
        });
    }
    template <class P>
    static void backward(const P& pass)
    {
        each_part<P>([&](auto part, std::size_t from, std::size_t width) {
            constexpr write_mode how = P::template input_gradient<part()>;
            for (std::size_t r = 0; how != write_mode::skip && r < pass.rows * positions<P>; ++r) {
                auto* const dx = pass.template dx<part()>().data() + r * width;
                const auto* const dy = pass.dy().data() + r * last<P> + from;
                if constexpr (how == write_mode::set) kernel::copy(dx, dy, width);
                else kernel::add(dx, dx, dy, width);
            }
        });
    }

    using self = ConcatLast;
    static constexpr uses derivative_uses = uses::nothing;
    static constexpr bool adds_input_gradients = true;

    static constexpr extents output(const std::array<extents, N>& x)
    {
        extents y = x[0];
        for (std::size_t i = 1; i < N; ++i) {
            if (x[i].rank == 0 || x[i].with_last(x[0].last()) != x[0]) return extents::none();
            y = y.with_last(y.last() + x[i].last());
        }
        return y;
    }

private:
    template <class P>
    static constexpr std::size_t last = output(P::input::value).last();
    template <class P>
    static constexpr std::size_t positions = P::y_extent / last<P>;

    template <class P, class F>
    static void each_part(F f)
    {
        std::size_t from = 0;
        detail::for_each_index<N>([&](auto i) {
            f(i, from, P::input::value[i()].last());
            from += P::input::value[i()].last();
        });
    }
};

template <std::size_t N>
struct stream_rule<ConcatLast<N>> : steps_as<ConcatLast<N>> {};
template <std::size_t N>
struct expected_spread<ConcatLast<N>> {
    static Spread of(const std::array<Spread, N>& x, const auto&)
    {
        Spread all;
        double square = 0;
        for (const Spread& s : x) {
            all.mean += s.mean / static_cast<double>(N);
            square += s.square() / static_cast<double>(N);
        }
        all.std = std::sqrt(square - all.mean * all.mean);
        return all;
    }
};

} // namespace ctnn::inline CTNN_ARCH
