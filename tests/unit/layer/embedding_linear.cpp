// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/layer/embedding_linear.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <vector>

#include <ctnn/inspect/non_finite.hpp>

#include "support/layer_check.hpp"

using namespace support;

namespace {

template <class Net, std::size_t B>
constexpr bool has_tables =
    detail::plan<Net, float, detail::purpose{B, sizeof(float), true, false, true}>::joints.is_first[0];

using Places = Sequential<Embedding<5, 16, 12>, FlattenConsecutive<3>, Linear<48, 7>, Tanh, Linear<7, 3>>;
using Flat = Sequential<Embedding<5, 16, 2>, Flatten, Linear<32, 7, NoBias>>;
using Single = Sequential<Embedding<5, 16, 4>, Linear<16, 17>, Linear<17, 2>>;
static_assert(has_tables<Places, 16> && has_tables<Flat, 40> && has_tables<Single, 16>);
// Not where there are few rows, where another reads the vectors, or where one of the two does not learn.
static_assert(!has_tables<Places, 2>);
static_assert(!has_tables<Sequential<Embedding<27, 10>, Linear<30, 200>, Tanh, Linear<200, 27>>, 32>);
static_assert(!has_tables<Sequential<Embedding<5, 16, 4>, Residual<Linear<16, 16>>>, 40>);
static_assert(!has_tables<Sequential<Fixed<Embedding<5, 16, 4>>, Linear<16, 17>>, 40>);
static_assert(!has_tables<Sequential<Embedding<5, 16, 4>, Linear<16, 16>, Tied<"0", Linear<16, 5>>>, 40>);

/// The largest difference, relative to the largest number.
template <class X, class Y>
double difference(const X& x, const Y& y)
{
    double scale = 1e-30, worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        scale = std::max(scale, std::fabs(static_cast<double>(y.data()[i])));
        worst =
            std::max(worst, std::fabs(static_cast<double>(x.data()[i]) - static_cast<double>(y.data()[i])));
    }
    return x.size() == y.size() ? worst / scale : 1;
}

template <class Net, std::size_t B>
void trains_through_tables()
{
    for_each_seed([](Generator& g) {
        Model<Net, Train<B>> model{g};
        Model<Net, Train<B, RetainGradients>> watched;
        const std::size_t bytes = model.block_size() * sizeof(float);
        std::memcpy(watched.parameter_block(), model.parameter_block(), bytes);
        const auto x = g.randint(0, 5, B, input_shape<Net>::size);
        auto dy = xt::xtensor<float, output_shape<Net>::rank + 1>::from_shape(
            detail::batch_extents<output_shape<Net>>(B));
        init::normal(dy, g);

        const auto& y = model.forward(x);
        const auto products = Model<Net, Eval>{model}.forward(x);
        CHECK(difference(y, products) <= 1e-6);
        model.backward(dy);

        // Whoever looks at all outputs has the vectors and their gradients, and changes nothing.
        const auto& seen = watched.forward(x);
        CHECK(std::memcmp(y.data(), seen.data(), y.size() * sizeof(float)) == 0);
        watched.backward(dy);
        CHECK(std::memcmp(model.gradient_block(), watched.gradient_block(), bytes) == 0);
        const auto table = model.template parameter<"0.weight">();
        const auto vectors = watched.template output<0>();
        const auto slopes = watched.template output_gradient<0>();
        std::vector<double> sums(table.size());
        for (std::size_t i = 0; i < x.size(); ++i)
            for (std::size_t c = 0; c < 16; ++c) {
                const auto id = static_cast<std::size_t>(x.data()[i]);
                CHECK(vectors.data()[i * 16 + c] == table(id, c));
                sums[id * 16 + c] += static_cast<double>(slopes.data()[i * 16 + c]);
            }
        const auto dtable = model.template gradient<"0.weight">();
        CHECK(difference(dtable, sums) <= 1e-5);

        const std::vector<float> once(model.gradient_block(), model.gradient_block() + model.block_size());
        (void)model.forward(x);
        model.backward(dy, accumulate);
        for (std::size_t i = 0; i < once.size(); ++i)
            CHECK(std::fabs(model.gradient_block()[i] - 2 * once[i]) <= 1e-5F * (1 + std::fabs(once[i])));
    });
    has_true_gradients<Net, B>();
}

} // namespace

TEST_CASE("an Embedding and the Linear after it train through tables where that is less work")
{
    trains_through_tables<Places, 16>();
    trains_through_tables<Flat, 40>();
    trains_through_tables<Single, 16>();
}

TEST_CASE("a table that is not finite is found where it is")
{
    Model<Places, Train<16>> model;
    CHECK(first_non_finite_layer(model).empty());
    model.parameter<"0.weight">()(2, 3) = std::numeric_limits<float>::infinity();
    (void)model.forward(xt::xtensor<class_id, 2>({16, 12}, 2));
    CHECK(first_non_finite_layer(model) == "0 (Embedding<5, 16, 12>)");
}
