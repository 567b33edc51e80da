// SPDX-License-Identifier: BSD-3-Clause
/// The README's blocks, as they stand there, in programs around them; compiled, and not run.
#include <vector>

#include <ctnn/ctnn.hpp>
#include <ctnn/io/export_header.hpp>
#include <ctnn/report/report.hpp>
#include <ctnn/train/training.hpp>

using namespace ctnn;

// clang-format off
using Block = Residual<LayerNorm<64>, Linear<64, 256>, GELU, Linear<256, 64>>;
using Deep = Sequential<Linear<8, 64>, Repeat<48, Block>, LayerNorm<64>, Linear<64, 5>>; // 48 for one
using Shared = Sequential<Named<"e", Embedding<27, 9, 3>>, Flatten, Linear<27, 9>, Tied<"e", Linear<9, 27>>>;
using Two = Sequential<Inputs<Linear<5, 8>, Linear<9, 8>>, Outputs<Linear<16, 6>, Linear<16, 3>>>;
// clang-format on
static_assert(parameter_count<Deep> > 0 && parameter_count<Shared> > 0 && parameter_count<Two> > 0);

using Net = Sequential<Linear<4, 8>, Tanh, Linear<8, 3>>;
using Voice = Sequential<Input<64, 1>, Conv1d<1, 8, 3, Causal>, Tanh, Linear<8, 1>>;
using NameNet = Sequential<Embedding<27, 10, 3>, Flatten, Linear<30, 27>>;

void train_and_watch(Model<Net, Train<8>>& model, Generator& generator, bool again)
{
    AdamW adam_w{model};
    CrossEntropy criterion;
    EarlyStopping stopping{model};
    const xt::xtensor<float, 2> inputs = generator.randn(64, 4);
    const xt::xtensor<int, 1> targets = xt::zeros<int>({64});
    auto epochs = epochs_of<8>(inputs, targets);
    Run run{.name = "first"};
    // clang-format off
Training training{{.steps = 20'000, .checkpoint = "run", .resume = again ? "run" : ""}, model, adam_w,
                  generator, epochs, stopping};
while (training.next()) {                                  // progress, checkpoints, Ctrl-C, the early stop
    const auto [x, y] = epochs.next(generator);
    const auto [loss, dlogits] = criterion(model.forward(x), y);
    training.record(loss);                                 // NaN: an error with the step and the layer
    model.backward(dlogits);
    adam_w.step(model);
}
run.see(training); // Run run{.name = "first"}; see_start, see_end: its layers, and verdicts in words
write_report("report", {run});
    // clang-format on
}

void freeze_and_save(const Model<NameNet, Train<8>>& model, const Model<Voice, Train<8>>& trained,
                     std::vector<float>& block, const Vocabulary& vocabulary)
{
    Model<NameNet, Eval> other;
    // clang-format off
Model<Voice, Stream> voice{trained};                 // a time step in, one out; the state is in the model
for (float& sample : block) sample = voice.step(sample)[0]; // no allocation, no lock, nothing thrown
save(model, "names.safetensors");                    // whole and on disk, or the old file stays
load(other, "names.safetensors");                    // everything, or an error and other as it was
export_header(freeze(model), "names.hpp", "names", {.characters = vocabulary.characters()});
    // clang-format on
}
