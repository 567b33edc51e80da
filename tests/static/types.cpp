// SPDX-License-Identifier: BSD-3-Clause
/// What must hold for types, from both sides. It is tested by being compiled.
#include <ctnn/ctnn.hpp>
#include <ctnn/inspect/gradient_check.hpp>

#include <type_traits>

using namespace ctnn;

// Shapes
static_assert(extents{3, 10}.size() == 30 && extents{}.size() == 1 && extents::none().size() == 0);
static_assert(extents{3, 10}.last() == 10 && extents{}.last() == 1 &&
              extents{3, 10}.with_last(5) == extents{3, 5});
static_assert(extents{1, 2, 3, 4, 5, 6}.rank == 6 && extents{1, 2, 3, 4, 5, 6, 7}.is_none() &&
              !extents{}.is_none());
static_assert(shape<3, 10>::size == 30 && shape<>::rank == 0);

// Layer: what is one (every layer of the library: tests/unit/layer)
struct Own {
    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto&) {}
    static void backward(const auto&) {}
};
static_assert(Layer<Own>);
// ... and what is not
struct WithoutBackward {
    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto&) {}
};
struct WithoutOutput {
    static void forward(const auto&) {}
    static void backward(const auto&) {}
};
struct WithMemory : Own {
    float weight;
};
static_assert(!Layer<int> && !Layer<void> && !Layer<WithoutBackward> && !Layer<WithoutOutput> &&
              !Layer<WithMemory>);

// Mode
static_assert(Mode<Train<1>> && Mode<Train<32, RetainGradients>> && Mode<Eval>);
static_assert(!Mode<int> && !Mode<KeepNothing> && is_train<Train<2>> && !is_train<Eval>);

// Loss and Optimizer
using Net = Sequential<Embedding<27, 10>, Linear<30, 200>, BatchNorm<200>, Tanh, Linear<200, 27>>;
using Logits = xt::xtensor<float, 2>;
using Targets = xt::xtensor<int, 1>;
struct NoLoss {
    float operator()(const Logits&, const Targets&);
};
static_assert(Loss<CrossEntropy<>, Logits, Targets> &&
              Loss<CrossEntropy<double>, xt::xtensor<double, 2>, Targets>);
static_assert(!Loss<NoLoss, Logits, Targets> && !Loss<int, Logits, Targets>);
static_assert(Loss<Huber<>, Logits, Logits> &&
              Loss<LossSum<PartLoss<0, 27, CrossEntropy<>>>, Logits, std::tuple<Targets>>);
static_assert(Optimizer<Sgd<Net>, Model<Net, Train<32>>> && !Optimizer<MultiStep, Model<Net, Train<32>>>);
static_assert(Optimizer<AdamW<Net>, Model<Net, Train<32>>> && Optimizer<Adagrad<Net>, Model<Net, Train<32>>>);

// Schedule
static_assert(Schedule<MultiStep> && Schedule<LinearWarmUp<OneCycle>>);
static_assert(!Schedule<ReduceOnPlateau> && !Schedule<double>);

// Facts follow from types
static_assert(std::is_same_v<input_shape<Net>, shape<3>> && std::is_same_v<output_shape<Net>, shape<27>>);
static_assert(parameter_count<Net> == 270 + 30 * 200 + 200 + 400 + 200 * 27 + 27);
static_assert(weight_bytes<Net> == 4 * parameter_count<Net> &&
              weight_bytes<Net, double> == 8 * parameter_count<Net>);
static_assert(multiply_adds<Net> == 30 * 200 + 200 * 27);
static_assert(activation_bytes<Net, 32> == 32 * 4 * (30 + 200 + 200 + 200 + 27));

// Context lengths that follow, and shapes by position
template <class... L>
using in = input_shape<Sequential<L...>>;
template <class... L>
using out = output_shape<Sequential<L...>>;
static_assert(std::is_same_v<in<Embedding<27, 10>, Linear<10, 5>>, shape<>>);
static_assert(std::is_same_v<in<Embedding<27, 10>, Tanh, Flatten, Linear<30, 5>>, shape<3>>);
static_assert(std::is_same_v<in<Embedding<27, 10, 8>, Linear<10, 5>>, shape<8>> &&
              std::is_same_v<out<Embedding<27, 10, 8>, Linear<10, 5>>, shape<8, 5>>);
static_assert(std::is_same_v<out<Embedding<27, 27>>, shape<27>> &&
              std::is_same_v<in<Tanh, Linear<4, 2>>, shape<4>>);
static_assert(std::is_same_v<out<Input<4, 6>, Linear<24, 5>>, shape<5>> &&
              std::is_same_v<out<Input<4, 6>, Linear<6, 5>>, shape<4, 5>>);
static_assert(std::is_same_v<out<Input<8, 3>, FlattenConsecutive<2>>, shape<4, 6>> &&
              std::is_same_v<out<Input<2, 3>, FlattenConsecutive<2>>, shape<6>>);
static_assert(
    std::is_same_v<out<Linear<2, 3>, Sequential<Tanh, Sequential<>, Sequential<Linear<3, 4>>>>, shape<4>>);

// A model's mode decides what it can do
template <class M>
concept has_gradients = requires(M& m) { m.gradient_block(); };
static_assert(has_gradients<Model<Net, Train<32>>> && !has_gradients<Model<Net, Eval>>);
template <class M>
concept retains = requires(M& m) { m.template output_gradient<0>(); };
static_assert(retains<Model<Net, Train<32, RetainGradients>>> && !retains<Model<Net, Train<32>>>);
// What freeze gives is an eval model with its weights packed beside.
static_assert(std::is_same_v<decltype(freeze(std::declval<const Model<Net, Train<32>>&>())),
                             Model<Frozen<Net>, Packed<float>>> &&
              std::is_convertible_v<Model<Net, Packed<float>>&, const Model<Net, Eval>&>);
static_assert(
    std::is_same_v<decltype(Sgd{std::declval<const Model<Net, Train<2>, double>&>()}), Sgd<Net, double>>);
static_assert(std::is_nothrow_move_constructible_v<Model<Net, Train<32>>> &&
              std::is_copy_constructible_v<Model<Net, Eval>>);

// The generator works while compiling
static_assert(Generator{5489}.randint(0, 1'000'000'000) == 3'499'211'612 % 1'000'000'000);
