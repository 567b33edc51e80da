// SPDX-License-Identifier: BSD-3-Clause
/// Products that leave the second cache, beside OpenBLAS, LIBXSMM and oneDNN, each checked against ours
/// first; and a step of a network of such.
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <ctnn/ctnn.hpp>

#include "larger.hpp"
#include "rate.hpp"

using namespace ctnn;
using namespace benchmarks;

namespace {

/// The three products of a Linear: y = x w, dx = dy w^T, dw = x^T dy.
template <std::size_t Rows, std::size_t In, std::size_t Out>
struct products {
    std::vector<float> x, w, y, dw, dx, scratch, theirs;

    explicit products(Generator& g)
        : x(Rows * In), w(In * Out), y(Rows * Out), dw(In * Out), dx(Rows * In),
          scratch(kernel::affine_scratch<In, Out>(Rows))
    {
        g.fill_randn(std::span(x));
        g.fill_randn(std::span(w));
        for (float& v : w) v /= static_cast<float>(In);
    }
    void forward()
    {
        kernel::affine<In, Out>(y.data(), x.data(), w.data(), static_cast<const float*>(nullptr),
                                simd::constant<Rows>{});
    }
    void backward_input()
    {
        kernel::affine_backward_input<In, Out>(dx.data(), scratch.data(), y.data(), w.data(),
                                               simd::constant<Rows>{});
    }
    void backward_weight()
    {
        kernel::affine_backward_weight<In, Out>(dw.data(), y.data(), x.data(), simd::constant<Rows>{});
    }
};

template <std::size_t Rows, std::size_t In, std::size_t Out>
void add_products(Generator& generator)
{
    const auto p = std::make_shared<products<Rows, In, Out>>(generator);
    const std::string size =
        ", " + std::to_string(Rows) + " x " + std::to_string(In) + " x " + std::to_string(Out);
    const double work = static_cast<double>(Rows) * In * Out;
    const auto add_all = [&](const std::string& name, const std::function<void()>& ours, const float* left,
                             const float* right, const std::vector<float>& result,
                             const product_shape& shape) {
        ours();
        add(name + size + " ctnn", work, ours);
        for (const larger_peer& peer : larger_peers()) {
            const auto theirs = std::make_shared<std::vector<float>>(result.size());
            peer.multiply(theirs->data(), left, right, shape);
            double worst = 0, largest = 0;
            for (std::size_t i = 0; i < result.size(); ++i) {
                worst = std::max(worst, static_cast<double>(std::fabs((*theirs)[i] - result[i])));
                largest = std::max(largest, static_cast<double>(std::fabs(result[i])));
            }
            if (!(worst <= 1e-4 * largest)) {
                std::printf("%s of %s differs by %g of %g\n", name.c_str(), peer.name, worst, largest);
                continue;
            }
            add(name + size + " " + peer.name, work,
                [=, multiply = peer.multiply] { multiply(theirs->data(), left, right, shape); });
        }
    };
    add_all("forward", [p] { p->forward(); }, p->x.data(), p->w.data(), p->y, {Rows, Out, In, false, false});
    add_all("input gradient", [p] { p->backward_input(); }, p->y.data(), p->w.data(), p->dx,
            {Rows, In, Out, false, true});
    add_all("weight gradient", [p] { p->backward_weight(); }, p->x.data(), p->y.data(), p->dw,
            {In, Out, Rows, true, false});
}

/// A step of SGD: 5,000 words of 128 numbers, of which a batch sees at most 768.
void add_step(Generator& generator)
{
    constexpr std::size_t batch = 256;
    using Net = Sequential<Embedding<5000, 128, 3>, Linear<384, 1024>, Tanh, Linear<1024, 1024>, Tanh,
                           Linear<1024, 5000>>;
    const auto model = std::make_shared<Model<Net, Train<batch>>>(generator);
    const auto x = std::make_shared<xt::xtensor<std::int64_t, 2>>(generator.randint(0, 5000, batch, 3));
    const auto y = std::make_shared<xt::xtensor<std::int64_t, 1>>(generator.randint(0, 5000, batch));
    const auto criterion = std::make_shared<CrossEntropy<>>();
    const auto sgd = std::make_shared<Sgd<Net>>(*model, SgdOptions{.learning_rate = 1e-6F});
    constexpr double work = 3.0 * batch * (384.0 * 1024 + 1024.0 * 1024 + 1024.0 * 5000);
    add("a step of 5,000 words, 384, 1,024, 1,024 and 5,000 units, batch 256, ctnn", work, [=] {
        const auto [loss, dlogits] = (*criterion)(model->forward(*x), *y);
        benchmark::DoNotOptimize(loss);
        sgd->step(*model, dlogits);
    });
}

} // namespace

int main(int argc, char** argv)
{
    Generator generator{1};
    add_products<256, 384, 1024>(generator);
    add_products<256, 1024, 1024>(generator);
    add_products<256, 1024, 5000>(generator);
    add_products<32, 1024, 1024>(generator);
    add_step(generator);
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
