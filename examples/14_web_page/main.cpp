// SPDX-License-Identifier: BSD-3-Clause
/// The exported network of examples/13_embed in a web page: what the page's script calls.
///
///   sh build.sh site
#include <cstdint>

#include <ctnn/embed/sample.hpp>

#include "../13_embed/names.hpp"

namespace {

char start[33];

} // namespace

extern "C" {

/// Where the page writes what the names begin with: at most 32 characters and a 0.
char* start_with() { return start; }

/// A name, ended by 0; null when the start has a character that the network does not know.
const char* make_name(std::uint32_t seed)
{
    static ctnn::embed::word<32> name;
    ctnn::embed::generator random{seed};
    name = ctnn::embed::sample(names::model, names::characters, random, start);
    const bool made = name.ended == ctnn::embed::status::complete || name.ended == ctnn::embed::status::cut;
    return made ? name.text.data() : nullptr;
}
}
