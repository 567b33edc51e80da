// SPDX-License-Identifier: BSD-3-Clause
/// Training and answering leave the process as it was.
#include <ctnn/ctnn.hpp>

#include <cerrno>
#include <cfenv>
#include <clocale>
#include <cstdlib>
#include <locale>
#include <string>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include <doctest/doctest.h>

using namespace ctnn;

namespace {

/// A locale with a decimal comma and grouped digits, whatever locales the machine has.
struct grouping : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
};

unsigned control_word()
{
#if defined(__SSE__)
    return _mm_getcsr() & ~0x3fU; // without the flags that say what rounded
#else
    return 0;
#endif
}

} // namespace

TEST_CASE("rounding, floating-point control, errno, the locale and std::rand stay as they are")
{
    const std::locale before = std::locale::global(std::locale(std::locale::classic(), new grouping));
    std::srand(5);
    const int expected = std::rand();
    std::srand(5);
    errno = 7;
    const int rounding = std::fegetround();
    const unsigned word = control_word();

    using Net = Sequential<Embedding<27, 10>, Linear<30, 1100>, BatchNorm<1100>, Tanh, Linear<1100, 27>>;
    Generator g{1};
    Model<Net, Train<4>> model{g};
    CrossEntropy criterion;
    Sgd sgd{model, {.momentum = 0.5F}};
    const auto& logits = model.forward(g.randint(0, 27, 4, 3));
    const auto [loss, dlogits] = criterion(logits, g.randint(0, 27, 4));
    model.backward(dlogits);
    sgd.step(model);
    const Words words = words_from("emma\nava\n");
    (void)ngrams(words, Vocabulary{words}, 3);
    (void)sample(freeze(model), Vocabulary{"abc"}, g);
    CHECK(summary<Net>().find("34,100") != std::string::npos); // our own comma, not the locale's
    CHECK_THROWS_WITH_AS((void)model.forward(g.randint(0, 27, 1234, 3)), doctest::Contains("(1234, 3)"),
                         Error);

    CHECK(errno == 7);
    CHECK(std::fegetround() == rounding);
    CHECK(control_word() == word);
    CHECK(std::rand() == expected);
    CHECK(std::locale().name() == std::locale(std::locale::classic(), new grouping).name());
    std::locale::global(before);
}
