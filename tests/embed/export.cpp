// SPDX-License-Identifier: BSD-3-Clause
/// export FOLDER: writes networks of all layers as headers, plain, frozen and with weights of one byte, and
/// cases.hpp, which asks each of them for what the library has answered; check.cpp is compiled with that.
#include <ctnn/ctnn.hpp>
#include <ctnn/io/export_header.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "../support/random_nets.hpp"

using namespace ctnn;

namespace {

/// Two matrices and a buffer, y = x a + (x b)^2 + shift; one matrix in bytes where that is asked for.
template <bool Int8>
struct Squares {
    using self = Squares;
    static constexpr std::array parameters{Parameter{"a", {3, 3}, 0, layout::transposed},
                                           Parameter{"b", {3, 3}}};
    static constexpr std::array buffers{Parameter{"shift", {3}, 0.5}};
    static constexpr extents output(const extents& input) { return input; }
    static std::string embedded(const extents&)
        requires(!Int8)
    {
        return "::own::squares";
    }
    static std::string embedded(const extents&, bool int8 = false)
        requires Int8
    {
        return int8 ? "::own::small_squares" : "::own::squares";
    }
    template <class T>
    static void reset(const std::array<std::span<T>, 2>& p, Generator& generator)
    {
        for (const auto& values : p) generator.fill_randn(values);
    }
    static void forward(const auto& pass)
    {
        const auto [a, b] = pass.parameters();
        for (std::size_t i = 0; i < pass.x().size(); i += 3)
            for (std::size_t o = 0; o < 3; ++o) {
                float y = 0, root = 0;
                for (std::size_t k = 0; k < 3; ++k) {
                    y += pass.x()[i + k] * a[k * 3 + o];
                    root += pass.x()[i + k] * b[k * 3 + o];
                }
                pass.y()[i + o] = y + root * root + pass.buffers()[0][o];
            }
    }
    static void backward(const auto&) {} // not trained here
};

constexpr std::size_t samples = 20;

struct Cases {
    std::string folder, includes, text;
    Generator generator{2147483647};
    int count = 0, streams = 0;

    /// One exported header, and the answers of `model`, which it shall give.
    template <class Net>
    void add(const Model<Net, Eval>& exported, const Model<Net, Eval>& model, const ExportOptions& options)
    {
        const std::string name = "net_" + std::to_string(count++);
        export_header(exported, folder + "/" + name + ".hpp", "exported::" + name, options);
        constexpr std::size_t in = Model<Net, Eval>::sample_size, out = Model<Net, Eval>::output_size;
        std::vector<float> numbers, answers;
        for (std::size_t s = 0; s < samples; ++s) {
            std::array<float, in> x{};
            generator.fill_randn(std::span<float>(x));
            if constexpr (Model<Net, Eval>::takes_ids)
                for (float& id : x) id = static_cast<float>(generator.randint(0, 11));
            std::array<float, out> y{};
            if constexpr (Model<Net, Eval>::takes_ids) {
                std::array<class_id, in> ids{};
                std::transform(x.begin(), x.end(), ids.begin(),
                               [](float id) { return static_cast<class_id>(id); });
                y = model.forward_one(ids);
            } else {
                y = model.forward_one(x);
            }
            numbers.insert(numbers.end(), x.begin(), x.end());
            answers.insert(answers.end(), y.begin(), y.end());
        }
        write("agrees", name, signature<Net>(), numbers, answers);
    }
    /// The call of `check`, with what the exported network is asked and what it shall answer.
    void write(const std::string& check, const std::string& name, const std::string& signature,
               const std::vector<float>& numbers, const std::vector<float>& answers)
    {
        includes += "#include \"" + name + ".hpp\"\n";
        detail::append_array(text, "float", name + "_x", numbers, detail::float_text);
        detail::append_array(text, "float", name + "_y", answers, detail::float_text);
        text += "// " + signature + "\ninline bool check_" + name + "() { return " + check +
                "(exported::" + name + "::model, " + name + "_x, " + name + "_y, \"" + name + "\"); }\n";
    }

