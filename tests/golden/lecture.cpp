// SPDX-License-Identifier: BSD-3-Clause
/// The published notebook's own lines, from its own list of names. The path of that list comes from
/// CTNN_LECTURE_DATA.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <ctnn/ctnn.hpp>

#include <xtensor/xview.hpp>

#include "../../examples/11_makemore/training.hpp"

using namespace makemore;

namespace {

const Data* lecture_data()
{
    static const std::optional<Data> data = []() -> std::optional<Data> {
        const char* path = std::getenv("CTNN_LECTURE_DATA");
        if (path == nullptr || *path == '\0') return std::nullopt;
        return load(path);
    }();
    if (!data)
        MESSAGE("skipped: CTNN_LECTURE_DATA names no file; it is the list of 32,033 names of the lecture");
    return data ? &*data : nullptr;
}

} // namespace

TEST_CASE("run A: the losses of steps 0 and 10,000, and their data")
{
    const Data* data = lecture_data();
    if (data == nullptr) return;
    CHECK(data->train.size() == 182'625);
    CHECK(data->validation.size() == 22'655);
    CHECK(data->test.size() == 22'866);

    Generator generator{2147483647};
    Model<BatchNormNet, Train<batch>> model;
    initialise_batchnorm(model, generator);
    Sgd sgd{model, {.learning_rate = 0.1F}};
    CrossEntropy criterion;
    Minibatches<batch> batches{data->train};
    std::array<double, 2> printed{};
    for (std::size_t step = 0; step <= 10'000; ++step) {
        const auto [contexts, targets] = batches.next(generator);
        const auto& logits = model.forward(contexts);
        const auto [loss, dlogits] = criterion(logits, targets);
        if (step % 10'000 == 0) printed[step / 10'000] = static_cast<double>(loss);
        model.backward(dlogits);
        sgd.step(model);
    }
    CHECK(std::fabs(printed[0] - 3.3239) <= 1.5e-4);
    CHECK(std::fabs(printed[1] - 2.0322) <= 1.5e-4);
}

TEST_CASE("run B: the first loss, both tables, the split losses and twenty names")
{
    const Data* data = lecture_data();
    if (data == nullptr) return;
    Generator generator{2147483647};
    Model<DeepNet, Train<batch, RetainGradients>> model;
    initialise_deep(model, generator);
    Sgd sgd{model, {.learning_rate = 0.1F}};
    CrossEntropy criterion;
    Minibatches<batch> batches{data->train};
    double first = 0;
    for (std::size_t step = 0; step <= 1000; ++step) {
        const auto [contexts, targets] = batches.next(generator);
        const auto& logits = model.forward(contexts);
        const auto [loss, dlogits] = criterion(logits, targets);
        if (step == 0) first = static_cast<double>(loss);
        model.backward(dlogits);
        sgd.step(model);
    }
    CHECK(std::fabs(first - 3.2870) <= 1e-4);

    // Tanh outputs: std, per cent saturated, std of their gradients. Layer numbers count every layer from the
    // embedding's 0.
    struct Row {
        double std, saturated, gradient_std;
    };
    const Row rows[] = {{0.63, 2.78, 2.640702e-03},
                        {0.64, 2.56, 2.245584e-03},
                        {0.65, 2.25, 2.045742e-03},
                        {0.65, 1.69, 1.983134e-03},
                        {0.65, 1.88, 1.952382e-03}};
    // The published digits, from the library's own tables. A step of 1e-6 is what a thousand steps make of
    // roundings; the sums of another register width end there too.
    const auto layers = layer_statistics(model);
    std::size_t row = 0;
    for (const LayerStatistics& l : layers) {
        if (l.layer.type != "Tanh") continue;
        CAPTURE(l.layer.name());
        REQUIRE(row < 5);
        CHECK(std::fabs(l.output.mean) < 0.005);
        CHECK(std::fabs(l.output.std - rows[row].std) <= 0.0051);
        CHECK(std::fabs(100 * l.saturated - rows[row].saturated) <= 0.0051);
        CHECK(std::fabs(l.gradient.std / rows[row].gradient_std - 1) <= 2e-6);
        ++row;
    }
    CHECK(row == 5);

    const double means[] = {0, 0.000246, 0.000113, -0.000086, 0.000052, 0.000032, -0.000082};
    const double stds[] = {8.020534e-03, 9.241077e-03, 7.132879e-03, 6.234305e-03,
                           5.742187e-03, 5.672205e-03, 1.209416e-02};
    const double ratios[] = {8.012630e-03, 4.881091e-02, 6.964619e-02, 6.073741e-02,
                             5.631483e-02, 5.570125e-02, 1.160106e-01};
    std::size_t weight = 0;
    for (const ParameterStatistics& p : parameter_statistics(model)) {
        if (p.shape.size() != 2) continue;
        CAPTURE(p.name);
        REQUIRE(weight < 7);
        CHECK(std::fabs(p.gradient.mean - means[weight]) <= 1.1e-6);
        CHECK(std::fabs(p.gradient.std / stds[weight] - 1) <= 2e-6);
        CHECK(std::fabs(p.gradient_to_data / ratios[weight] - 1) <= 2e-6);
        ++weight;
    }
    CHECK(weight == 7);

    const auto frozen = freeze(model);
    CHECK(std::fabs(loss_over(frozen, data->train) - 2.4002976) <= 1e-4);
    CHECK(std::fabs(loss_over(frozen, data->validation) - 2.3982467) <= 1e-4);
    const std::vector<std::string> published{
        "carpah",     "qarlileif", "jmrix", "thty",   "sacansa", "jazhnte", "dpn",   "arciigqeiunellaia",
        "chriiv",     "kalein",    "dhlm",  "join",   "qhinn",   "sroin",   "arian", "quiqaelogiearyxix",
        "kaeklinsan", "ed",        "ecoia", "gtleley"};
    Generator names{2147483657};
    for (const std::string& name : published) CHECK(sample(frozen, data->vocabulary, names) == name);
}

TEST_CASE("the baseline is called bad in words, kaiming and batchnorm sound")
{
    const Data* data = lecture_data();
    if (data == nullptr) return;
    Options options;
    options.steps = 3000;
    options.samples = 0;
    options.report = "observed"; // a name is all that training asks for
    const auto verdicts = [&](Stage stage) {
        return train(stage, *data, options, true, [](const Result&) {}).run->verdicts;
    };
    const auto bad = verdicts(Stage::baseline);
    CHECK(!sound(bad));
    const std::string text = text_of(bad);
    CHECK(text.find("The first loss is 27.88; a network that knows nothing should have 3.30") !=
          std::string::npos);
    CHECK(text.find("of its outputs are saturated (beyond 0.99") != std::string::npos);
    for (const Stage stage : {Stage::kaiming, Stage::batchnorm}) {
        const auto good = verdicts(stage);
        CAPTURE(text_of(good));
        CHECK(sound(good));
    }
}

TEST_CASE("an observed training is the training")
{
    if (lecture_data() == nullptr) return;
    Data data = *lecture_data();
    for (Samples* part : {&data.train, &data.validation, &data.test}) { // few, or looking at all takes long
        const Samples all = *part;
        const std::size_t n = std::min<std::size_t>(10'000, all.size());
        part->contexts = xt::view(all.contexts, xt::range(0, n), xt::all());
        part->targets = xt::view(all.targets, xt::range(0, n));
    }
    for (const Stage stage :
         {Stage::baseline, Stage::batchnorm, Stage::deep, Stage::layernorm, Stage::groupnorm}) {
        Options options;
        options.steps = 300;
        options.samples = 0;
        const Result plain = train(stage, data, options, true, [](const Result&) {});
        options.report = "observed";
        const Result observed = train(stage, data, options, true, [](const Result&) {});
        CHECK(observed.initial_loss == doctest::Approx(plain.initial_loss).epsilon(1e-6));
        CHECK(observed.validation == doctest::Approx(plain.validation).epsilon(1e-5));
        CHECK(!plain.run);
    }
}

TEST_CASE("the first losses of the stages")
{
    const Data* data = lecture_data();
    if (data == nullptr) return;
    Options options;
    options.steps = 1;
    options.samples = 0;
    CHECK(std::fabs(train(Stage::baseline, *data, options, true, [](const Result&) {}).initial_loss -
                    27.8817) <= 5e-4);
    CHECK(std::fabs(train(Stage::calm_output, *data, options, true, [](const Result&) {}).initial_loss -
                    3.32) <= 0.005);
}
