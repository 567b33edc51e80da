// SPDX-License-Identifier: BSD-3-Clause
/// A nonlinearity that is chosen when running, so that the page needs one network for all of them.
#pragma once

#include <limits>
#include <string>

#include <ctnn/core/roles.hpp>
#include <ctnn/core/type_name.hpp>
#include <ctnn/layer/gelu.hpp>
#include <ctnn/layer/relu.hpp>
#include <ctnn/layer/sigmoid.hpp>
#include <ctnn/layer/tanh.hpp>

#include "machine.hpp"

namespace live {

/// What `Chosen` is at the moment; the page trains one network at a time.
inline Nonlinearity chosen = Nonlinearity::tanh;

/// f(layer) for the layer that is chosen.
template <class F>
auto with_chosen(F f)
{
    switch (chosen) {
    case Nonlinearity::relu:
        return f(ctnn::ReLU{});
    case Nonlinearity::sigmoid:
        return f(ctnn::Sigmoid{});
    case Nonlinearity::gelu:
        return f(ctnn::GELU{});
    default:
        return f(ctnn::Tanh{});
    }
}

struct Chosen {
    using self = Chosen;
    static constexpr ctnn::extents output(const ctnn::extents& x) { return x; }
    static void forward(const auto& pass)
    {
        with_chosen([&]<class L>(L) { L::forward(pass); });
    }
    static void backward(const auto& pass)
    {
        with_chosen([&]<class L>(L) { L::backward(pass); });
    }
    static std::string name()
    {
        return with_chosen([]<class L>(L) { return ctnn::detail::layer_name<L>(); });
    }
    static constexpr bool elementwise = true;
};

} // namespace live

template <>
struct ctnn::output_limits<live::Chosen> {
    static inline ctnn::Limits value{-1, 1};
    static void set()
    {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        value = live::with_chosen([]<class L>(L) {
            if constexpr (requires { ctnn::output_limits<L>::value; }) return ctnn::output_limits<L>::value;
            else return ctnn::Limits{-infinity, infinity};
        });
    }
};
