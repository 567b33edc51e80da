// SPDX-License-Identifier: BSD-3-Clause
/// libFuzzer: any bytes as a data file. What is no list of words is an error; what is one becomes samples
/// that are in range.
#include <ctnn/ctnn.hpp>

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void require(bool holds)
{
    if (!holds) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    try {
        ctnn::Words words = ctnn::words_from({reinterpret_cast<const char*>(data), size}, "the input");
        const ctnn::Vocabulary vocabulary{words};
        ctnn::shuffle(words, ctnn::PythonRandom{42});
        const ctnn::Samples samples = ctnn::ngrams(words, vocabulary, 3);
        std::size_t characters = 0;
        for (const std::string& word : words.text) {
            require(!word.empty() && word.size() <= ctnn::longest_line);
            characters += word.size() + 1;
        }
        require(samples.size() == characters);
        for (const ctnn::class_id id : samples.contexts)
            require(id >= 0 && static_cast<std::size_t>(id) < vocabulary.size());
        for (const ctnn::class_id id : samples.targets)
            require(id >= 0 && static_cast<std::size_t>(id) < vocabulary.size());
        const ctnn::Split parts = ctnn::split(words);
        require(parts.train.size() + parts.validation.size() + parts.test.size() == words.size());
    } catch (const ctnn::Error& error) {
        require(error.id() == "ctnn.data");
    }
    return 0;
}
