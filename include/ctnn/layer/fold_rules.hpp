// SPDX-License-Identifier: BSD-3-Clause
/// What folds into what when a network is frozen. Every layer named here includes this header, so that a rule
/// is known wherever its layers are.
#pragma once

#include <cmath>
#include <cstddef>

#include <ctnn/core/roles.hpp>
#include <ctnn/core/window.hpp>

namespace ctnn::inline CTNN_ARCH {

struct WithBias;
template <std::size_t In, std::size_t Out, class Bias>
struct Linear;
template <std::size_t C, class Convention>
struct BatchNorm;
template <std::size_t V, std::size_t C, std::size_t... T>
    requires(sizeof...(T) <= 1)
struct Embedding;
template <std::size_t V, std::size_t Out, std::size_t T, std::size_t N>
struct TableSum;
template <std::size_t In, std::size_t Out, std::size_t K, class... Options>
struct Conv1d;
template <std::size_t In, std::size_t Out, window Size, class... Options>
struct Conv2d;
template <std::size_t In, std::size_t Out, std::size_t K, class... Options>
struct ConvTranspose1d;
template <std::size_t In, std::size_t Out, window Size, class... Options>
struct ConvTranspose2d;

namespace detail {

/// Columns of `weight` and `bias` scaled and shifted as BatchNorm does to what they give: `norm` is gain,
/// shift, mean and spread.
///
/// The variance is that of T, as when the layer runs: where it is 0 there the feature is constant, and comes
/// out as its shift.
template <class Norm, class T>
layer_values normalised(layer_values affine, const layer_values& norm, std::size_t columns)
{
    Norm::check();
    constexpr auto& k = Norm::constants;
    if (affine.size() == 1) affine.emplace_back(columns, 0.0);
    std::vector<double>&weight = affine[0], &bias = affine[1];
    for (std::size_t c = 0; c < columns; ++c) {
        const T spread = static_cast<T>(norm[3][c]);
        const T variance = (k.running_is_std ? spread * spread : spread) + static_cast<T>(k.epsilon);
        const double factor = variance == 0 ? 0 : norm[0][c] / std::sqrt(static_cast<double>(variance));
        for (std::size_t i = c; i < weight.size(); i += columns) weight[i] *= factor;
        bias[c] = (bias[c] - norm[2][c]) * factor + norm[1][c];
    }
    return affine;
}

/// The same of a transposed convolution L, whose weight is (Out / Groups, taps, In).
template <class Norm, class T, class L, std::size_t In, std::size_t Out>
layer_values normalised_transposed(layer_values convolution, const layer_values& norm)
{
    const layer_values affine = normalised<Norm, T>({std::vector<double>(Out, 1.0)}, norm, Out);
    if (convolution.size() == 1) convolution.emplace_back(Out, 0.0);
    std::vector<double>&weight = convolution[0], &bias = convolution[1];
    constexpr std::size_t own_in = In / L::groups, own_out = Out / L::groups;
    const std::size_t own_weights = weight.size() / own_out;
    for (std::size_t i = 0; i < weight.size(); ++i)
        weight[i] *= affine[0][i % In / own_in * own_out + i / own_weights];
    for (std::size_t o = 0; o < Out; ++o) bias[o] = bias[o] * affine[0][o] + affine[1][o];
    return convolution;
}

/// y(rows, Out) += x(rows, Mid) * w(Mid, Out)
template <std::size_t Mid, std::size_t Out>
void add_product(std::vector<double>& y, const std::vector<double>& x, const std::vector<double>& w)
{
    for (std::size_t i = 0; i < x.size(); ++i)
        for (std::size_t o = 0; o < Out; ++o) y[i / Mid * Out + o] += x[i] * w[i % Mid * Out + o];
}

} // namespace detail

/// x w + b, normalised: another w and b.
template <std::size_t In, std::size_t Out, class Bias, class Convention, class Input>
struct fold_rule<Linear<In, Out, Bias>, BatchNorm<Out, Convention>, Input> {
    using type = Linear<In, Out, WithBias>;
    template <class S>
    static layer_values values(const layer_values& linear, const layer_values& norm)
    {
        Linear<In, Out, Bias>::check();
        return detail::normalised<BatchNorm<Out, Convention>, S>(linear, norm, Out);
    }
};

/// The same of each channel that comes out.
template <std::size_t In, std::size_t Out, std::size_t K, class... Options, class Convention, class Input>
struct fold_rule<Conv1d<In, Out, K, Options...>, BatchNorm<Out, Convention>, Input> {
    using type = Conv1d<In, Out, K, Options..., WithBias>;
    template <class S>
    static layer_values values(const layer_values& convolution, const layer_values& norm)
    {
        return detail::normalised<BatchNorm<Out, Convention>, S>(convolution, norm, Out);
    }
};
template <std::size_t In, std::size_t Out, window Size, class... Options, class Convention, class Input>
struct fold_rule<Conv2d<In, Out, Size, Options...>, BatchNorm<Out, Convention>, Input> {
    using type = Conv2d<In, Out, Size, Options..., WithBias>;
    template <class S>
    static layer_values values(const layer_values& convolution, const layer_values& norm)
    {
        return detail::normalised<BatchNorm<Out, Convention>, S>(convolution, norm, Out);
    }
};

template <std::size_t In, std::size_t Out, std::size_t K, class... Options, class Convention, class Input>
struct fold_rule<ConvTranspose1d<In, Out, K, Options...>, BatchNorm<Out, Convention>, Input> {
    using type = ConvTranspose1d<In, Out, K, Options..., WithBias>;
    template <class S>
    static layer_values values(const layer_values& convolution, const layer_values& norm)
    {
        return detail::normalised_transposed<BatchNorm<Out, Convention>, S, type, In, Out>(convolution, norm);
    }
};
template <std::size_t In, std::size_t Out, window Size, class... Options, class Convention, class Input>
struct fold_rule<ConvTranspose2d<In, Out, Size, Options...>, BatchNorm<Out, Convention>, Input> {
    using type = ConvTranspose2d<In, Out, Size, Options..., WithBias>;
    template <class S>
    static layer_values values(const layer_values& convolution, const layer_values& norm)
    {
        return detail::normalised_transposed<BatchNorm<Out, Convention>, S, type, In, Out>(convolution, norm);
    }
};

/// (x w + b) w2 + b2 with nothing between: one product, where it is not more work than the two.
template <std::size_t In, std::size_t Mid, std::size_t Out, class Bias, class Bias2, class Input>
    requires(In* Out <= In * Mid + Mid * Out)
struct fold_rule<Linear<In, Mid, Bias>, Linear<Mid, Out, Bias2>, Input> {
    using type = Linear<In, Out, WithBias>;
    template <class S>
    static layer_values values(const layer_values& first, const layer_values& second)
    {
        Linear<In, Mid, Bias>::check();
        Linear<Mid, Out, Bias2>::check();
        layer_values product{std::vector<double>(In * Out),
                             second.size() > 1 ? second[1] : std::vector<double>(Out)};
        detail::add_product<Mid, Out>(product[0], first[0], second[0]);
        if (first.size() > 1) detail::add_product<Mid, Out>(product[1], first[1], second[0]);
        return product;
    }
};

/// A vector for each id, normalised: another table of vectors. Every number of it is normalised in double, so
/// the running statistics may be what they will. (BatchNorm before a Linear does not fold: where the mean is
/// large and the spread small, x - mean is exact, and the difference of two products would not be.)
template <std::size_t V, std::size_t C, std::size_t... Context, class Convention, class Input>
struct fold_rule<Embedding<V, C, Context...>, BatchNorm<C, Convention>, Input> {
    using type = Embedding<V, C, Context...>;
    template <class S>
    static layer_values values(const layer_values& embedding, const layer_values& norm)
    {
        layer_values table = detail::normalised<BatchNorm<C, Convention>, S>({embedding[0]}, norm, C);
        for (std::size_t i = 0; i < table[0].size(); ++i) table[0][i] += table[1][i % C];
        table.resize(1);
        return table;
    }
};

/// A vector for each of T ids side by side, times w: T rows of a table, added. It pays while the table stays
/// in a near cache.
template <std::size_t V, std::size_t C, std::size_t... Context, std::size_t In, std::size_t Out, class Bias,
          std::size_t Ids>
    requires(In % C == 0 && Ids % (In / C) == 0 && In / C <= 64 && (In / C) * V * Out <= 64 * 1024)
struct fold_rule<Embedding<V, C, Context...>, Linear<In, Out, Bias>, shape<Ids>> {
    static constexpr std::size_t T = In / C;
    using type = TableSum<V, Out, T, Ids / T>;
    template <class S>
    static layer_values values(const layer_values& embedding, const layer_values& linear)
    {
        Linear<In, Out, Bias>::check();
        layer_values table(2);
        table[0].resize(T * V * Out);
        for (std::size_t t = 0; t < T; ++t)
            for (std::size_t v = 0; v < V; ++v)
                for (std::size_t c = 0; c < C; ++c)
                    for (std::size_t o = 0; o < Out; ++o)
                        table[0][(t * V + v) * Out + o] +=
                            embedding[0][v * C + c] * linear[0][(t * C + c) * Out + o];
        if (linear.size() > 1) table[1] = linear[1];
        else table[1].resize(Out);
        return table;
    }
};

/// Sums of rows, times w: a table of the rows times w, where it stays in a near cache and adds no more than
/// the product saves.
template <std::size_t V, std::size_t Mid, std::size_t T, std::size_t N, std::size_t Out, class Bias,
          class Input>
    requires(T* V* Out <= 64 * 1024 && T * Out <= T * Mid + Mid * Out)
struct fold_rule<TableSum<V, Mid, T, N>, Linear<Mid, Out, Bias>, Input> {
    using type = TableSum<V, Out, T, N>;
    template <class S>
    static layer_values values(const layer_values& table, const layer_values& linear)
    {
        Linear<Mid, Out, Bias>::check();
        layer_values product{std::vector<double>(T * V * Out),
                             linear.size() > 1 ? linear[1] : std::vector<double>(Out)};
        detail::add_product<Mid, Out>(product[0], table[0], linear[0]);
        detail::add_product<Mid, Out>(product[1], table[1], linear[0]);
        return product;
    }
};

/// Sums of rows, normalised: another table.
template <std::size_t V, std::size_t Out, std::size_t T, std::size_t N, class Convention, class Input>
struct fold_rule<TableSum<V, Out, T, N>, BatchNorm<Out, Convention>, Input> {
    using type = TableSum<V, Out, T, N>;
    template <class S>
    static layer_values values(const layer_values& table, const layer_values& norm)
    {
        return detail::normalised<BatchNorm<Out, Convention>, S>(table, norm, Out);
    }
};

} // namespace ctnn::inline CTNN_ARCH
