// SPDX-License-Identifier: BSD-3-Clause
/// Uses of networks small and large, compiled with a limit on stack frames.
#include <cstdint>
#include <utility>

#include <ctnn/ctnn.hpp>

using namespace ctnn;

using Small = Sequential<Embedding<27, 10>, Linear<30, 200>, BatchNorm<200>, Tanh, Linear<200, 27>>;
using Large = Sequential<Input<4, 64>, Flatten, Linear<256, 1024>, BatchNorm<1024>, Tanh, Linear<1024, 1500>,
                         Tanh, Linear<1500, 10>>;

void train(Model<Small, Train<32>>& model, const xt::xtensor<int, 2>& x, const xt::xtensor<int, 1>& y)
{
    CrossEntropy criterion;
    Sgd sgd{model, {.momentum = 0.9F}};
    const auto& logits = model.forward(x);
    const auto [loss, dlogits] = criterion(logits, y);
    model.backward(dlogits);
    sgd.step(model);
}
void train(Model<Large, Train<64>>& model, const xt::xtensor<float, 3>& x, const xt::xtensor<float, 2>& dy)
{
    (void)model.forward(x);
    model.backward(dy);
}
void answer(const Model<Small, Eval>& model, const xt::xtensor<int, 2>& x, xt::xtensor<float, 2>& y)
{
    model.forward(x, y);
}
void answer(const Model<Large, Eval>& model, const xt::xtensor<float, 3>& x, xt::xtensor<float, 2>& y)
{
    model.forward(x, y);
}
void answer(const Model<Frozen<Small>, Eval>& model, const xt::xtensor<int, 2>& x, xt::xtensor<float, 2>& y)
{
    model.forward(x, y);
}
auto freeze_both(const Model<Small, Train<32>>& small, const Model<Large, Train<64>>& large)
{
    return std::pair{freeze(small), freeze(large)};
}
template <class N, class Net>
using Bytes = Model<Frozen<Net>, Packed<N>>;
void answer(const Bytes<bfloat16, Small>& two, const Bytes<std::int8_t, Small>& one,
            const xt::xtensor<int, 2>& x, xt::xtensor<float, 2>& y)
{
    two.forward(x, y);
    one.forward(x, y);
}
void answer(const Bytes<bfloat16, Large>& two, const Bytes<std::int8_t, Large>& one,
            const xt::xtensor<float, 3>& x, xt::xtensor<float, 2>& y)
{
    two.forward(x, y);
    one.forward(x, y);
}
auto freeze_small(const Model<Small, Train<32>>& model, const xt::xtensor<int, 2>& x)
{
    return std::pair{freeze<bfloat16>(model), freeze<std::int8_t>(model, x)};
}
std::string name(const Model<Small, Eval>& model, const Vocabulary& vocabulary, Generator& generator)
{
    return sample(model, vocabulary, generator);
}
