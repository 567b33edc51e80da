// SPDX-License-Identifier: BSD-3-Clause
/// Networks that branch, share and fix weights, with several inputs and outputs, and batches that are not
/// full, against PyTorch: initial weights, outputs, losses, every gradient, 100 steps of SGD, and eval. See
/// make_branching.py.
#include <string>
#include <tuple>
#include <utility>

#include <doctest/doctest.h>

#include <ctnn/ctnn.hpp>
#include <ctnn/io/model_file.hpp>

#include "../support/files.hpp"
#include "../support/fixtures.hpp"

using namespace ctnn;
using support::branching;
using support::relative_error;

namespace {

using Block = Residual<LayerNorm<32>, Linear<32, 64>, GELU, Linear<64, 32>>;
using SixBlocks = Sequential<Linear<8, 32>, Repeat<6, Block>, LayerNorm<32>, Linear<32, 5>>;
using Gate = Multiply<Sequential<Linear<16, 13>, Tanh>, Sequential<Linear<16, 13>, Sigmoid>>;
using TwoBranches =
    Sequential<Linear<7, 16>, Concat<Sequential<Linear<16, 11>, Tanh>, Gate, Identity>,
               Sum<Linear<40, 9>, Linear<40, 9, NoBias>, Sequential<Linear<40, 9>, ReLU>>, Linear<9, 5>>;
using TiedNet = Sequential<Embedding<27, 12, 3>, Flatten, Linear<36, 12>, Tanh, Tied<"0", Linear<12, 27>>>;
using TwoInputs =
    Sequential<Inputs<Sequential<Embedding<27, 10, 3>, Flatten>, Sequential<Linear<5, 8>, Tanh>>,
               Linear<38, 20>, Tanh, Outputs<Linear<20, 6>, Sequential<Linear<20, 11>, Tanh, Linear<11, 3>>>>;
using HalfFixed = Sequential<Fixed<Sequential<Linear<9, 20>, BatchNorm<20>, Tanh, Linear<20, 14>>>,
                             LayerNorm<14>, Tanh, Linear<14, 4>>;
using WithBatches = Sequential<Linear<9, 20, NoBias>, BatchNorm<20>, Tanh, Dropout<1, 5>,
                               Residual<Linear<20, 20>, LayerNorm<20>>, Linear<20, 4>>;
static_assert(parameter_count<SixBlocks> == 288 + 6 * (64 + 2112 + 2080) + 64 + 165);
static_assert(parameter_count<TiedNet> == 27 * 12 + 36 * 12 + 12 + 27);
static_assert(trainable_count<HalfFixed> == 28 + 60 && parameter_count<HalfFixed> == 200 + 40 + 294 + 88);

template <class Y>
auto as_tuple(const Y& y)
{
    if constexpr (requires { std::tuple_size<Y>::value; }) return y;
    else return std::tuple{y};
}

/// The inputs of a step as PyTorch's randn or randint draws them.
template <class Net, std::size_t... I>
auto draw_inputs(Generator& g, std::size_t rows, std::index_sequence<I...>)
{
    const auto one = [&]<std::size_t K>(std::integral_constant<std::size_t, K>) {
        if constexpr (detail::classes_of_input<Net>(K) > 0)
            return g.randint(0, 27, rows, input_shape<Net, K>::size);
        else return g.randn(rows, input_shape<Net, K>::size);
    };
    return std::tuple{one(std::integral_constant<std::size_t, I>{})...};
}

template <class Net>
void check_case(const std::string& name, const SgdOptions& options, bool small_batches = false)
{
    using M = Model<Net, Train<32>>;
    Generator g{42};
    M model{g};
    const auto fixture = [&](const std::string& what) -> const support::Fixture& {
        return branching()[name + "/" + what];
    };
    model.weights().for_each_parameter([&](std::string_view parameter, auto value) {
        CAPTURE(parameter);
        CHECK(relative_error(value, fixture("initial/" + std::string(parameter))) <= 1e-6);
    });
    Sgd sgd{model, options};
    std::array<CrossEntropy<>, M::outputs> criteria;
    for (std::size_t step = 0; step < 100; ++step) {
        const std::size_t rows = small_batches && step % 3 == 2 ? 5 : 32;
        const auto x = draw_inputs<Net>(g, rows, std::make_index_sequence<M::inputs>{});
        std::array<xt::xtensor<std::int64_t, 1>, M::outputs> targets;
        detail::for_each_index<M::outputs>([&](auto k) {
            targets[k()] = g.randint(0, static_cast<std::int64_t>(output_shape<Net, k()>::size), rows);
        });
        const auto y =
            as_tuple(std::apply([&](const auto&... each) { return model.forward(each..., g); }, x));
        double loss = 0;
        [&]<std::size_t... K>(std::index_sequence<K...>) {
            const auto results = std::make_tuple(criteria[K](std::get<K>(y), targets[K])...);
            loss = (static_cast<double>(std::get<0>(std::get<K>(results))) + ...);
            model.backward(std::tie(std::get<1>(std::get<K>(results))...));
            if (step != 0 && !(small_batches && step == 2)) return;
            const std::string at = std::to_string(step) + "/";
            (CHECK(relative_error(std::get<K>(y), fixture(at + "y" + std::to_string(K))) <= 1e-5), ...);
            model.for_each_parameter([&](std::string_view parameter, auto, auto gradient) {
                CAPTURE(parameter);
                CHECK(relative_error(gradient, fixture(at + "gradient/" + std::string(parameter))) <= 1e-5);
            });
        }(std::make_index_sequence<M::outputs>{});
        CAPTURE(step);
        CHECK(loss == doctest::Approx(fixture("losses").values[step]).epsilon(step == 0 ? 1e-6 : 1e-4));
        sgd.step(model);
    }
    const auto same = [&](std::string_view parameter, auto value) {
        CAPTURE(parameter);
        CHECK(relative_error(value, fixture("weight/" + std::string(parameter))) <= 1e-3);
    };
    model.weights().for_each_parameter(same);
    model.for_each_buffer(same);
    const auto x = draw_inputs<Net>(g, 7, std::make_index_sequence<M::inputs>{});
    const auto check_eval = [&](const auto& evaluated) {
        const auto y =
            as_tuple(std::apply([&](const auto&... each) { return evaluated.forward(each...); }, x));
        detail::for_each_index<M::outputs>([&](auto k) {
            CHECK(relative_error(std::get<k()>(y), fixture("eval/y" + std::to_string(k()))) <= 1e-3);
        });
    };
    check_eval(freeze(model));
    check_eval(Model<Net, Eval>{model});
}

constexpr SgdOptions with_momentum{.learning_rate = 0.05F, .momentum = 0.9F, .weight_decay = 1e-3F};

} // namespace

