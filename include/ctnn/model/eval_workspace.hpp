// SPDX-License-Identifier: BSD-3-Clause
/// How eval takes samples through the layers: how many at once, in what memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <type_traits>

#include <ctnn/core/index.hpp>
#include <ctnn/core/memory.hpp>
#include <ctnn/model/workspace.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// How many samples an eval pass takes at once, and the memory that needs.
template <class Net, class T, class M = Eval>
struct eval_size {
    using executor = detail::executor<Net, T, M, purpose{.element = sizeof(T)}>;
    using plan = typename executor::plan;
    /// values: of a row
    static constexpr std::size_t scratch = plan::value.scratch_bytes, values = plan::value.bytes - scratch;
    static constexpr std::size_t inputs = [] { // of a row, where they have to be copied
        std::size_t bytes = 0;
        for (std::size_t k = 0; k < plan::inputs; ++k)
            bytes += whole_lines<16>(plan::bytes_of(plan::schedule.inputs[k]));
        return bytes;
    }();
    static constexpr std::size_t bytes(std::size_t rows) { return rows * (values + inputs) + scratch; }

    /// As many rows as whole blocks of a product have, in every instruction set: else the last ones cost more
    /// than they are.
    static constexpr std::size_t whole_blocks(std::size_t rows) { return rows > 12 ? rows / 12 * 12 : rows; }

    /// of the 16 KiB that no frame exceeds; a product of small numbers converts 3 KiB of its input at once
    static constexpr std::size_t stack_bytes = (is_small<M> ? 9 : 12) * 1024;
    static constexpr bool fits_stack = bytes(1) <= stack_bytes;
    static constexpr std::size_t on_stack =
        fits_stack ? whole_blocks(std::clamp<std::size_t>((stack_bytes - scratch) / (values + inputs), 1, 64))
                   : 1;
    /// Where a workspace is worth an allocation: with so few rows at once the weights are read too often.
    static constexpr bool is_wide = on_stack < 8;
    static constexpr std::size_t in_workspace =
        std::clamp<std::size_t>(3 * 1024 * 1024 / (values + inputs), 24, 256);
    /// Pieces of a batch, as even as can be: a piece of few rows reads all weights for little.
    static constexpr std::size_t room(std::size_t n)
    {
        const std::size_t pieces = (n + in_workspace - 1) / in_workspace;
        return pieces <= 1 ? n : std::min(in_workspace, ((n + pieces - 1) / pieces + 11) / 12 * 12);
    }
};

/// The I-th of several, or the only one.
template <std::size_t I, class All>
auto& source_at(All& all)
{
    if constexpr (requires { std::tuple_size<All>::value; }) return std::get<I>(all);
    else return all;
}

/// An iterator whose numbers are copied, even if it is a pointer.
template <class Iterator>
struct copied {
    Iterator at;
    decltype(auto) operator*() const { return *at; }
    copied& operator++()
    {
        ++at;
        return *this;
    }
};
template <class Iterator>
copied(Iterator) -> copied<Iterator>;

/// Runs n samples through the layers, `room` at once, in `eval_size::bytes(room)` bytes of memory.
///
///   M    : `Eval`, or `Packed<N>` with the packed weights beside the plain ones
///   from : a pointer to the numbers of the input, or an iterator, whose numbers are copied; a tuple for
///          several inputs
template <class Net, class M, class T, class From>
void eval_samples(const T* weights, const std::byte* packed, From from, T* const* to, std::size_t n,
                  std::byte* memory, std::size_t room)
{
    using size = eval_size<Net, T, M>;
    using plan = typename size::plan;
    using base = typename plan::base;
    std::byte* pieces[base::count]{};
    pieces[base::workspace] = memory;
    for (std::size_t done = 0; done < n; done += room) {
        const std::size_t rows = std::min(room, n - done);
        std::byte* copy = memory + room * size::values + size::scratch;
        for_each_index<plan::inputs>([&](auto i) {
            using value = input_type<Net, T, i()>;
            constexpr std::size_t numbers = input_shape<Net, i()>::size;
            auto& source = source_at<i()>(from);
            if constexpr (std::is_same_v<std::remove_cvref_t<decltype(source)>, const value*>) {
                // only read
                pieces[base::input + i()] =
                    const_cast<std::byte*>(reinterpret_cast<const std::byte*>(source));
                source += rows * numbers;
            } else {
                copy_numbers(reinterpret_cast<value*>(copy), source, rows * numbers);
                pieces[base::input + i()] = copy;
            }
            copy += room * whole_lines<16>(numbers * sizeof(value));
        });
        for_each_index<plan::outputs>([&](auto k) {
            pieces[base::output + k()] =
                reinterpret_cast<std::byte*>(to[k()] + done * output_shape<Net, k()>::size);
        });
        size::executor::forward({.base = pieces,
                                 .weights = const_cast<T*>(weights),
                                 .rows = rows,
                                 .scale = room,
                                 .packed = packed});
    }
}

} // namespace detail

/// What eval works in when the caller brings it: `model.forward(x, y, workspace)` allocates nothing, however
/// wide the network. One for each thread.
template <class Net, Scalar T>
    requires(detail::is_sound<Net, Eval>)
class Workspace<Net, Eval, T> {
public:
    static constexpr std::size_t rows = detail::eval_size<Net, T>::in_workspace; ///< samples at once
    static constexpr std::size_t bytes = detail::eval_size<Net, T>::bytes(rows);

    Workspace() : memory_(bytes, detail::memory_block::not_zeroed{}) {}
    [[nodiscard]] std::byte* data() { return memory_.template at<std::byte>(0); }

private:
    detail::memory_block memory_;
};

} // namespace ctnn::inline CTNN_ARCH
