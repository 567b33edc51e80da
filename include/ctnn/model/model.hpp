// SPDX-License-Identifier: BSD-3-Clause
/// A network with memory. The primary template is what an unsound network gets, so that its one error stays the only one.
#pragma once

#include <array>
#include <cstddef>

#include <ctnn/core/generator.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/model/network.hpp>

namespace ctnn::inline CTNN_ARCH {

/// A network, a mode and a scalar type: `Model<Net, Train<32>>` learns, `Model<Net, Eval>` answers.
/// `float` by default; `double` is what makes gradient checks sharp.
template <class Net, Mode M, Scalar T = float>
class Model : detail::report_in_mode<Net, M> {
public:
    using network = Net;
    using mode = M;
    using scalar = T;
    using tensor = xt::xtensor<T, 2>;
    static constexpr std::size_t batch = 1, layers = 1, sample_size = 1, output_size = 1;
    static constexpr bool takes_ids = true;

    explicit Model(const auto&...) {}
    tensor forward(const auto&...) const { return {}; }
    std::array<T, 1> forward_one(const auto&...) const { return {}; }
    void backward(const auto&...) const {}
    template <std::size_t>
    tensor output() const
    {
        return {};
    }
    template <std::size_t>
    tensor output_gradient() const
    {
        return {};
    }
    tensor input_gradient() const { return {}; }
    template <fixed_string>
    tensor parameter() const
    {
        return {};
    }
    template <fixed_string>
    tensor gradient() const
    {
        return {};
    }
    void for_each_parameter(const auto&) const {}
    void for_each_buffer(const auto&) const {}
    T* parameter_block() const { return nullptr; }
    T* buffer_block() const { return nullptr; }
    const T* gradient_block() const { return nullptr; }
    static constexpr std::size_t block_size() { return 0; }
};

namespace detail {

template <class M>
inline constexpr bool is_model = false;
template <class Net, class M, class T>
inline constexpr bool is_model<Model<Net, M, T>> = true;

/// rows x sample shape as extents of an xtensor.
template <class Shape>
constexpr auto batch_extents(std::size_t rows)
{
    std::array<std::size_t, Shape::rank + 1> e{rows};
    for (std::size_t i = 0; i < Shape::rank; ++i) e[i + 1] = Shape::value[i];
    return e;
}

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
