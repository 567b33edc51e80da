// SPDX-License-Identifier: BSD-3-Clause
/// Weights as whole numbers of one byte, with a scale for each row.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/core/facts.hpp>
#include <ctnn/core/parameter.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/model/eval.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// A layer whose first parameter can be exported as whole numbers.
template <class L>
concept has_int8_form = (facts<L>.parameters > 0) && requires { export_rule<L>::type(extents{}, true); };
template <class... L>
constexpr std::array<bool, sizeof...(L)> int8_forms(layer_list<L...>)
{
    return {has_int8_form<L>...};
}

/// A matrix as numbers in -127..127 times a scale for each row, as PyTorch counts rows: a unit of a Linear, a
/// vector of an Embedding.
struct int8_matrix {
    std::vector<std::int8_t> numbers;
    std::vector<float> scale;
    std::vector<std::size_t> row; ///< of each number
};

inline int8_matrix to_int8(const std::vector<double>& values, std::size_t last_extent, layout in_files)
{
    int8_matrix m;
    const bool by_column = in_files == layout::transposed;
    std::vector<double> largest(by_column ? last_extent : values.size() / last_extent);
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!std::isfinite(static_cast<float>(values[i])))
            throw Error("ctnn.option",
                        "a weight is NaN or infinite: numbers of one byte with a scale cannot hold that");
        m.row.push_back(by_column ? i % last_extent : i / last_extent);
        largest[m.row[i]] = std::max(largest[m.row[i]], std::fabs(values[i]));
    }
    for (const double x : largest) m.scale.push_back(static_cast<float>(x / 127));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto scale = static_cast<double>(m.scale[m.row[i]]);
        m.numbers.push_back(static_cast<std::int8_t>(
            scale > 0 ? std::clamp(std::round(values[i] / scale), -127.0, 127.0) : 0));
    }
    return m;
}

} // namespace detail

/// The model with the weights that `export_header` writes as int8, those of Linear, Embedding and TableSum:
/// what it answers is what the exported network will, but for the order of additions. Evaluate it to see what
/// the smaller weights cost.
///   errors : [ctnn.option] a weight is NaN or infinite
template <class Net, Mode M, class T>
[[nodiscard]] Model<Net, Eval, T> with_int8_weights(const Model<Net, M, T>& model)
{
    Model<Net, Eval, T> result{model};
    constexpr auto int8 = detail::int8_forms(detail::leaves_of<Net>{});
    std::size_t next = 0;
    const auto has_form = [&](std::size_t node) { return int8[detail::shapes_of<Net>.leaf[node]]; };
    for (const detail::slot& s : detail::slots<Net, T>::value.slot_at) {
        if (s.node < next || !has_form(s.node)) continue;
        next = s.node + 1; // the layer's other parameters stay
        T* data = result.parameter_block() + s.offset;
        const auto m = detail::to_int8({data, data + s.shape.size()}, s.shape.last(), s.in_files);
        for (std::size_t i = 0; i < s.shape.size(); ++i)
            data[i] = static_cast<T>(m.numbers[i]) * static_cast<T>(m.scale[m.row[i]]);
    }
    return result;
}

} // namespace ctnn::inline CTNN_ARCH