    /// The same of a stream, which shall give these answers one after the other.
    template <class Net>
    void add_stream(const Model<Net, Eval>& model, const ExportOptions& options)
    {
        using Streamed = Model<Net, Stream>;
        if constexpr (detail::is_sound<Net, Stream>) {
            const std::string name = "net_" + std::to_string(count++);
            Streamed stream{model};
            export_header(stream, folder + "/" + name + ".hpp", "exported::" + name, options);
            std::vector<float> numbers, answers;
            for (std::size_t s = 0; s < samples; ++s) {
                std::array<float, Streamed::step_size> x{};
                generator.fill_randn(std::span<float>(x));
                if constexpr (Streamed::takes_ids)
                    for (float& id : x) id = static_cast<float>(generator.randint(0, 11));
                std::array<typename Streamed::value, Streamed::step_size> in{};
                std::transform(x.begin(), x.end(), in.begin(),
                               [](float e) { return static_cast<typename Streamed::value>(e); });
                const auto y = stream.step(in);
                numbers.insert(numbers.end(), x.begin(), x.end());
                answers.insert(answers.end(), y.begin(), y.end());
            }
            write("streams", name, signature<Net>(), numbers, answers);
            ++streams;
        }
    }

    template <class Net>
    void add_all()
    {
        Model<Net, Train<2>> model{generator};
        model.for_each_buffer([&](auto name, auto value) {
            init::uniform(value, generator, name.ends_with("mean") ? -2.0 : 0.5, 2.0);
        });
        const Model<Net, Eval> eval{model};
        add(eval, eval, {});
        add_stream(eval, {});
        const auto frozen = freeze(model);
        using FrozenNet = Frozen<Net>;
        if constexpr (!std::is_same_v<FrozenNet, Net>) add(frozen, frozen, {});
        constexpr auto forms = detail::int8_forms(detail::leaves_of<FrozenNet>{});
        if constexpr (std::find(forms.begin(), forms.end(), true) != forms.end())
            add(frozen, with_int8_weights(frozen), {.int8 = true});
    }
};

} // namespace

/// What cannot be exported is refused, and no file is left.
bool refuses(const std::string& folder)
{
    Model<Sequential<Linear<3, 4>>, Eval> model;
    const std::string path = folder + "/refused.hpp";
    int refused = 0, asked = 0;
    const auto ask = [&](const std::string& name, const ExportOptions& options, const char* text) {
        ++asked;
        try {
            export_header(model, path, name, options);
            std::printf("exported as %s\n", name.c_str());
        } catch (const Error& error) {
            if (std::string(error.what()).find(text) != std::string::npos && !std::ifstream(path)) ++refused;
            else std::printf("%s\n", error.what());
        }
    };
    for (const char* name :
         {"", "1a", "a b", "a::", "::a", "a:b", "a::class", "int", "std", "my::ctnn", "a-b"})
        ask(name, {}, "is no name for a namespace");
    ask("net", {.characters = "abcd"}, "4 characters, and the network has 4 classes");
    ask("net", {.characters = "aba"}, "one twice, at 0");
    ask("net", {.characters = std::string("a\0", 2)}, "a byte of 0");
    model.parameter<"0.weight">()(1, 2) = std::nanf("");
    ask("net", {}, "number 6 of layer_0_weight is NaN");
    ask("net", {.int8 = true, .allow_non_finite = true}, "cannot hold that");
    try {
        (void)with_int8_weights(model);
    } catch (const Error&) {
        ++refused;
    }
    return refused == asked + 1;
}

