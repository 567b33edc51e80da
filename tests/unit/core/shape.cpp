// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/core/error.hpp>
#include <ctnn/core/memory.hpp>
#include <ctnn/core/shape.hpp>
#include <ctnn/core/tensor.hpp>

#include <array>
#include <cstdint>

#if __has_include(<xtensor/core/xnoalias.hpp>)
#include <xtensor/core/xnoalias.hpp>
#else
#include <xtensor/xnoalias.hpp>
#endif

#include <doctest/doctest.h>

using namespace ctnn;

TEST_CASE("shapes as text, the way Python writes tuples")
{
    CHECK(shape_text(extents{}) == "()");
    CHECK(shape_text(extents{3}) == "(3,)");
    CHECK(shape_text(extents{3, 10}) == "(3, 10)");
    CHECK(shape_text(std::array<std::size_t, 3>{1, 2, 3}) == "(1, 2, 3)");
}

TEST_CASE("an error carries its id apart from its text")
{
    const Error error("ctnn.shape", "x is wrong");
    CHECK(std::string(error.what()) == "[ctnn.shape] x is wrong");
    CHECK(error.id() == "ctnn.shape");
}

TEST_CASE("control characters do not reach a terminal")
{
    const Error error("ctnn.load", std::string("a\x1b[2J\0b\x7f\r\n\xc3\xa9", 12));
    CHECK(std::string(error.what()) == "[ctnn.load] a\\x1b[2J\\x00b\\x7f\\x0d\n\xc3\xa9");
}

TEST_CASE("a memory block is aligned, zeroed and copied by value")
{
    detail::memory_block a(1000);
    CHECK(reinterpret_cast<std::uintptr_t>(a.at<char>(0)) % 64 == 0);
    for (std::size_t i = 0; i < 1000; ++i) REQUIRE(a.at<char>(0)[i] == 0);
    a.at<float>(64)[0] = 3;
    detail::memory_block b(a);
    CHECK(b.at<float>(64)[0] == 3);
    b.at<float>(64)[0] = 4;
    CHECK(a.at<float>(64)[0] == 3);
    a = b;
    CHECK(a.at<float>(64)[0] == 4);
    const detail::memory_block c(std::move(a));
    CHECK(c.at<float>(64)[0] == 4);
}

TEST_CASE("views refer to memory, and dense copies only what is not")
{
    float data[6] = {0, 1, 2, 3, 4, 5};
    auto view = view_of(data, std::array<std::size_t, 2>{2, 3});
    view(1, 2) = 9;
    CHECK(data[5] == 9);
    std::vector<float> spare;
    CHECK(detail::dense<float>(view, spare) == data);
    const xt::xtensor<float, 2, xt::layout_type::column_major> across = view;
    const float* copied = detail::dense<float>(across, spare);
    CHECK(copied == spare.data());
    CHECK(spare == std::vector<float>{0, 1, 2, 3, 4, 9});
    CHECK_THROWS_WITH_AS(detail::require_shape("x", view, std::array<std::size_t, 2>{3, 2}),
                         "[ctnn.shape] x has shape (2, 3), expected (3, 2)", Error);
    CHECK_THROWS_AS(detail::require_shape("x", view, std::array<std::size_t, 1>{6}), Error);
}

TEST_CASE("a view keeps its shape: nothing is reshaped, resized or broadcast")
{
    float data[6] = {0, 1, 2, 3, 4, 5};
    auto view = view_of(data, std::array<std::size_t, 2>{2, 3});
    const xt::xtensor<float, 2> across = xt::zeros<float>({3, 2}), row = xt::zeros<float>({1, 3}),
                                larger = xt::zeros<float>({4, 6});
    CHECK_THROWS_WITH_AS(view = across, "[ctnn.shape] what is assigned has shape (3, 2), expected (2, 3)",
                         Error);
    CHECK_THROWS_AS((view = xt::xtensor<float, 2>::from_shape({3, 2})), Error);
    CHECK_THROWS_AS(view = across * 2.0F, Error);
    CHECK_THROWS_AS(view = larger, Error);
    CHECK_THROWS_WITH_AS(view += row, doctest::Contains("(1, 3), expected (2, 3)"), Error);
    CHECK_THROWS_AS(view -= row, Error);
    CHECK_THROWS_AS(view *= across, Error);
    CHECK_THROWS_AS(view /= larger, Error);
    for (int i = 0; i < 6; ++i) CHECK(data[i] == static_cast<float>(i));

    const xt::xtensor<float, 2> ones = xt::ones<float>({2, 3});
    view += ones;
    CHECK_THROWS_AS(xt::noalias(view) = row, Error);
    view *= 2.0F;
    view = view - ones; // through a temporary: the expression reads what it writes
    CHECK(data[5] == 11);
    float other[6] = {};
    auto second = view_of(other, std::array<std::size_t, 2>{2, 3});
    second = view; // numbers, not the reference
    CHECK(other[5] == 11);
    CHECK(second.data() == other);
}
