// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/core/mode.hpp>
#include <ctnn/data/arrays.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/files.hpp"

using namespace ctnn;
using support::Folder;

namespace {

/// A file as numpy writes it, of version 1 or 2.
std::string npy(const std::string& type, const std::string& order, const std::string& shape,
                const std::string& data, char version = 1)
{
    std::string head = "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }";
    while ((10 + head.size() + 1) % 64 != 0) head += ' ';
    head += '\n';
    std::string all = "\x93NUMPY";
    all += version;
    all += '\0';
    all += static_cast<char>(head.size() % 256);
    all += static_cast<char>(head.size() / 256);
    if (version > 1) all += std::string(2, '\0');
    return all + head + data;
}
template <class T>
std::string bytes(const std::vector<T>& numbers)
{
    std::string all(numbers.size() * sizeof(T), '\0');
    std::memcpy(all.data(), numbers.data(), all.size());
    return all;
}
std::string swapped(std::string all, std::size_t width)
{
    for (std::size_t i = 0; i < all.size(); i += width)
        std::reverse(all.begin() + static_cast<std::ptrdiff_t>(i),
                     all.begin() + static_cast<std::ptrdiff_t>(i + width));
    return all;
}

} // namespace

TEST_CASE("arrays of numpy in every order and type")
{
    const Folder folder;
    const std::string path = folder.file("x.npy");
    const auto read = [&](const std::string& content) {
        support::write_bytes(path, content);
        return read_npy<float, 2>(path);
    };
    const xt::xtensor<float, 2> expected{{1, -2, 3}, {4, 5, 6.5F}}, whole{{1, 2, 3}, {4, 5, 200}};
    CHECK(read(npy("<f4", "False", "(2, 3)", bytes<float>({1, -2, 3, 4, 5, 6.5F}))) == expected);
    CHECK(read(npy("<f4", "True", "(2, 3)", bytes<float>({1, 4, -2, 5, 3, 6.5F}), 2)) == expected);
    CHECK(read(npy(">f4", "False", "(2, 3)", swapped(bytes<float>({1, -2, 3, 4, 5, 6.5F}), 4))) == expected);
    CHECK(read(npy("<f8", "False", "(2, 3)", bytes<double>({1, -2, 3, 4, 5, 6.5}))) == expected);
    CHECK(read(npy("|u1", "False", "(2, 3)", bytes<std::uint8_t>({1, 2, 3, 4, 5, 200}))) == whole);
    CHECK(read(npy("<i8", "False", "(2L, 3L)", bytes<std::int64_t>({1, 2, 3, 4, 5, 200}))) == whole);
    CHECK(read(npy("<i2", "False", "(2,3)", bytes<std::int16_t>({1, 2, 3, 4, 5, 200}))) == whole);
    CHECK(read(npy("|b1", "False", "(1, 2)", bytes<std::uint8_t>({0, 1}))) == xt::xtensor<float, 2>{{0, 1}});
    CHECK(read(npy("<f4", "False", "(0, 3)", "")).size() == 0);
    support::write_bytes(path, npy("|b1", "False", "(2,)", bytes<std::uint8_t>({0, 1})));
    CHECK(read_npy<bool, 1>(path) == xt::xtensor<bool, 1>{false, true});
    CHECK(read_npy<char, 1>(path)(1) == 1);
    support::write_bytes(path, npy("<i8", "False", "(3,)", bytes<std::int64_t>({7, 0, -1})));
    CHECK(read_npy<class_id, 1>(path) == xt::xtensor<class_id, 1>{7, 0, -1});
    support::write_bytes(path, npy("<i8", "False", "()", bytes<std::int64_t>({7})));
    CHECK(read_npy<double, 0>(path)() == 7);
}

TEST_CASE("arrays of MNIST's format")
{
    const Folder folder;
    const std::string path = folder.file("x.idx");
    support::write_bytes(path, std::string("\0\0\x08\x02\0\0\0\x02\0\0\0\x03\x01\x02\x03\x04\x05\xc8", 18));
    CHECK(read_idx<float, 2>(path) == xt::xtensor<float, 2>{{1, 2, 3}, {4, 5, 200}});
    support::write_bytes(path, std::string("\0\0\x0c\x01\0\0\0\x01\0\0\x01\x02", 12));
    CHECK(read_idx<class_id, 1>(path)(0) == 258);
    CHECK_THROWS_WITH_AS((void)(read_idx<std::int8_t, 1>(path)),
                         doctest::Contains("number 0 is 258, which is not an integer"), Error);
}

TEST_CASE("what is no array is refused, and no prefix of one is taken for it")
{
    const Folder folder;
    const std::string path = folder.file("x");
    const auto refuses_npy = [&](const std::string& content, const char* why) {
        support::write_bytes(path, content);
        CHECK_THROWS_WITH_AS((void)(read_npy<float, 2>(path)), doctest::Contains(why), Error);
    };
    const std::string good = npy("<f4", "False", "(2, 3)", bytes<float>({1, 2, 3, 4, 5, 6}));
    for (std::size_t n = 0; n < good.size(); ++n) refuses_npy(good.substr(0, n), "[ctnn.data] cannot read");
    refuses_npy(good + "x", "more bytes than the 6 numbers of f32");
    refuses_npy("x" + good, "it does not begin as one");
    refuses_npy(npy("<f4", "False", "(6,)", good), "more bytes than");
    refuses_npy(npy("<f4", "False", "(6,)", bytes<float>({1, 2, 3, 4, 5, 6})),
                "of shape (6,), expected 2 axes");
    refuses_npy(npy("<f4", "False", "(99999999999, 99999999999)", ""), "more than 2^40 numbers");
    refuses_npy(npy("<f4", "False", "(0, 1099511627776, 1099511627776)", ""), "more than 2^40 numbers");
    refuses_npy(npy("<f4", "False", "(18446744073709551616, 1)", ""), "its shape is no tuple of extents");
    refuses_npy(npy("<f4", "False", "(2, x)", ""), "its shape is no tuple of extents");
    refuses_npy(npy("<f4", "False", "2", ""), "its shape is no tuple");
    refuses_npy(npy("<c8", "False", "(1, 1)", std::string(8, '\0')), "numbers of c64");
    refuses_npy(npy("[('a', '<f4')]", "False", "(1, 1)", ""), "not a plain one");
    refuses_npy(npy("<f4", "False", "(1, 1)", "0000", 4), "it is of version 4");
    support::write_bytes(path, npy("<f4", "False", "(1,)", bytes<float>({0.5F})));
    CHECK_THROWS_WITH_AS((void)(read_npy<int, 1>(path)), doctest::Contains("which is not an integer"), Error);
    support::write_bytes(path, std::string("\x1f\x8b\x08\0", 4));
    CHECK_THROWS_WITH_AS((void)(read_idx<int, 1>(path)), doctest::Contains("gunzip"), Error);
    support::write_bytes(path, std::string("\0\0\x07\x01\0\0\0\x01", 8));
    CHECK_THROWS_WITH_AS((void)(read_idx<int, 1>(path)), doctest::Contains("does not begin as one"), Error);
    CHECK_THROWS_WITH_AS((void)(read_npy<int, 1>("/dev/zero")), doctest::Contains("does not begin as one"),
                         Error);
    CHECK_THROWS_WITH_AS((void)(read_npy<int, 1>("/nowhere")), doctest::Contains("cannot read '/nowhere'"),
                         Error);
}