int main(int argc, char** argv)
{
    if (argc != 2 || !refuses(argv[1])) return 1;
    Cases cases;
    cases.folder = argv[1];
    cases.add_all<Linear<5, 3>>();
    cases.add_all<
        Sequential<Embedding<27, 10>, Linear<30, 40, NoBias>, BatchNorm<40>, Tanh, Linear<40, 27>>>();
    cases.add_all<Sequential<Embedding<11, 4, 8>, FlattenConsecutive<2>, Linear<8, 7, NoBias>,
                             BatchNorm<7, LectureVariance>, Tanh, FlattenConsecutive<2>, Linear<14, 6>,
                             BatchNorm<6>, Tanh, FlattenConsecutive<2>, Linear<12, 5>>>();
    cases.add_all<Sequential<Embedding<11, 4, 3>, BatchNorm<4, LectureStd>, ReLU, Flatten,
                             Linear<12, 33, NoBias>, LayerNorm<33>, GELU>>();
    cases.add_all<Sequential<Input<3, 8>, LayerNorm<8>, Linear<8, 6, NoBias>, Sigmoid, GroupNorm<2, 6>,
                             LeakySlope<1, 5>, Linear<6, 17>, BatchNorm<17>>>();
    cases.add_all<
        Sequential<Input<2, 9>, BatchNorm<9>, Dropout<1, 5>, Linear<9, 16>, LeakyReLU, Linear<16, 1>>>();
    cases.add_all<Sequential<Linear<4, 3>, Squares<false>, Linear<3, 2, NoBias>>>();
    cases.add_all<Sequential<Linear<4, 3>, Squares<true>>>();
#define LAYER(name, torch, rows, sample, ...)                                                                \
    cases.add_all<Sequential<Input<CTNN_EXTENTS sample>, __VA_ARGS__, Tanh>>();
#define ACTIVATION(name, torch, f, derivative, ...) cases.add_all<Sequential<Input<37>, __VA_ARGS__>>();
#define CTNN_EXTENTS(...) __VA_ARGS__
#define WINDOW(...)
#define RECURRENT(...) LAYER(__VA_ARGS__)
#define STACKED(...) LAYER(__VA_ARGS__)
#define BRANCHES(...)
#include "../support/layers.def"
    // all windows, several to a network
    cases.add_all<Sequential<Image<3, 7, 6>, Conv2d<3, 4, window{3, 2}, Stride<2, 1>, Padding<1>>,
                             MaxPool<window{2, 1}, Stride<1>, Padding<1, 0>>, BatchNorm<4>, Upsample<2>,
                             AveragePool<3, Stride<2>, Padding<1>, CeilMode>, ChannelsFirst>>();
    cases
        .add_all<Sequential<Input<5, 6, 4>, Conv2d<4, 4, 2, Dilation<1, 2>, Groups<4>>,
                            ConvTranspose2d<4, 6, window{3, 2}, Stride<2, 3>, Dilation<2>, Groups<2>>,
                            AveragePool<window{2, 3}, Stride<1>, Padding<1>, ExcludePadding>, Tanh,
                            AdaptiveAveragePool<window{2, 3}>, Conv2d<6, 5, 1, NoBias>, GlobalAveragePool>>();
    cases.add_all<Sequential<Input<2, 12>, ChannelsLast, Conv1d<2, 6, 4, Same>,
                             MaxPool<3, Stride<2>, CeilMode>, Conv1d<6, 6, 2, Groups<3>, NoBias>,
                             BatchNorm<6>, ConvTranspose1d<6, 4, 4, Stride<2>, Padding<1>, OutputPadding<1>>,
                             AveragePool<2>, AdaptiveAveragePool<3>, Upsample<2>, GroupNorm<2, 4>>>();
    cases.add_all<Sequential<Input<9, 2>, Conv1d<2, 6, 3, Causal, Dilation<2>>, Tanh,
                             Conv1d<6, 6, 2, Causal, Groups<6>>, BatchNorm<6>, Conv1d<6, 3, 1>>>();
    support::for_each_random_net<6>([&]<class Net> { cases.add_all<Net>(); });
    cases.add_all<Sequential<Embedding<11, 6, 5>, Position<5, 6>, Linear<6, 18>, CausalSelfAttention<3>,
                             BagOfWords, Gru<6, 5, Layers<2>>, LayerNorm<5>, Linear<5, 4>, Softmax>>();
    std::ofstream file(cases.folder + "/cases.hpp");
    file << cases.includes << "\n" << cases.text << "\ninline bool check_all()\n{\n    bool good = true;\n";
    for (int i = 0; i < cases.count; ++i) file << "    good = check_net_" << i << "() && good;\n";
    file << "    return good;\n}\n";
    std::printf("%d networks exported, %d of them as streams\n", cases.count, cases.streams);
    return cases.streams > 20 && file.flush() ? 0 : 4;
}
