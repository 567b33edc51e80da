// SPDX-License-Identifier: BSD-3-Clause
/// Makes up names with an exported network: no heap, no exceptions, and no library but the standard one.
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <system_error>

#include <ctnn/embed/sample.hpp>

#include "names.hpp"

namespace {

constexpr char usage[] = "usage: names [--count N] [--seed N] [--start-with LETTERS]\n";

bool read(std::string_view text, std::uint64_t& number)
{
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

} // namespace

int main(int argc, char** argv)
{
    static char output[4096];
    std::setvbuf(stdout, output, _IOFBF, sizeof output); // or the first line would allocate one
    std::uint64_t count = 10, seed = 1;
    std::string_view start;
    for (int i = 1; i < argc; i += 2) {
        const std::string_view option = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
        if (option == "--help") {
            std::fputs(usage, stdout);
            count = 0;
            break;
        }
        const bool good = i + 1 < argc && (option == "--count"  ? read(value, count)
                                           : option == "--seed" ? read(value, seed)
                                                                : option == "--start-with");
        if (!good) {
            std::fputs(usage, stderr);
            return 1;
        }
        if (option == "--start-with") start = value;
    }
    ctnn::embed::generator random{seed};
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto name = ctnn::embed::sample(names::model, names::characters, random, start);
        if (name.ended == ctnn::embed::status::bad_start) {
            std::fprintf(stderr, "names: '%s' is not made of %s, or is longer than 32\n", start.data(),
                         names::characters + 1);
            return 1;
        }
        if (name.ended == ctnn::embed::status::bad_network) {
            std::fputs("names: the network's answers are not finite\n", stderr);
            return 3;
        }
        if (std::puts(name.text.data()) < 0) break;
    }
    return std::fflush(stdout) == 0 && std::ferror(stdout) == 0 ? 0 : 4;
}