TEST_CASE("a residual net of six blocks") { check_case<SixBlocks>("residual", {.learning_rate = 0.1F}); }
TEST_CASE("branches that are set side by side, multiplied and added")
{
    check_case<TwoBranches>("branches", {.learning_rate = 0.1F});
}
TEST_CASE("an output layer on the table of the embedding") { check_case<TiedNet>("tied", with_momentum); }
TEST_CASE("two inputs and two outputs") { check_case<TwoInputs>("inputs", with_momentum); }
TEST_CASE("a first half that does not learn") { check_case<HalfFixed>("fixed", with_momentum); }
TEST_CASE("batches of 5 between batches of 32")
{
    check_case<WithBatches>("last_batch", {.learning_rate = 0.1F}, true);
}

TEST_CASE("the file of a module with attributes and a shared weight, without mapping")
{
    using Mixed = Named<"", Residual<Named<"ln_1", LayerNorm<12>>, Named<"mix", Linear<12, 12>>>>;
    using Mlp = Sequential<Named<"c_fc", Linear<12, 48>>, GELU, Named<"c_proj", Linear<48, 12>>>;
    using Layers = Sequential<Mixed, Named<"", Residual<Named<"ln_2", LayerNorm<12>>, Named<"mlp", Mlp>>>>;
    using Net =
        Sequential<Named<"transformer.wte", Embedding<27, 12, 5>>, Named<"transformer.h", Repeat<3, Layers>>,
                   Named<"transformer.ln_f", LayerNorm<12>>,
                   Named<"lm_head", Tied<"transformer.wte", Linear<12, 27, NoBias>>>>;
    Model<Net, Eval> model;
    load(model, CTNN_GOLDEN_DIR "/named.safetensors");
    const support::Fixture& ids = branching()["named/ids"];
    auto x = xt::xtensor<int, 2>::from_shape({4, 5});
    std::copy(ids.values.begin(), ids.values.end(), x.begin());
    CHECK(relative_error(model.forward(x), branching()["named/y"]) <= 1e-5);
    CHECK(relative_error(freeze(model).forward(x), branching()["named/y"]) <= 1e-5);

    // Saved again it has the same tensors, the shared one under both names.
    const support::Folder folder;
    const std::string again = folder.file("again.safetensors");
    save(model, again);
    const auto theirs = tensors_in(CTNN_GOLDEN_DIR "/named.safetensors"), ours = tensors_in(again);
    CHECK(ours.size() == theirs.size());
    for (const TensorInfo& t : theirs) {
        CAPTURE(t.name);
        if (t.shape.size() == 2)
            CHECK(load_tensor<float, 2>(again, t.name) ==
                  load_tensor<float, 2>(CTNN_GOLDEN_DIR "/named.safetensors", t.name));
        else
            CHECK(load_tensor<float, 1>(again, t.name) ==
                  load_tensor<float, 1>(CTNN_GOLDEN_DIR "/named.safetensors", t.name));
    }
}
