// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/model/stream.hpp>

#include <pthread.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "support/random.hpp"
#include "support/random_nets.hpp"

using namespace ctnn;
using namespace support;

namespace {

/// All that a stream of `Net` answers to `x`, a step at a time.
template <class Net>
using value_of = typename Model<Net, Stream>::value;
template <class Net>
std::vector<float> streamed(Model<Net, Stream>& model, const std::vector<value_of<Net>>& x)
{
    constexpr std::size_t n = Model<Net, Stream>::step_size;
    std::vector<float> y;
    for (std::size_t i = 0; i < x.size(); i += n) {
        const auto step = model.step(std::span<const value_of<Net>, n>(x.data() + i, n));
        y.insert(y.end(), step.begin(), step.end());
    }
    return y;
}
template <class Net>
std::vector<value_of<Net>> random_input(Generator& g)
{
    constexpr std::size_t n = input_shape<Net>::size;
    std::vector<value_of<Net>> x(n);
    if constexpr (Model<Net, Stream>::takes_ids) {
        for (auto& id : x) id = static_cast<class_id>(g.randint(0, 11, 1)(0));
        return x;
    } else {
        return normals<float>(g, n);
    }
}
bool same_bits(std::span<const float> a, std::span<const float> b)
{
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// The stream answers at each position what eval of the whole sequence does, at the end of a net without time
/// what that gives; and after reset() again.
template <class Net>
void streams_as_eval(Generator& g)
{
    Model<Net, Train<2>> trained{g};
    trained.for_each_parameter([&](auto name, auto value, auto) {
        if (name.find("start") != name.npos) init::normal(value, g);
    });
    trained.for_each_buffer(
        [&](auto name, auto value) { init::uniform(value, g, name.ends_with("mean") ? -1.0 : 0.5, 1.5); });
    const auto x = random_input<Net>(g);
    std::vector<float> whole(output_shape<Net>::size);
    auto in = xt::xtensor<value_of<Net>, input_shape<Net>::rank + 1>::from_shape(
        detail::batch_extents<input_shape<Net>>(1));
    std::copy(x.begin(), x.end(), in.begin());
    const auto y = Model<Net, Eval>{trained}.forward(in);
    std::copy(y.begin(), y.end(), whole.begin());

    Model<Net, Stream> stream{trained};
    for (int again = 0; again < 2; ++again, stream.reset()) {
        const auto steps = streamed(stream, x);
        if (steps.size() == whole.size()) CHECK(same_bits(steps, whole));
        else CHECK(same_bits(std::span(steps).last(whole.size()), whole));
    }
}

/// A layer that a number decides, from features to features of sequences.
template <std::size_t Which, std::size_t In, std::size_t Out>
using sequence_layer = std::tuple_element_t<
    Which,
    std::tuple<Rnn<In, Out>, Rnn<In, Out, ReLU, LearntStart>, Gru<In, Out>,
               Gru<In, Out, Layers<2>, LearntStart>, Lstm<In, Out>, Lstm<In, Out, Layers<2>, LearntStart>,
               ConcatRnn<In, Out>, ConcatGru<In, Out>, Sequential<Linear<In, Out>, BagOfWords>,
               Sequential<Linear<In, Out>, Tanh, LayerNorm<Out>>,
               Sequential<Linear<In, Out, NoBias>, BatchNorm<Out>, Dropout<1, 5>, LeakyReLU>,
               Sequential<Linear<In, Out>, Residual<RmsNorm<Out>, Gru<Out, Out>>, Softmax>,
               Sequential<Linear<In, Out>, Multiply<Linear<Out, Out>, Sequential<Lstm<Out, Out>, Sigmoid>>>,
               Concat<Linear<In, Out - 1>, Gru<In, 1>>, Conv1d<In, Out, 3, Causal, Dilation<2>>,
               Sequential<Conv1d<In, Out, 1>, Residual<Conv1d<Out, Out, 2, Causal, Groups<Out>>, Tanh>>>>;
template <unsigned Seed, std::size_t T>
struct sequence_net {
    static constexpr auto draws = [] {
        dice d{Seed * 7919ULL + 3};
        d.below(2);
        std::array<std::size_t, 6> all{};
        for (std::size_t i = 0; i < 3; ++i) all[i] = d.below(16);
        for (std::size_t i = 3; i < 6; ++i) all[i] = 2 + d.below(18);
        return all;
    }();
    using type = Sequential<Input<T, 2>, sequence_layer<draws[0], 2, draws[3]>,
                            sequence_layer<draws[1], draws[3], draws[4]>,
                            sequence_layer<draws[2], draws[4], draws[5]>, Linear<draws[5], 1 + Seed % 3>>;
};

/// A block of a transformer.
using Block = Sequential<Residual<LayerNorm<8>, Linear<8, 24>, CausalSelfAttention<2>, Linear<8, 8>>,
                         Residual<LayerNorm<8>, Linear<8, 32>, NewGELU, Linear<32, 8>>>;
template <std::size_t T>
using Transformer =
    Sequential<Embedding<11, 8, T>, Position<T, 8>, Repeat<3, Block>, LayerNorm<8>, Linear<8, 11, NoBias>>;

/// The layers of a WaveNet: each is a gate of what is before it, adds to that, and to the sum at the end.
template <std::size_t D>
using Gate = Multiply<Sequential<Conv1d<8, 8, 2, Causal, Dilation<D>>, Tanh>,
                      Sequential<Conv1d<8, 8, 2, Causal, Dilation<D>>, Sigmoid>>;
template <std::size_t... D>
struct SkipSum {
    using parts = layer_list<Gate<D>..., Conv1d<8, 8, 1>, Add>;
    static constexpr bool is_branches = true;

    static constexpr std::size_t wire(auto& net, std::size_t x)
    {
        std::size_t sum = 0, layers = 0;
        const auto add_layer = [&]<class G>(std::type_identity<G>) {
            const std::size_t gate = net.template add<G>(x), skip = net.template add<Conv1d<8, 8, 1>>(gate);
            sum = layers == 0 ? skip : net.template join<Add>(sum, skip);
            if (++layers < sizeof...(D))
                x = net.template join<Add>(x, net.template add<Conv1d<8, 8, 1>>(gate));
        };
        (add_layer(std::type_identity<Gate<D>>{}), ...);
        return sum;
    }
};
template <std::size_t T>
using WaveNet = Sequential<Input<T, 1>, Conv1d<1, 8, 1>, SkipSum<1, 2, 4>, ReLU, Conv1d<8, 1, 1>>;

} // namespace

TEST_CASE("a stream of 10,000 steps is eval of the whole sequence, bit for bit, in random networks")
{
    Generator g{2024};
    [&]<unsigned... Seed>(std::integer_sequence<unsigned, Seed...>) {
        (streams_as_eval<typename sequence_net<Seed, 10'000>::type>(g), ...);
    }(std::make_integer_sequence<unsigned, 5>{});
}

TEST_CASE("so is that of every layer that has both")
{
    for_each_seed([](Generator& g) {
        streams_as_eval<Transformer<16>>(g);
        streams_as_eval<Transformer<1>>(g);
        streams_as_eval<Sequential<Embedding<11, 9, 33>, Linear<9, 27>, CausalSelfAttention<3>>>(g);
        streams_as_eval<Sequential<Input<20, 3>, Standardise<3>, LogSoftmax>>(g);
        streams_as_eval<Sequential<Input<20, 3>, ELU, Softplus, HardTanh, NewGELU, SiLU, GELU>>(g);
        streams_as_eval<Sequential<Embedding<11, 5, 20>, Gru<5, 7>, LastStep, Linear<7, 11>, Tanh>>(g);
        streams_as_eval<Sequential<Input<20, 3>, Sum<Linear<3, 4>, Rnn<3, 4>>, GlobalMean, Softmax>>(g);
        streams_as_eval<Sequential<Embedding<11, 6, 7>, Tied<"0", Linear<6, 11, NoBias>>>>(g);
        streams_as_eval<Sequential<Input<1, 1>, Lstm<1, 1>>>(g);
        streams_as_eval<WaveNet<40>>(g);
        streams_as_eval<Sequential<Input<33, 1>, Conv1d<1, 16, 3, Causal>, Tanh, Conv1d<16, 17, 3, Causal>>>(
            g);
        streams_as_eval<Sequential<Input<9, 4>, Conv1d<4, 6, 4, Causal, Groups<2>, Dilation<3>, NoBias>>>(g);
        streams_as_eval<Sequential<Input<9, 6>, MultiheadAttention<6, 3, Causal>, PReLU<6>, PReLU<>>>(g);
    });
}

TEST_CASE("a network that was frozen streams too")
{
    using Net = Sequential<Input<50, 3>, Linear<3, 8, NoBias>, BatchNorm<8>, Tanh, Gru<8, 9>, Linear<9, 2>>;
    Generator g{3};
    Model<Net, Train<2>> trained{g};
    const auto frozen = freeze(trained);
    using Frozen = typename std::remove_cvref_t<decltype(frozen)>::network;
    Model<Frozen, Stream> stream{frozen};
    const auto x = normals<float>(g, 150);
    const auto steps = streamed(stream, x);
    std::array<float, 150> sample{};
    std::copy(x.begin(), x.end(), sample.begin());
    CHECK(same_bits(steps, frozen.forward_one(sample)));
}

TEST_CASE("an Embedding that a freeze has made a table of streams too")
{
    using Net = Sequential<Embedding<11, 16, 40>, Linear<16, 17>, Gru<17, 3>>;
    Generator g{8};
    const auto frozen = freeze(Model<Net, Eval>{g});
    using Frozen = typename std::remove_cvref_t<decltype(frozen)>::network;
    Model<Frozen, Stream> stream{frozen};
    const auto ids = random_input<Net>(g);
    std::array<class_id, 40> sample{};
    std::copy(ids.begin(), ids.end(), sample.begin());
    CHECK(same_bits(streamed(stream, ids), frozen.forward_one(sample)));
}

TEST_CASE("a state of any numbers reads nothing outside")
{
    using Net = Sequential<Embedding<11, 4, 6>, Position<6, 4>, Conv1d<4, 4, 3, Causal, Dilation<2>>,
                           Linear<4, 12>, CausalSelfAttention<2>, BagOfWords, GlobalMean>;
    Generator g{9};
    Model<Net, Stream> model{g};
    for (const float x : {100.F, -1.F, 1e30F, std::nanf("")}) {
        for (float& s : model.state()) s = x;
        for (class_id i = 0; i < 10; ++i) (void)model.step(i);
    }
    model.reset();
    const auto y = model.step(1);
    CHECK(y == Model<Net, Stream>{model}.step(1, *std::make_unique<Workspace<Net, Stream>>(model.weights())));
}

TEST_CASE("a mean of more steps than a float counts is a mean")
{
    Model<Sequential<Input<4, 1>, GlobalMean>, Stream> model;
    for (float& s : model.state()) s = 0x1p24F; // as many ones
    float y = 0;
    for (int i = 0; i < 2'000'000; ++i) y = model.step(3)[0];
    CHECK(y > 2.5F); // what is old counts less and less
    CHECK(y <= 3);
}

TEST_CASE("a copy goes on from the same state, channels share weights, a state can be read and set")
{
    using Net = Sequential<Embedding<11, 5, 16>, Lstm<5, 7, LearntStart>, Linear<7, 11>>;
    Generator g{4};
    Model<Net, Stream> first{g};
    init::normal(first.parameter<"1.start_l0">(), g);
    init::normal(first.parameter<"1.start_cell_l0">(), g);
    first.reset();
    static_assert(Model<Net, Stream>::state_size == 14);
    CHECK(first.state()[3] == first.parameter<"1.start_l0">()(0, 3));
    CHECK(first.state()[7] == first.parameter<"1.start_cell_l0">()(0, 0));

    (void)first.step(3);
    Model<Net, Stream> second = first;
    Workspace<Net, Stream> channel{first.weights()}, fresh = channel;
    (void)first.step(3, channel);
    const auto y = first.step(4);
    CHECK(y == second.step(4));
    CHECK(y == first.step(4, channel));
    CHECK(y != first.step(4, fresh));
    CHECK(first.step(5) == second.step(5));
    (void)first.step(6); // moves its own state only
    CHECK(first.step(1) != second.step(1));

    std::vector<float> kept(first.state().begin(), first.state().end());
    const auto answer = first.step(2);
    std::copy(kept.begin(), kept.end(), second.state().begin());
    CHECK(second.step(2) == answer);
}

TEST_CASE("an id out of range gives NaN and changes nothing")
{
    using Net = Sequential<Embedding<11, 5, 16>, Gru<5, 7>, Linear<7, 11>>;
    Generator g{5};
    Model<Net, Stream> model{g}, other = model;
    for (const class_id id : {-1, 11, 1'000'000})
        for (const float e : model.step(id)) CHECK(std::isnan(e));
    CHECK(model.step(10) == other.step(10));
    Model<Sequential<Input<4, 3>, Gru<3, 2>>, Stream> numbers{g}, others = numbers;
    CHECK(numbers.step({1, 2, 3}) == others.step(std::array{1.F, 2.F, 3.F}));
    static_assert(noexcept(model.step(10))&& noexcept(model.reset())&& noexcept(model.state()));
}

TEST_CASE("past the context attention sees the last steps")
{
    using Net = Sequential<Input<4, 2>, Linear<2, 6>, CausalSelfAttention<1>>;
    Generator g{6};
    const Model<Net, Eval> eval{g};
    Model<Net, Stream> stream{eval};
    const auto x = normals<float>(g, 2 * 9);
    std::array<float, 8> window{};
    for (std::size_t t = 0; t < 9; ++t) {
        const auto y = stream.step(std::span<const float, 2>(x.data() + 2 * t, 2));
        if (t < 3) continue;
        std::copy_n(x.data() + 2 * (t - 3), 8, window.begin());
        const auto whole = eval.forward_one(window);
        CHECK(same_bits(y, std::span(whole).last(2)));
    }
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CTNN_LARGE_FRAMES // each register of a kernel has its own guarded place there
#endif
#endif
#if defined(CTNN_LARGE_FRAMES) || defined(__SANITIZE_ADDRESS__)
constexpr std::size_t stack_size = 1024 * 1024;
#else
constexpr std::size_t stack_size = 64 * 1024;
#endif
TEST_CASE("a stream runs on a stack of 64 KiB")
{
    using Net = Transformer<64>;
    Generator g{7};
    struct Work {
        Model<Net, Stream> model;
        float sum = 0;
    };
    Work work{Model<Net, Stream>{g}};
    pthread_attr_t attributes;
    REQUIRE(pthread_attr_init(&attributes) == 0);
    REQUIRE(pthread_attr_setstacksize(&attributes, stack_size) == 0);
    pthread_t thread;
    REQUIRE(pthread_create(
                &thread, &attributes,
                [](void* at) -> void* {
                    auto& w = *static_cast<Work*>(at);
                    for (class_id i = 0; i < 100; ++i) w.sum += w.model.step(i % 11)[0];
                    return nullptr;
                },
                &work) == 0);
    pthread_join(thread, nullptr);
    CHECK(std::isfinite(work.sum));
    CHECK(work.sum != 0);
}
