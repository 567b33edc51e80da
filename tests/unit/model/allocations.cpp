// SPDX-License-Identifier: BSD-3-Clause
/// Counts calls of operator new: one for a training model, none for a step, none for an answer.
#include <ctnn/ctnn.hpp>

#include <array>
#include <cstdlib>
#include <new>

#include <doctest/doctest.h>

namespace {
std::size_t allocations = 0;

void* counted(std::size_t bytes, std::size_t alignment)
{
    ++allocations;
    void* p = nullptr;
    if (posix_memalign(&p, alignment < sizeof(void*) ? sizeof(void*) : alignment, bytes) != 0) throw std::bad_alloc{};
    return p;
}
} // namespace

void* operator new(std::size_t n) { return counted(n, alignof(std::max_align_t)); }
void* operator new[](std::size_t n) { return counted(n, alignof(std::max_align_t)); }
void* operator new(std::size_t n, std::align_val_t a) { return counted(n, static_cast<std::size_t>(a)); }
void* operator new[](std::size_t n, std::align_val_t a) { return counted(n, static_cast<std::size_t>(a)); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

using namespace ctnn;

namespace {

using Net = Sequential<Embedding<27, 10>, Linear<30, 200, NoBias>, BatchNorm<200, LectureStd>, Tanh, Linear<200, 27>>;

template <class F>
std::size_t count(F f)
{
    const std::size_t before = allocations;
    f();
    return allocations - before;
}

} // namespace

TEST_CASE("one allocation makes a training model, none makes a step")
{
    Generator g{1};
    CHECK(count([] { Model<Net, Train<32>> model; }) == 1);
    Model<Net, Train<32>> model{g};
    CrossEntropy criterion;
    const Words words = words_from("emma\nolivia\nava\n");
    const Vocabulary vocabulary{words};
    const Samples samples = ngrams(words, vocabulary, 3);
    Minibatches<32> batches{samples};
    Sgd plain{model};
    Sgd momentum{model, {.momentum = 0.9F}};
    const MultiStep schedule{0.1, {5}};
    const auto step = [&](auto& sgd, std::size_t i) {
        const auto [contexts, targets] = batches.next(g);
        const auto& logits = model.forward(contexts);
        const auto [loss, dlogits] = criterion(logits, targets);
        model.backward(dlogits);
        sgd.set_learning_rate(schedule.at(i));
        sgd.step(model);
    };
    step(plain, 0); // the criterion learns the shape
    CHECK(count([&] {
              for (std::size_t i = 0; i < 10; ++i) {
                  step(plain, i);
                  step(momentum, i);
              }
          }) == 0);
}

TEST_CASE("no allocation makes an answer, frozen or not")
{
    Generator g{1};
    const auto check = [&](const auto& model) {
        const auto x = g.randint(0, 27, 100, 3);
        auto y = xt::xtensor<float, 2>::from_shape({100, 27});
        CHECK(count([&] { model.forward(x, y); }) == 0);
        CHECK(count([&] {
                  for (int i = 0; i < 27; ++i) (void)model.forward_one(std::array{i, 0, 26});
              }) == 0);
        CHECK(count([&] { (void)model.forward(x); }) == 1); // the result
    };
    const Model<Net, Train<32>> trained{g};
    check(Model<Net, Eval>{trained});
    check(freeze(trained));
}
