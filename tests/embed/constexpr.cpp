// SPDX-License-Identifier: BSD-3-Clause
/// The compiler runs a trained network: the most likely letter after "mma", and one whole name.
#include <algorithm>
#include <string_view>

#include <ctnn/embed/sample.hpp>

#include "../../examples/13_embed/names.hpp"

namespace {

constexpr int id(char c) { return static_cast<int>(std::string_view(names::characters).find(c)); }

constexpr char next_letter(std::string_view context)
{
    const auto logits = names::model.forward({id(context[0]), id(context[1]), id(context[2])});
    return names::characters[std::max_element(logits.begin(), logits.end()) - logits.begin()];
}
static_assert(next_letter("...") == 'a');
static_assert(next_letter("emm") == 'a');
static_assert(next_letter("joh") == 'n');

constexpr auto name = [] {
    ctnn::embed::generator random{1};
    return ctnn::embed::sample(names::model, names::characters, random);
}();
static_assert(name.ended == ctnn::embed::status::complete);
static_assert(name.view() == "feana");

constexpr bool refuses_ids = [] {
    std::array<float, names::model.out> y{};
    return !names::model.forward(y, std::array{0, 27, 0}) && !names::model.forward(y, std::array{0, -1, 0}) &&
           y[0] == 0;
}();
static_assert(refuses_ids);

} // namespace

int main() {}
