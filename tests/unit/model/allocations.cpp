// SPDX-License-Identifier: BSD-3-Clause
/// Counts calls of operator new: one for a training model, none for a step, none for an answer.
#include <ctnn/ctnn.hpp>
#include <ctnn/io/model_file.hpp>
#include <ctnn/io/pick_model.hpp>
#include <ctnn/parallel/data_parallel.hpp>
#include <ctnn/parallel/workers.hpp>
#include <ctnn/train/training.hpp>

#include <array>
#include <cstdlib>
#include <new>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <malloc.h>

#include <doctest/doctest.h>

#include "../../support/files.hpp"

namespace {
std::size_t allocations = 0, live = 0, peak = 0;

void* counted(std::size_t bytes, std::size_t alignment)
{
    ++allocations;
    void* p = nullptr;
    if (posix_memalign(&p, alignment < sizeof(void*) ? sizeof(void*) : alignment, bytes) != 0)
        throw std::bad_alloc{};
    live += malloc_usable_size(p);
    if (live > peak) peak = live;
    return p;
}
void released(void* p)
{
    live -= malloc_usable_size(p);
    std::free(p);
}
} // namespace

void* operator new(std::size_t n) { return counted(n, alignof(std::max_align_t)); }
void* operator new[](std::size_t n) { return counted(n, alignof(std::max_align_t)); }
void* operator new(std::size_t n, std::align_val_t a) { return counted(n, static_cast<std::size_t>(a)); }
void* operator new[](std::size_t n, std::align_val_t a) { return counted(n, static_cast<std::size_t>(a)); }
void operator delete(void* p) noexcept { released(p); }
void operator delete[](void* p) noexcept { released(p); }
void operator delete(void* p, std::size_t) noexcept { released(p); }
void operator delete[](void* p, std::size_t) noexcept { released(p); }
void operator delete(void* p, std::align_val_t) noexcept { released(p); }
void operator delete[](void* p, std::align_val_t) noexcept { released(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { released(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { released(p); }

using namespace ctnn;

namespace {

using Net =
    Sequential<Embedding<27, 10>, Linear<30, 200, NoBias>, BatchNorm<200, LectureStd>, Tanh, Linear<200, 27>>;

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

TEST_CASE("no allocation makes a step of any optimizer, loss or schedule")
{
    Generator g{1};
    using Numbers = Sequential<Linear<6, 16>, ReLU, Linear<16, 5>>;
    Model<Numbers, Train<8>> model{g};
    const auto x = g.randn(8, 6), targets = g.randn(8, 5);
    const auto ids = g.randint(0, 5, 8);
    const auto quiet = [&](auto optimizer, auto criterion, const auto& t) {
        ExponentialMovingAverage average{model};
        const LinearWarmUp schedule{3, OneCycle{0.01, 20}};
        const auto step = [&](std::size_t i) {
            const auto [loss, dy] = criterion(model.forward(x), t);
            model.backward(dy);
            clip_gradient_norm(model, 0.1);
            clip_gradient_value(model, 0.1);
            optimizer.set_learning_rate(schedule.at(i));
            optimizer.step(model);
            average.update(model);
        };
        step(0); // the criterion learns the shape
        CHECK(count([&] {
                  for (std::size_t i = 0; i < 10; ++i) step(i);
              }) == 0);
    };
    quiet(Adam{model}, MeanSquaredError{}, targets);
    quiet(AdamW{model, {.amsgrad = true}}, Huber{}, targets);
    quiet(RmsProp{model}, BinaryCrossEntropy{{.positive_weights = {2.0}}}, targets);
    quiet(Adagrad{model}, CrossEntropy{{.ignore = 1, .label_smoothing = 0.1}}, ids);
    quiet(Sgd{model}, LossSum{part<0, 3>(CrossEntropy{}), part<3, 5>(SmoothL1{})},
          std::tuple{xt::xtensor<int, 1>(ids % 3), xt::xtensor<float, 2>(xt::zeros<float>({8, 2}))});
}

TEST_CASE("no allocation makes a step of epochs, dropout and AdamW in a training, once its series are full")
{
    Generator g{1};
    using Digits = Sequential<Linear<6, 8>, ReLU, Dropout<1, 5>, Linear<8, 10>>;
    const xt::xtensor<float, 2> x = g.rand(100, 6);
    const xt::xtensor<class_id, 1> y = g.randint(0, 10, 100);
    Model<Digits, Train<32>> model{g};
    AdamW adam_w{model, {.learning_rate = 2e-3}};
    CrossEntropy criterion;
    auto epochs = epochs_of<32>(x, y);
    EarlyStopping stopping{model};
    Training training{{.steps = 1300, .shows_progress = false}, model, adam_w, g, epochs, stopping};
    const auto step = [&] {
        const auto [bx, by] = epochs.next(g);
        const auto [loss, dlogits] = criterion(model.forward(bx, g), by);
        training.record(static_cast<double>(loss));
        model.backward(dlogits);
        adam_w.step(model);
        stopping.after(model, -static_cast<double>(training.step()));
    };
    while (training.step() < 1100 && training.next()) step();
    CHECK(count([&] {
              while (training.next()) step();
          }) == 0);
    CHECK(training.step() == 1300);
}

TEST_CASE("no allocation makes a step that workers share, of any kind of layer")
{
    const auto quiet = [](auto net, auto make, std::size_t workers_used) {
        Generator g{1};
        DataParallel<typename decltype(net)::type, Train<4>, Shards<4>> model{g};
        auto optimizer = make(model);
        Workers workers{workers_used, {.may_exceed_cores = true}};
        const auto x = g.randn(16, 6);
        const auto ids = g.randint(0, 5, 16);
        const auto step = [&] { model.step(workers, x, ids, CrossEntropy{}, optimizer); };
        step();
        CHECK(count([&] {
                  for (std::size_t i = 0; i < 1000; ++i) step();
              }) == 0);
    };
    using Normalised = Sequential<Linear<6, 16>, BatchNorm<16>, ReLU, Dropout<1, 5>, Linear<16, 5>>;
    using Synchronous = Sequential<Linear<6, 16>, SyncBatchNorm<16>, ReLU, Linear<16, 5>>;
    for (const std::size_t workers : {1U, 2U, 4U}) {
        quiet(
            std::type_identity<Normalised>{},
            [](auto& m) {
                return Sgd{m, {.momentum = 0.9F}};
            },
            workers);
        quiet(
            std::type_identity<Synchronous>{}, [](auto& m) { return AdamW{m}; }, workers);
    }
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
    check(freeze<bfloat16>(trained));
    check(freeze<std::int8_t>(trained, g.randint(0, 27, 100, 3)));
}

TEST_CASE("networks that branch: one allocation makes a model, none a step, of a full batch or another")
{
    Generator g{1};
    const auto check = [&]<class Net>(std::type_identity<Net>, const auto&... x) {
        using M = Model<Net, Train<32>>;
        CHECK(count([] { M model; }) == 1);
        M model{g};
        Sgd sgd{model, {.momentum = 0.9F}, {{"*.bias", {.weight_decay = 0.1F}}}};
        const auto gradients = [&]<std::size_t... K>(std::index_sequence<K...>) {
            return std::tuple{g.randn(32, output_shape<Net, K>::size)...};
        }(std::make_index_sequence<M::outputs>{});
        CHECK(count([&] {
                  (void)model.forward(x..., g);
                  model.backward(gradients);
                  model.backward(gradients, accumulate);
                  sgd.step(model);
              }) == 0);
    };
    using Mlp = Residual<LayerNorm<32>, Linear<32, 64>, GELU, Linear<64, 32>>;
    check(std::type_identity<Sequential<Linear<8, 32>, Repeat<6, Mlp>, LayerNorm<32>, Linear<32, 5>>>{},
          g.randn(32, 8));
    check(std::type_identity<Sequential<
              Linear<8, 16>, Concat<Identity, Multiply<Linear<16, 9>, Sequential<Linear<16, 9>, Sigmoid>>>,
              Sum<Linear<25, 5>, Linear<25, 5>>>>{},
          g.randn(32, 8));
    const auto ids = g.randint(0, 27, 32, 3);
    check(std::type_identity<
              Sequential<Embedding<27, 12, 3>, Flatten, Linear<36, 12>, Tanh, Tied<"0", Linear<12, 27>>>>{},
          ids);
    check(std::type_identity<Sequential<Inputs<Sequential<Embedding<27, 10, 3>, Flatten>, Linear<5, 8>>,
                                        Linear<38, 20>, Tanh, Outputs<Linear<20, 6>, Linear<20, 3>>>>{},
          ids, g.randn(32, 5));
    check(std::type_identity<Sequential<Fixed<Sequential<Linear<9, 20>, BatchNorm<20>, Tanh>>, Dropout<1, 5>,
                                        Linear<20, 4>>>{},
          g.randn(32, 9));

    Model<Sequential<Linear<8, 16>, BatchNorm<16>, Tanh, Linear<16, 4>>, Train<32>> model{g};
    const auto x = g.randn(5, 8), dy = g.randn(5, 4);
    CHECK(count([&] {
              (void)model.forward(x);
              model.backward(dy);
          }) == 0);
}

TEST_CASE("eval of a network of 4,096 units: no allocation in a workspace of the caller, one a call without")
{
    using Wide = Sequential<Linear<16, 4096>, Tanh, Residual<LayerNorm<4096>, Tanh>, Linear<4096, 10>>;
    Generator g{1};
    const Model<Wide, Eval> model{g};
    Workspace<Wide, Eval> workspace;
    const auto x = g.randn(100, 16);
    auto y = xt::xtensor<float, 2>::from_shape({100, 10});
    CHECK(count([&] { model.forward(x, y, workspace); }) == 0);
    CHECK(count([&] { model.forward(x, y); }) == 1);
    CHECK(count([&] { (void)model.forward_one(std::array<float, 16>{}); }) == 1);
}

TEST_CASE(
    "loading takes memory for the numbers and at most 128 KiB, picking 256 KiB, whatever is in the file")
{
    constexpr std::size_t numbers = sizeof(float) * (parameter_count<Net> + 400), most = numbers + 128 * 1024;
    const support::Folder folder;
    Generator g{1};
    Model<Net, Eval> model{g};
    const std::string path = folder.file("a");
    const auto peak_of_load = [&] {
        const std::size_t before = live;
        peak = live;
        try {
            load(model, path);
        } catch (const Error&) {}
        return peak - before;
    };
    save(model, path);
    const std::size_t good = peak_of_load();
    CHECK(good > numbers); // that it is counted
    CHECK(good <= most);
    const std::string bytes = support::bytes_of(path);
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    const std::string data = bytes.substr(8 + length);
    /// The header without its last brace.
    const std::string tensors = bytes.substr(8, bytes.find_last_of('}', 8 + length) - 8);
    const auto with_header = [&](std::string header) {
        if (header.size() > 64 * 1024) header.resize(64 * 1024);
        const std::uint64_t n = header.size();
        std::string file(8, '\0');
        std::memcpy(file.data(), &n, 8);
        support::write_bytes(path, file + header + data);
    };
    const auto repeated = [](std::size_t n, auto f) {
        std::string text;
        for (std::size_t i = 0; i < n; ++i) text += f(std::to_string(i));
        return text;
    };
    const std::string all_that_fits = tensors + std::string(64 * 1024 - tensors.size() - 1, ' ');
    const std::string bad[] = {
        all_that_fits + "}",
        tensors + std::string(4000, ' ') + ",\"" + std::string(60000, 'x'),
        tensors + ",\"" + repeated(15, [](const auto&) { return std::string(4000, 'x').append("\":1,\""); }),
        tensors +
            repeated(600,
                     [](const auto& i) {
                         return ",\"ctnn." + i + std::string(30, 'x') +
                                "\":{\"dtype\":\"I64\",\"shape\":[0],\"data_offsets\":[0,0]}";
                     }) +
            "}",
        tensors +
            repeated(200,
                     [](const auto& i) {
                         return ",\"ctnn." + i + std::string(118, 'x') +
                                "\":{\"dtype\":\"I64\",\"shape\":[0],\"data_offsets\":[0,0]}";
                     }) +
            "}",
        "{\"__metadata__\":{\"a\":\"\"" +
            repeated(63,
                     [](const auto& i) {
                         return ",\"" + std::string(120, 'k') + i + "\":\"" + std::string(800, 'v') + "\"";
                     }) +
            "}}",
        "{\"__metadata__\":{\"a\":\"\"" +
            repeated(9000, [](const auto& i) { return ",\"" + i + "\":\"\""; }) + "}}",
        "{\"0.weight\":{\"dtype\":\"F32\",\"shape\":[" + repeated(30000, [](const auto&) { return "1,"; }),
        "{\"__metadata__\":{\"ctnn.signature\":\"" + std::string(4000, 's') + "\",\"ctnn.settings\":\"" +
            std::string(4000, 's') + "\"" +
            repeated(28, [](const auto& i) { return ",\"" + std::string(90, 'k') + i + "\":\"\""; }) + "}," +
            tensors.substr(tensors.find("\"0.weight")) +
            repeated(126,
                     [](const auto& i) {
                         return ",\"ctnn." + i + std::string(88, 'x') +
                                "\":{\"dtype\":\"I64\",\"shape\":[0],\"data_offsets\":[0,0]}";
                     }) +
            std::string(4000, ' ') + "}",
        "{\"0.weight\":" + std::string(65000, '['),
        "{" + std::string(65000, '1'),
    };
    const auto peak_of_pick = [&](const LoadOptions& options) {
        const std::size_t before = live;
        peak = live;
        try {
            const auto picked = pick_model<Sequential<Linear<2, 3>>, Net>(path, options);
            CHECK(picked.index() == 1);
        } catch (const Error&) {}
        return peak - before;
    };
    for (const std::string& header : bad) {
        with_header(header);
        CHECK(peak_of_load() <= most);
        for (const bool any : {false, true})
            CHECK(peak_of_pick({.any_signature = any}) <= 3 * numbers + 256 * 1024);
    }
    const std::uint64_t huge = ~std::uint64_t{0};
    std::string lie = bytes;
    std::memcpy(lie.data(), &huge, 8);
    support::write_bytes(path, lie);
    CHECK(peak_of_load() <= 64 * 1024);
}

TEST_CASE("no allocation makes a step of a stream, whatever streams")
{
    using Block = Sequential<Residual<LayerNorm<8>, Linear<8, 24>, CausalSelfAttention<2>, Linear<8, 8>>,
                             Residual<LayerNorm<8>, Linear<8, 32>, NewGELU, Linear<32, 8>>>;
    using Text = Sequential<Embedding<27, 8, 16>, Position<16, 8>, Repeat<3, Block>, BagOfWords,
                            Lstm<8, 5, Layers<2>>, Gru<5, 20>, ConcatGru<20, 8>, Linear<8, 27>>;
    Generator g{1};
    CHECK(count([&] { Model<Text, Stream> model{g}; }) == 2); // weights, and what a stream keeps
    Model<Text, Stream> model{g};
    Workspace<Text, Stream> channel{model.weights()};
    float sum = 0;
    CHECK(count([&] {
              for (class_id i = 0; i < 300; ++i)
                  sum += model.step(i % 27)[0] + model.step(i % 26, channel)[1];
              model.reset();
          }) == 0);
    CHECK(sum == sum);
}
