// SPDX-License-Identifier: BSD-3-Clause
/// Sequences of unequal length in one tensor.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/core/tensor.hpp>

namespace ctnn::inline CTNN_ARCH {

/// n sequences, filled up at their ends, and where they are: `mask(i, t)` is true for t below the length of
/// sequence i. PyTorch's key_padding_mask is the opposite.
template <class T, std::size_t N>
struct PaddedSequences {
    xt::xtensor<T, N> values;  ///< (n, length, ...)
    xt::xtensor<bool, 2> mask; ///< (n, length)
};

namespace detail {

/// The length of all: as given, or of the longest.
template <class S>
std::size_t padded_length(const std::vector<S>& sequences, std::size_t length)
{
    const auto steps = [](const S& s) {
        if constexpr (requires { s.shape(); }) return static_cast<std::size_t>(s.shape()[0]);
        else return s.size();
    };
    std::size_t longest = 0;
    for (std::size_t i = 0; i < sequences.size(); ++i) {
        longest = std::max(longest, steps(sequences[i]));
        if (length > 0 && longest > length)
            throw Error("ctnn.data", "sequence " + std::to_string(i) + " has " + std::to_string(longest) +
                                         " steps, expected at most " + std::to_string(length));
    }
    if (longest == 0) throw Error("ctnn.data", "there are no sequences with a step to fill up");
    return length > 0 ? length : longest;
}

} // namespace detail

/// Sequences as one tensor, whose shape a network can take: each as long as `length`, or as the longest.
///
/// ```cpp
/// const auto [x, mask] = pad_sequences(words, 16);            // std::vectors of class ids: (n, 16)
/// const auto y = pad_sequences(next_letters, 16, -1).values; // for CrossEntropy{{.ignore = -1}}
/// ```
///
///   sequences : std::vectors of numbers, or xtensors of (steps, ...) whose other extents are equal
///   fill      : what stands after the end, as padding_value of torch.nn.utils.rnn.pad_sequence
///   errors    : [ctnn.data] no sequence, all of them empty, or one longer than `length`; [ctnn.shape] other
///               extents than those of the first
template <class T>
    requires std::is_arithmetic_v<T>
[[nodiscard]] PaddedSequences<T, 2> pad_sequences(const std::vector<std::vector<T>>& sequences,
                                                  std::size_t length = 0, std::type_identity_t<T> fill = {})
{
    const std::array shape{sequences.size(), detail::padded_length(sequences, length)};
    PaddedSequences<T, 2> all{xt::xtensor<T, 2>(shape, fill), xt::xtensor<bool, 2>(shape, false)};
    for (std::size_t i = 0; i < sequences.size(); ++i) {
        std::copy(sequences[i].begin(), sequences[i].end(), all.values.data() + i * shape[1]);
        std::fill_n(all.mask.data() + i * shape[1], sequences[i].size(), true);
    }
    return all;
}
/// Sequences of tensors, step by step.
template <class T, std::size_t N>
[[nodiscard]] PaddedSequences<T, N + 1> pad_sequences(const std::vector<xt::xtensor<T, N>>& sequences,
                                                      std::size_t length = 0,
                                                      std::type_identity_t<T> fill = {})
{
    const std::size_t steps = detail::padded_length(sequences, length);
    std::array<std::size_t, N + 1> shape{sequences.size(), steps};
    std::copy(sequences[0].shape().begin() + 1, sequences[0].shape().end(), shape.begin() + 2);
    PaddedSequences<T, N + 1> all{xt::xtensor<T, N + 1>(shape, fill),
                                  xt::xtensor<bool, 2>(std::array{shape[0], shape[1]}, false)};
    const std::size_t row = all.values.size() / sequences.size();
    for (std::size_t i = 0; i < sequences.size(); ++i) {
        const auto& s = sequences[i];
        if (!std::equal(shape.begin() + 2, shape.end(), s.shape().begin() + 1))
            throw Error("ctnn.shape", "sequence " + std::to_string(i) + " has shape " +
                                          shape_text(s.shape()) + ", the first has " +
                                          shape_text(sequences[0].shape()));
        std::copy(s.begin(), s.end(), all.values.data() + i * row);
        std::fill_n(all.mask.data() + i * steps, s.shape()[0], true);
    }
    return all;
}

} // namespace ctnn::inline CTNN_ARCH
