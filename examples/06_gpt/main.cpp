// SPDX-License-Identifier: BSD-3-Clause
/// A small GPT, built from parts and trained on names: makemore.py's transformer, number by number. The
/// README beside it explains it line by line.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <ctnn/ctnn.hpp>
#include <ctnn/kernel/softmax.hpp>

using namespace ctnn;

/// x + attention(norm(x)), then x + mlp(norm(x)); C features, of which each head takes its part.
template <std::size_t C, std::size_t Heads>
using Block = Sequential<Residual<LayerNorm<C>, Linear<C, 3 * C>, CausalSelfAttention<Heads>, Linear<C, C>>,
                         Residual<LayerNorm<C>, Linear<C, 4 * C>, NewGELU, Linear<4 * C, C>>>;
constexpr std::size_t context = 16, classes = 27, features = 64, batch = 32;
using Gpt = Sequential<Embedding<classes, features, context>, Position<context, features>,
                       Repeat<4, Block<features, 4>>, LayerNorm<features>, Linear<features, classes, NoBias>>;
static_assert(parameter_count<Gpt> == 204'544);

/// Names as rows: 0 and the letters go in, the letters and 0 are to come out, -1 counts for nothing.
struct Rows {
    xt::xtensor<class_id, 2> x, y;
};
Rows rows_of_words(const std::vector<std::string>& words, const Vocabulary& vocabulary)
{
    std::vector<std::vector<class_id>> in, out;
    for (const std::string& word : words) {
        std::vector<class_id> ids;
        for (const char c : word) ids.push_back(vocabulary.find(c));
        in.emplace_back(ids).insert(in.back().begin(), 0);
        out.emplace_back(ids).push_back(0);
    }
    return {pad_sequences(in, context).values, pad_sequences(out, context, -1).values};
}

/// Ten names at once, a letter at a time: each is a stream, which keeps what attention needs of its letters.
void print_names(const Model<Gpt, Stream>& model, const Vocabulary& vocabulary, Generator generator)
{
    struct Name {
        Workspace<Gpt, Stream> stream;
        class_id last = 0;
        std::string text = {};
        bool ended = false;
    };
    std::vector<Name> names(10, Name{Workspace<Gpt, Stream>{model.weights()}});
    for (std::size_t t = 0; t + 1 < context; ++t)
        for (Name& name : names) {
            auto logits = model.step(name.last, name.stream);
            kernel::softmax(logits.data(), logits.data(), classes);
            name.last = static_cast<class_id>(generator.multinomial(std::span<const float>(logits)));
            name.ended = name.ended || name.last == 0;
            if (!name.ended) name.text += vocabulary.character(name.last);
        }
    for (const Name& name : names) std::printf("%s\n", name.text.c_str());
}

int main(int argc, char** argv)
try {
    const std::size_t steps = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1001;
    const Words words = read_words(argc > 2 ? argv[2] : CTNN_NAMES_FILE);
    const Vocabulary vocabulary{words};
    // The draws of makemore.py: the order of the words, the weights, and the seed of the batches.
    Generator generator{3407};
    const auto order = generator.randperm(words.size());
    const std::size_t test = std::min<std::size_t>(1000, words.size() / 10), train = words.size() - test;
    std::vector<std::string> shuffled;
    for (const std::int64_t i : order) shuffled.emplace_back(words.text[static_cast<std::size_t>(i)]);
    const Rows rows =
        rows_of_words({shuffled.begin(), shuffled.begin() + static_cast<std::ptrdiff_t>(train)}, vocabulary);
    Model<Gpt, Train<batch>> model{generator};
    AdamW adam_w{model, {.learning_rate = 5e-4, .betas = {0.9, 0.99}, .weight_decay = 0.01}};
    CrossEntropy criterion{{.ignore = -1}};
    (void)generator.random(); // a DataLoader's seed for its workers, unused
    Generator batches{static_cast<std::uint64_t>(generator.random())};

    for (std::size_t step = 0; step < steps; ++step) {
        const auto chosen = batches.randint(0, static_cast<std::int64_t>(train), batch);
        const std::vector<std::int64_t> numbers(chosen.begin(), chosen.end());
        const auto [loss, dlogits] =
            criterion(model.forward(rows_of(rows.x, numbers)), rows_of(rows.y, numbers));
        if (step % (steps > 100 ? 100 : 10) == 0) {
            std::printf("step %4zu, loss %.4f\n", step, static_cast<double>(loss));
            std::fflush(stdout);
        }
        model.backward(dlogits);
        adam_w.step(model);
    }
    print_names(Model<Gpt, Stream>{model}, vocabulary, Generator{42});
} catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
