// SPDX-License-Identifier: BSD-3-Clause
/// Layers and containers as users write them, some with seeded bugs, and comparisons of gradients.
#pragma once

#include <ctnn/ctnn.hpp>
#include <ctnn/inspect/gradient_check.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace support {

using namespace ctnn;

template <std::size_t C>
using Mlp = Residual<LayerNorm<C>, Linear<C, 4 * C>, GELU, Linear<4 * C, C>>;

/// y = a - b, which says nothing of adding: the executor adds for it.
struct Subtract {
    static constexpr std::size_t inputs = 2;
    static constexpr extents output(const std::array<extents, 2>& x)
    {
        return x[0] == x[1] ? x[0] : extents::none();
    }
    static void forward(const auto& pass)
    {
        for (std::size_t i = 0; i < pass.y().size(); ++i) pass.y()[i] = pass.x()[i] - pass.template x<1>()[i];
    }
    static void backward(const auto& pass)
    {
        for (std::size_t i = 0; i < pass.dy().size(); ++i) {
            pass.dx()[i] = pass.dy()[i];
            pass.template dx<1>()[i] = -pass.dy()[i];
        }
    }
};
/// A user's container.
template <class A, class B>
struct Difference {
    using parts = layer_list<A, B, Subtract>;
    static constexpr std::size_t wire(auto& net, std::size_t x)
    {
        const std::size_t a = net.template add<A>(x), b = net.template add<B>(x);
        return net.template join<Subtract>(a, b);
    }
};

/// x^2, which is told whether to set or to add. `Adds` is whether it listens: a seeded bug.
template <bool Adds>
struct Square {
    using self = Square;
    static constexpr bool adds_input_gradients = true;
    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto& pass)
    {
        for (std::size_t i = 0; i < pass.x().size(); ++i) pass.y()[i] = pass.x()[i] * pass.x()[i];
    }
    template <class P>
    static void backward(const P& pass)
    {
        for (std::size_t i = 0; i < pass.x().size(); ++i) {
            const auto d = 2 * pass.x()[i] * pass.dy()[i];
            if (Adds && P::template input_gradient<> == write_mode::add) pass.dx()[i] += d;
            else pass.dx()[i] = d;
        }
    }
};
/// x times a learnt number, which is told the same of its parameter.
template <bool Adds>
struct Scale {
    using self = Scale;
    static constexpr bool adds_gradients = true;
    static constexpr std::array parameters{Parameter{"weight", {1}, 0.5}};
    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto& pass)
    {
        for (std::size_t i = 0; i < pass.x().size(); ++i) pass.y()[i] = pass.parameters()[0][0] * pass.x()[i];
    }
    template <class P>
    static void backward(const P& pass)
    {
        typename P::scalar sum = 0;
        for (std::size_t i = 0; i < pass.x().size(); ++i) {
            sum += pass.x()[i] * pass.dy()[i];
            pass.dx()[i] = pass.parameters()[0][0] * pass.dy()[i];
        }
        if (Adds && P::weight_gradient == write_mode::add) pass.gradients()[0][0] += sum;
        else pass.gradients()[0][0] = sum;
    }
};

template <class... L>
GradientReport check()
{
    Generator g{1};
    return check_gradients<Sequential<L...>>(g);
}

template <class M>
std::vector<float> gradients_of(const M& model)
{
    const auto all = model.workspace().gradients();
    return {all.begin(), all.end()};
}
/// The largest difference relative to the largest number of a; infinite for other sizes, NaN where one is
/// NaN.
template <class A, class B>
double distance(const A& a, const B& b)
{
    double worst = a.size() == b.size() ? 0 : std::numeric_limits<double>::infinity(), largest = 1e-30;
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
        const double apart = std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
        if (!(apart <= worst)) worst = std::isnan(worst) ? worst : apart;
        largest = std::max(largest, std::fabs(static_cast<double>(a[i])));
    }
    return worst / largest;
}

