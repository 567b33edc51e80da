// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/core/type_name.hpp>

#include <string>

#include <doctest/doctest.h>

namespace {

template <int, long>
struct Slope {};
struct structure {};

} // namespace

TEST_CASE("a type is named as its user writes it, whatever the compiler's own text")
{
    using ctnn::detail::readable_type, ctnn::detail::type_name;
    CHECK(type_name<Slope<1, 5>>() == "Slope<1, 5>");
    CHECK(type_name<structure>() == "structure");
    // g++, clang, Microsoft's compiler
    CHECK(readable_type("ctnn::sse2::Leaky<ctnn::sse2::Slope<1, 5> >") == "Leaky<Slope<1, 5>>");
    CHECK(readable_type("ctnn::sse2::Leaky<(anonymous namespace)::Slope<1UL, 5>>") == "Leaky<Slope<1, 5>>");
    CHECK(
        readable_type("struct ctnn::sse2::Leaky<struct `anonymous-namespace'::Slope<0x1,0x1e>,enum my::x>") ==
        "Leaky<Slope<1, 30>, x>");
    CHECK(readable_type("class my::mystruct") == "mystruct");
    CHECK(readable_type("struct ax0x1<-0x1f>") == "ax0x1<-31>");
}
