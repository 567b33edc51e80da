// SPDX-License-Identifier: BSD-3-Clause
/// A layer alone: against PyTorch's numbers, and its gradients against central differences.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <ctnn/ctnn.hpp>
#include <ctnn/inspect/gradient_check.hpp>

#include "fixtures.hpp"
#include "random.hpp"

namespace support {

using namespace ctnn;

/// Parameters randn in order, then x, then dy, as the script draws them. `Net` is the layer after an Input,
/// or an Embedding.
template <class Net, std::size_t B>
void agrees_with_pytorch(const std::string& name)
{
    CAPTURE(name);
    const std::string at = "layer/" + name + "/";
    Generator g{42};
    Model<Net, Train<B, RetainGradients>> model;
    model.for_each_parameter([&](auto, auto value, auto) { init::normal(value, g); });
    constexpr auto extents_of_x = detail::batch_extents<input_shape<Net>>(B);
    constexpr bool ids = Model<Net, Train<B>>::takes_ids;
    auto x = xt::xtensor<std::conditional_t<ids, std::int64_t, float>, extents_of_x.size()>::from_shape(
        extents_of_x);
    if constexpr (ids) g.fill_randint(std::span<std::int64_t>(x.data(), x.size()), 0, 11);
    else init::normal(x, g);

    Generator drawing{99};
    const auto& y = model.forward(x, drawing);
    CHECK(relative_error(y, fixtures()[at + "y"]) <= 1e-5);
    auto dy = xt::xtensor<float, output_shape<Net>::rank + 1>::from_shape(
        detail::batch_extents<output_shape<Net>>(B));
    init::normal(dy, g);
    model.backward(dy);
    if constexpr (!ids) CHECK(relative_error(model.input_gradient(), fixtures()[at + "dx"]) <= 1e-5);
    const auto after_number = [](std::string_view parameter) {
        return std::string(parameter.substr(parameter.find('.') + 1));
    };
    model.for_each_parameter([&](std::string_view parameter, auto, auto gradient) {
        CAPTURE(parameter);
        CHECK(relative_error(gradient, fixtures()[at + "gradient/" + after_number(parameter)]) <= 1e-5);
    });
    bool has_buffers = false;
    model.for_each_buffer([&](std::string_view buffer, auto value) {
        CAPTURE(buffer);
        CHECK(relative_error(value, fixtures()[at + "buffer/" + after_number(buffer)]) <= 1e-5);
        has_buffers = true;
    });
    if constexpr (!ids)
        if (has_buffers) CHECK(relative_error(freeze(model).forward(x), fixtures()[at + "eval"]) <= 1e-5);
}

/// The gradients of a network are its central differences, for every seed.
template <class Net, std::size_t B = 5>
void has_true_gradients()
{
    support::for_each_seed([](Generator& g) {
        const GradientReport report = check_gradients<Net, B>(g);
        CAPTURE(report.where);
        CAPTURE(report.worst);
        CHECK(report.compared > 0);
        CHECK(report.passed());
    });
}

/// Eval of a sample does not depend on those beside it, nor on their number, bit for bit.
template <class Net>
void answers_each_alone()
{
    constexpr std::size_t n = 9;
    Generator g{7};
    Model<Net, Train<2>> drawn{g};
    drawn.for_each_parameter([&](auto, auto value, auto) { init::normal(value, g); });
    const Model<Net, Eval> model{drawn};
    auto x = xt::xtensor<float, input_shape<Net>::rank + 1>::from_shape(
        detail::batch_extents<input_shape<Net>>(n));
    init::normal(x, g);
    const auto all = model.forward(x);
    constexpr std::size_t in = input_shape<Net>::size, out = output_shape<Net>::size;
    for (std::size_t r = 0; r < n; ++r) {
        std::array<float, in> sample{};
        std::copy_n(x.data() + r * in, in, sample.begin());
        const auto alone = model.forward_one(sample);
        CHECK(std::memcmp(alone.data(), all.data() + r * out, sizeof alone) == 0);
    }
}

/// All of that, in batches of B samples, and few for the differences, which are slow.
template <class Net, std::size_t B>
void is_right_alone(const std::string& name)
{
    agrees_with_pytorch<Net, B>(name);
    has_true_gradients<Net, 3>();
    answers_each_alone<Net>();
}

} // namespace support
