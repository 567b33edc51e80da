// SPDX-License-Identifier: BSD-3-Clause
/// makemore.py's training, draw by draw, for one of its models.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <ctnn/kernel/softmax.hpp>
#include <ctnn/train/training.hpp>

#include "family.hpp"
#include "training.hpp"

namespace makemore {

/// Words as rows: the end and the letters go in, the letters and the end are to come out, -1 counts for
/// nothing.
struct Rows {
    xt::xtensor<class_id, 2> x, y;
};
/// The words in the order in which makemore.py has them, and what is left of its stream of random numbers.
struct FamilyData {
    Vocabulary vocabulary;
    std::vector<std::string> train_words, test_words;
    Rows train, test;
};
[[nodiscard]] FamilyData load_family(const Options& options, Generator& generator);

/// What a training printed.
struct FamilyResult {
    std::vector<double> losses; ///< of every step
    struct Evaluation {
        std::size_t step;
        double train, test;
    };
    std::vector<Evaluation> evaluations;
    std::vector<std::vector<std::string>> drawn; ///< each 200 steps
    std::vector<std::string> names;              ///< at the end
    double seconds = 0;
};
/// "model gru", "model transformer, 4 layers of 64 features": what a checkpoint is of.
[[nodiscard]] std::string description(const Options& options);
/// Trains the model that options.model names.
FamilyResult train_family(const Options& options);

// Each in a translation unit with its like.
FamilyResult train_tables(const Options& options, const FamilyData& data, Generator& generator);
FamilyResult train_recurrent(const Options& options, const FamilyData& data, Generator& generator);
FamilyResult train_transformer(const Options& options, const FamilyData& data, Generator& generator);

/// Prints names by where they are known from, as makemore.py does.
void print_drawn(const FamilyData& data, const std::vector<std::string>& names);

/// The batches of makemore.py's sampler, whose generator is its own: with their number a training is taken
/// up.
struct FamilyBatches {
    Generator generator;
    std::size_t words;
    std::vector<std::int64_t> next()
    {
        const auto drawn = generator.randint(0, static_cast<std::int64_t>(words), family_batch);
        return {drawn.begin(), drawn.end()};
    }
    void for_each_state(auto&&) const {}
    [[nodiscard]] std::string settings() const { return fmt::format("{} words", words); }
};

/// What a model reads: the ids; of the Mlp at each position those up to it, the newest first.
template <class Net>
xt::xtensor<class_id, 2> inputs_of(xt::xtensor<class_id, 2> x)
{
    if constexpr (input_shape<Net>::size == steps) {
        return x;
    } else {
        xt::xtensor<class_id, 2> windows({x.shape()[0], input_shape<Net>::size}, blank);
        for (std::size_t r = 0; r < x.shape()[0]; ++r)
            for (std::size_t t = 0; t < steps; ++t)
                for (std::size_t back = 0; back <= t; ++back) windows(r, t * steps + back) = x(r, t - back);
        return windows;
    }
}

/// A model that writes letter by letter. A voice is what one word needs of its letters so far.
template <class Net>
struct Writer {
    Model<Net, Stream> model;
    using Voice = Workspace<Net, Stream>;
    template <Mode M>
    explicit Writer(const Model<Net, M>& other) : model(other)
    {}
    [[nodiscard]] Voice voice() const { return Voice{model.weights()}; }
    [[nodiscard]] std::array<float, letters> next(Voice& voice, class_id id) const
    {
        return model.step(id, voice);
    }
};
template <>
struct Writer<Mlp> {
    Model<MlpOf<1>, Eval> model;
    using Voice = std::array<class_id, steps>;
    template <Mode M>
    explicit Writer(const Model<Mlp, M>& other)
    {
        std::copy_n(other.parameter_block(), Weights<Mlp>::bytes / sizeof(float), model.parameter_block());
    }
    [[nodiscard]] Voice voice() const
    {
        Voice window;
        window.fill(blank);
        return window;
    }
    [[nodiscard]] std::array<float, letters> next(Voice& voice, class_id id) const
    {
        std::shift_right(voice.begin(), voice.end(), 1);
        voice[0] = id;
        return model.forward_one(voice);
    }
};

/// Words abreast, each letter of all before the next, as makemore.py draws them; cut at their ends.
template <class Net>
std::vector<std::string> draw_words(const Writer<Net>& writer, const Vocabulary& vocabulary,
                                    std::size_t count, std::size_t top_k, Generator& generator)
{
    std::vector<typename Writer<Net>::Voice> voices(count, writer.voice());
    std::vector<class_id> last(count, 0);
    std::vector<bool> ended(count, false);
    std::vector<std::string> words(count);
    for (std::size_t t = 0; t + 1 < steps; ++t)
        for (std::size_t r = 0; r < count; ++r) {
            auto logits = writer.next(voices[r], last[r]);
            last[r] = draw_letter(std::span<float>(logits).first(vocabulary.size()), top_k, generator);
            ended[r] = ended[r] || last[r] == 0;
            if (!ended[r]) words[r] += vocabulary.character(last[r]);
        }
    return words;
}

/// The mean of the losses of the first 11 batches of 100, in an order of their own, as makemore.py evaluates.
template <class M>
double evaluate(const M& model, const Rows& rows, Generator& generator)
{
    CrossEntropy criterion{{.ignore = -1}};
    (void)generator.random(); // a DataLoader's seed for its workers, unused
    Generator order{static_cast<std::uint64_t>(generator.random())};
    const auto shuffled = order.randperm(rows.x.shape()[0]);
    constexpr std::size_t size = 100, most = 11;
    double sum = 0;
    std::size_t batches = 0;
    for (; batches < most && batches * size < shuffled.size(); ++batches) {
        const auto first = shuffled.begin() + static_cast<std::ptrdiff_t>(batches * size);
        const std::vector<std::int64_t> chosen(
            first, first + static_cast<std::ptrdiff_t>(std::min(size, shuffled.size() - batches * size)));
        const auto logits = model.forward(inputs_of<typename M::network>(rows_of(rows.x, chosen)));
        const auto [loss, unused] = criterion(logits, rows_of(rows.y, chosen));
        sum += static_cast<double>(loss);
    }
    return sum / static_cast<double>(batches);
}

/// Prints words one after the other, letter by letter.
template <class Net>
void write_words(const Model<Net, Eval>& model, const Vocabulary& vocabulary, const Options& options)
{
    const Writer<Net> writer{model};
    Generator generator{options.seed + 10};
    for (std::size_t i = 0; i < options.samples; ++i) {
        stop_if_asked("while drawing names");
        auto voice = writer.voice();
        write_word([&](class_id letter) { return writer.next(voice, letter); }, vocabulary, options.top_k,
                   steps - 1, generator);
    }
}

template <class Net>
FamilyResult train_model(const Options& options, const FamilyData& data, Generator& generator)
{
    Model<Net, Train<family_batch>> model{generator};
    set_masks(model);
    AdamW adam_w{model,
                 {.learning_rate = options.learning_rate.value_or(5e-4),
                  .betas = {0.9, 0.99},
                  .weight_decay = options.weight_decay}};
    CrossEntropy criterion{{.ignore = -1}};
    (void)generator.random(); // a DataLoader's seed for its workers, unused
    FamilyBatches batches{Generator{static_cast<std::uint64_t>(generator.random())}, data.train_words.size()};
    if (options.prints_names) fmt::print("model #params: {}\n", parameter_count<Net>);
    Training training{
        {.steps = options.steps.value_or(5001),
         .checkpoint = options.checkpoint,
         .resume = options.resume,
         .every = options.every,
         .metrics = options.metrics,
         .settings = fmt::format("{}, seed {}, weight decay {}, {}", description(options), options.seed,
                                 options.weight_decay, characters_text(data.vocabulary)),
         .overwrite = options.overwrite,
         .shows_progress = false},
        model,
        adam_w,
        generator,
        batches};
    for (std::size_t step = 0; step < training.first(); ++step) (void)batches.next();
    FamilyResult result;
    double before = training.seconds();
    while (training.next()) {
        const std::size_t step = training.step();
        const auto chosen = batches.next();
        const auto [loss, dlogits] = criterion(model.forward(inputs_of<Net>(rows_of(data.train.x, chosen))),
                                               rows_of(data.train.y, chosen));
        training.record(static_cast<double>(loss));
        model.backward(dlogits);
        adam_w.step(model);
        result.losses.push_back(static_cast<double>(loss));
        const double now = training.seconds();
        if (options.prints_names && step % options.log_every == 0)
            fmt::print("step {} | loss {:.4f} | step time {:.3f}ms\n", step, loss, (now - before) * 1000);
        before = now;
        if (step > 0 && step % 500 == 0) {
            const Model<Net, Eval> eval{model};
            const double train = evaluate(eval, data.train, generator),
                         test = evaluate(eval, data.test, generator);
            result.evaluations.push_back({step, train, test});
            training.evaluated({{"train loss", train}, {"test loss", test}});
            if (options.prints_names)
                fmt::print("step {} train loss: {:.6f} test loss: {:.6f}\n", step, train, test);
        }
        if (step > 0 && step % 200 == 0) {
            result.drawn.push_back(
                draw_words(Writer<Net>{model}, data.vocabulary, 10, options.top_k, generator));
            if (options.prints_names) print_drawn(data, result.drawn.back());
        }
        std::fflush(stdout);
    }
    if (training.signal() != 0)
        throw Failure(128 + training.signal(),
                      training.how_it_stopped() +
                          (options.checkpoint.empty() ? "" : ", go on with --resume " + options.checkpoint));
    if (!training.problem().empty()) throw Failure(4, training.problem());
    result.seconds = training.seconds();
    Generator drawing{options.drawing_seed.value_or(options.seed + 10)};
    result.names = draw_words(Writer<Net>{model}, data.vocabulary, options.samples, options.top_k, drawing);
    if (options.prints_names) fmt::print("\n");
    for (const std::string& name : result.names)
        if (options.prints_names) fmt::print("{}\n", name);
    return result;
}

} // namespace makemore
