// SPDX-License-Identifier: BSD-3-Clause
/// A network with memory. The primary template is what an unsound network gets, so that its one error stays
/// the only one.
#pragma once

#include <array>
#include <cstddef>

#include <ctnn/core/mode.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/model/network.hpp>
#include <ctnn/random/generator.hpp>

namespace ctnn::inline CTNN_ARCH {

/// A network, a mode and a scalar type: `Model<Net, Train<32>>` learns, `Model<Net, Eval>` answers.
/// `float` by default; `double` is what makes gradient checks sharp.
template <class Net, Mode M, Scalar T = float>
class Model {
public:
    using network = Net;
    using mode = M;
    using scalar = T;
    using tensor = xt::xtensor<T, 2>;
    static constexpr std::size_t batch = 1, layers = 1, inputs = 1, outputs = 1, sample_size = 1,
                                 output_size = 1;
    static constexpr bool takes_ids = true;

    explicit Model(const auto&...) { complain(); }
    tensor forward(const auto&...) const
    {
        complain();
        return {};
    }
    std::array<T, 1> forward_one(const auto&...) const { return {}; }
    void backward(const auto&...) const {}
    std::array<T, 1> step(const auto&...) const { return {}; }
    void reset() const {}
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
    const T* gradient_block() const { return nullptr; }
    static constexpr std::size_t block_size() { return 0; }

private:
    /// In a function: clang takes a class with an error in its bases for no class at all, and complains of
    /// every use.
    static void complain() { (void)sizeof(detail::report_in_mode<Net, M>); }
};

namespace detail {

template <class M>
inline constexpr bool is_model = false;
template <class Net, class M, class T>
inline constexpr bool is_model<Model<Net, M, T>> = true;

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
