// SPDX-License-Identifier: BSD-3-Clause
/// A network with memory. The primary template is what an unsound network gets, so that its one error stays the only one.
#pragma once

#include <concepts>
#include <cstddef>

#include <ctnn/core/generator.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/model/network.hpp>

namespace ctnn::inline CTNN_ARCH {

/// A network, a mode and a scalar type: `Model<Net, Train<32>>` learns, `Model<Net, Eval>` answers.
/// `float` by default; `double` is what makes gradient checks sharp.
template <class Net, Mode M, std::floating_point T = float>
class Model : detail::report_in_mode<Net, M> {
public:
    using network = Net;
    using mode = M;
    using scalar = T;
    using tensor = xt::xtensor<T, 2>;

    explicit Model(const auto&...) {}
    tensor forward(const auto&...) const { return {}; }
    tensor forward_one(const auto&...) const { return {}; }
    void backward(const auto&...) const {}
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

/// Throws at the first id outside 0..classes-1, naming its place and value. `ids` is in row-major order.
template <class Iterator, std::size_t N>
void require_classes(const char* what, Iterator ids, const std::array<std::size_t, N>& shape, std::size_t classes)
{
    std::size_t count = 1;
    for (const std::size_t e : shape) count *= e;
    for (std::size_t i = 0; i < count; ++i, ++ids) {
        const auto id = *ids;
        static_assert(std::integral<std::remove_cvref_t<decltype(id)>>, "[ctnn.class_id] class ids are integers");
        if (std::cmp_greater_equal(id, 0) && std::cmp_less(id, classes)) continue;
        std::array<std::size_t, N> place{};
        for (std::size_t rest = i, axis = N; axis-- > 0; rest /= shape[axis]) place[axis] = rest % shape[axis];
        throw Error("ctnn.class_id", "class id " + std::to_string(id) + " at " + shape_text(place) + " of " + what + " is outside 0.." +
                                         std::to_string(classes - 1));
    }
}

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