/// y = 1 / x, which does not forgive rows of zeros, and says nothing of itself.
struct Inverse {
    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto& pass)
    {
        for (std::size_t i = 0; i < pass.x().size(); ++i) pass.y()[i] = 1 / pass.x()[i];
    }
    static void backward(const auto& pass)
    {
        for (std::size_t i = 0; i < pass.x().size(); ++i)
            pass.dx()[i] = -pass.dy()[i] * pass.y()[i] * pass.y()[i];
    }
};
/// Three values added, whose gradient is handed on.
struct AddThree {
    using self = AddThree;
    static constexpr std::size_t inputs = 3;
    static constexpr bool passes_gradient = true, adds_input_gradients = true, in_place = true;
    static constexpr uses derivative_uses = uses::nothing;
    static constexpr extents output(const std::array<extents, 3>& x)
    {
        return x[0] == x[1] && x[0] == x[2] ? x[0] : extents::none();
    }
    static void forward(const auto& pass)
    {
        for (std::size_t i = 0; i < pass.y().size(); ++i)
            pass.y()[i] = pass.x()[i] + pass.template x<1>()[i] + pass.template x<2>()[i];
    }
    static void backward(const auto& pass)
    {
        detail::for_each_index<3>([&](auto k) {
            constexpr write_mode how = std::remove_cvref_t<decltype(pass)>::template input_gradient<k()>;
            for (std::size_t i = 0; i < pass.dy().size(); ++i) {
                auto& to = pass.template dx<k()>()[i];
                if constexpr (how == write_mode::set) to = pass.dy()[i];
                else if constexpr (how == write_mode::add) to += pass.dy()[i];
            }
        });
    }
};
template <class A, class B, class C>
struct SumThree {
    using parts = layer_list<A, B, C, AddThree>;
    static constexpr std::size_t wire(auto& net, std::size_t x)
    {
        const std::size_t a = net.template add<A>(x), b = net.template add<B>(x), c = net.template add<C>(x);
        return net.template join<AddThree>(a, b, c);
    }
};

/// One forward and backward of a model; its gradients, in double.
template <class Net, class M, class X, class Y>
std::vector<double> gradients_with(M& model, const X& x, const Y& dy)
{
    Generator drawing{77};
    (void)std::apply([&](const auto&... each) { return model.forward(each..., drawing); }, x);
    model.backward(dy);
    const auto all = model.workspace().gradients();
    return {all.begin(), all.end()};
}

/// What a plain model plans tightly is what one gives that retains all; a batch that is not full is what a
/// model of that size gives; added to itself a gradient is twice as large.
template <class Net>
void consistent()
{
    Generator g{31};
    Model<Net, Train<8, RetainGradients>, double> retained{g};
    Model<Net, Train<8>, double> plain{retained};
    const auto x = detail::random_inputs<Net, 8, decltype(plain)::inputs>(g);
    const auto dy = detail::random_gradients<Net, 8, decltype(plain)::outputs>(g);
    const auto once = gradients_with<Net>(plain, x, dy);
    CHECK(distance(gradients_with<Net>(retained, x, dy), once) <= 1e-12);
    plain.backward(dy, accumulate);
    std::vector<double> twice;
    for (const double gradient : once) twice.push_back(2 * gradient);
    CHECK(distance(twice, plain.workspace().gradients()) <= 1e-12);

    Model<Net, Train<5>, double> small{plain};
    const auto few = detail::random_inputs<Net, 5, decltype(plain)::inputs>(g);
    const auto few_dy = detail::random_gradients<Net, 5, decltype(plain)::outputs>(g);
    Model<Net, Train<8>, double> fresh{small}; // a copy of plain would have its workspace
    const auto expected = gradients_with<Net>(small, few, few_dy);
    CHECK(distance(expected, gradients_with<Net>(plain, few, few_dy)) <= 1e-12); // after a full batch
    CHECK(distance(expected, gradients_with<Net>(fresh, few, few_dy)) <= 1e-12); // as the first
    CHECK(distance(expected, gradients_with<Net>(retained, few, few_dy)) <= 1e-12);
}

} // namespace support
