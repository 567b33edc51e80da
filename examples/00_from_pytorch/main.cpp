// SPDX-License-Identifier: BSD-3-Clause
/// What README.md sets beside main.py: it prints what that prints with PyTorch 1.13.
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <ctnn/ctnn.hpp>
#include <ctnn/io/model_file.hpp>

using namespace ctnn;

// A network
using Net = Sequential<Linear<4, 16>, Tanh, Dropout<1, 5>, Linear<16, 3>>;

// Branches
using Block = Residual<LayerNorm<8>, Linear<8, 32>, GELU, Linear<32, 8>>;
using Deep = Sequential<Linear<4, 8>, Repeat<3, Block>, Linear<8, 1>>;

// Fine tuning: the first layer stays as it is
using Tuned = Sequential<Fixed<Linear<4, 16>>, Tanh, Dropout<1, 5>, Linear<16, 3>>;

int main(int argc, char** argv)
try {
    const std::string file = argc > 1 ? argv[1] : "from_pytorch.safetensors";

    // A network
    Generator generator{42};
    Model<Net, Train<8>> net{generator};
    const xt::xtensor<float, 2> x = generator.randn(240, 4);
    auto y = xt::xtensor<class_id, 1>::from_shape({240});
    for (std::size_t i = 0; i < 240; ++i) y(i) = (x(i, 0) > 0) + (x(i, 1) > 0);
    std::printf("%zu parameters, the first %.5f\n", parameter_count<Net>,
                static_cast<double>(net.parameter<"0.weight">()(0, 0)));

    // A training
    AdamW optimizer{net, {.learning_rate = 1e-2, .weight_decay = 0.1}};
    const StepLR schedule{1e-2, 40, 0.5};
    Generator order{1};
    auto epochs = epochs_of<8>({.order = SampleOrder::data_loader}, x, y);
    CrossEntropy criterion{{.label_smoothing = 0.1}};
    for (std::size_t epoch = 0, step = 0; epoch < 4; ++epoch) {
        float last = 0;
        for (const auto& [inputs, targets] : epochs.epoch(order)) {
            const auto [loss, dlogits] = criterion(net.forward(inputs, generator), targets);
            net.backward(dlogits);
            clip_gradient_norm(net, 1.0);
            optimizer.set_learning_rate(schedule.at(step++));
            optimizer.step(net);
            last = loss;
        }
        std::printf("epoch %zu: loss %.4f\n", epoch, static_cast<double>(last));
    }

    // Answers
    const Model<Net, Eval> answers{net};
    const auto logits = answers.forward(x);
    Accuracy accuracy;
    accuracy.add(logits, y);
    std::printf("accuracy %.3f, the first row %.4f %.4f %.4f\n", accuracy.value(),
                static_cast<double>(logits(0, 0)), static_cast<double>(logits(0, 1)),
                static_cast<double>(logits(0, 2)));

    // Branches
    Generator seven{7};
    Model<Deep, Train<8>> deep{seven};
    std::printf("through three blocks %.5f\n", static_cast<double>(Model<Deep, Eval>{deep}.forward(x)(0, 0)));

    // Gradients
    MeanSquaredError squares;
    const xt::xtensor<float, 2> ones = xt::ones<float>({8, 1});
    const std::vector<std::int64_t> some{0, 1, 2, 3, 4, 5, 6, 7}, more{8, 9, 10, 11, 12, 13, 14, 15};
    const auto [loss_of_some, dsome] = squares(deep.forward(rows_of(x, some)), ones);
    deep.backward(dsome);
    const auto [loss_of_more, dmore] = squares(deep.forward(rows_of(x, more)), ones);
    deep.backward(dmore, accumulate); // added to those of the first
    std::printf("the gradient of the first bias %.5f\n", static_cast<double>(deep.gradient<"0.bias">()(0)));

    // Fine tuning: the first layer stays as it is
    save(net, file); // torch.save(net.state_dict(), file): the same names, and an order of axes that it knows
    Model<Tuned, Train<8>> tuned;
    load(tuned, file, {.any_signature = true});
    Sgd sgd{tuned, {.learning_rate = 0.1F}};
    const auto [tuned_loss, dtuned] = criterion(tuned.forward(rows_of(x, some), seven), rows_of(y, some));
    tuned.backward(dtuned);
    sgd.step(tuned);
    const bool same = tuned.parameter<"0.weight">() == net.parameter<"0.weight">();
    std::printf("loss %.5f, a bias %.5f, the first layer %s\n", static_cast<double>(tuned_loss),
                static_cast<double>(tuned.parameter<"3.bias">()(0)), same ? "as it was" : "moved");
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
}
