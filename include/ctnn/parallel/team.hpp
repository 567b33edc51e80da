// SPDX-License-Identifier: BSD-3-Clause
/// What those who share work are, and how samples are shared out among them.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>

#include <ctnn/core/error.hpp>
#include <ctnn/core/tensor.hpp>

namespace ctnn::inline CTNN_ARCH {

/// Those who do a piece of work each, at the same time: the threads of `Workers`, or the processes of
/// `mpi::Ranks`.
///
///   size()     : how many, in all processes
///   is_default : whether that was left to the machine
///   id()       : a number that no other team of the program has
///   run(f)     : f(worker) for each worker of this process
///   meet()     : in a run, by every worker: all go on when the last has come
///   gather(numbers, n) : n numbers, of which each process has set its own and the others are 0; then all
///                processes have all of them. Between runs
template <class X>
concept Team = requires(X& team, double* numbers, std::size_t n) {
    {
        team.size()
    } -> std::convertible_to<std::size_t>;
    {
        team.is_default()
    } -> std::convertible_to<bool>;
    {
        team.id()
    } -> std::convertible_to<std::size_t>;
    team.run([](std::size_t) {});
    team.meet();
    team.gather(numbers, n);
};

namespace detail {

/// A number for each team of a program.
inline std::size_t next_team()
{
    static std::atomic<std::size_t> last{0};
    return ++last;
}

/// Tensors of samples, (n, ...) each, that are taken in pieces without a copy; one with gaps is copied once.
template <class X>
class sample_source {
    using element = std::remove_const_t<typename X::value_type>;
    static_assert(has_fixed_axes<X>, "[ctnn.shape] how many axes samples have must be known when compiling: "
                                     "they are xt::xtensors, and not xt::xarrays");
    static constexpr std::size_t axes = std::tuple_size_v<typename X::shape_type>;

public:
    /// errors : [ctnn.shape] no axes
    explicit sample_source(const X& x) : data_(dense<element>(x, copy_))
    {
        std::copy_n(x.shape().begin(), axes, shape_.begin());
        row_ = shape_[0] == 0 ? 0 : x.size() / shape_[0];
    }
    sample_source(const sample_source&) = delete;
    sample_source& operator=(const sample_source&) = delete;

    [[nodiscard]] std::size_t size() const { return shape_[0]; }
    /// A view of `count` samples from the `first` on.
    [[nodiscard]] auto rows(std::size_t first, std::size_t count) const
    {
        auto shape = shape_;
        shape[0] = count;
        return view_of(data_ + first * row_, shape);
    }

private:
    xt::uvector<element> copy_;
    const element* data_;
    std::array<std::size_t, axes> shape_{};
    std::size_t row_ = 0;
};

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
