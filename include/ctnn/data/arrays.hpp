// SPDX-License-Identifier: BSD-3-Clause
/// Arrays of numbers from files of numpy (.npy) and of MNIST (IDX).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <ctnn/core/bits.hpp>
#include <ctnn/core/error.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/data/text_file.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// What the head of a file says of its numbers.
struct array_head {
    char kind = 0;         ///< 'f', 'i', 'u' or 'b', as in numpy
    std::size_t bytes = 0; ///< of a number
    bool big_endian = false, first_axis_fastest = false;
    std::vector<std::size_t> shape;
    std::size_t data = 0; ///< where the numbers begin

    [[nodiscard]] std::string type() const { return std::string(1, kind) + std::to_string(8 * bytes); }
};

/// std::in_range, for bool and char too.
template <std::integral T, std::integral X>
constexpr bool holds(X x)
{
    using limits = std::numeric_limits<T>;
    if (x < X{0})
        return std::is_signed_v<T> &&
               static_cast<std::int64_t>(x) >= static_cast<std::int64_t>(limits::min());
    return static_cast<std::uint64_t>(x) <= static_cast<std::uint64_t>(limits::max());
}

/// The bytes of a file as they come: first a head, then as many numbers as it says.
template <class Format>
class array_reader {
public:
    explicit array_reader(const std::string& path) : path_(path) {}

    void add(std::string_view piece)
    {
        bytes_.append(piece);
        if (!has_head_) {
            has_head_ = Format::parse(bytes_, head_, [&](const std::string& why) { fail(why); });
            if (!has_head_) return;
            size_ = 1;
            bool is_empty = false;
            for (const std::size_t e : head_.shape) {
                is_empty = is_empty || e == 0;
                if (e != 0 && size_ > most / e) fail("there are more than 2^40 numbers");
                size_ *= e == 0 ? 1 : e;
            }
            if (is_empty) size_ = 0;
        }
        if (bytes_.size() > head_.data + size_ * head_.bytes)
            fail("there are more bytes than the " + std::to_string(size_) + " numbers of " + head_.type() +
                 " that its head names");
    }

    template <class T, std::size_t N>
    [[nodiscard]] xt::xtensor<T, N> finish() const
    {
        if (!has_head_) fail("it ends within its head");
        if (bytes_.size() != head_.data + size_ * head_.bytes)
            fail("it ends after " + std::to_string(bytes_.size()) + " bytes, expected " +
                 std::to_string(head_.data + size_ * head_.bytes));
        if (head_.shape.size() != N)
            fail("it holds an array of shape " + shape_text(head_.shape) + ", expected " + std::to_string(N) +
                 " axes");
        std::array<std::size_t, N> shape{};
        for (std::size_t axis = 0; axis < N; ++axis) shape[axis] = head_.shape[axis];
        auto x = xt::xtensor<T, N>::from_shape(shape);
        bool is_read = false;
        const auto as = [&]<class Stored>(std::type_identity<Stored>, char kind) {
            if (kind != head_.kind || sizeof(Stored) != head_.bytes) return;
            put<Stored>(x);
            is_read = true;
        };
        as(std::type_identity<std::uint8_t>{}, 'b');
        as(std::type_identity<std::uint8_t>{}, 'u');
        as(std::type_identity<std::uint16_t>{}, 'u');
        as(std::type_identity<std::uint32_t>{}, 'u');
        as(std::type_identity<std::uint64_t>{}, 'u');
        as(std::type_identity<std::int8_t>{}, 'i');
        as(std::type_identity<std::int16_t>{}, 'i');
        as(std::type_identity<std::int32_t>{}, 'i');
        as(std::type_identity<std::int64_t>{}, 'i');
        as(std::type_identity<float>{}, 'f');
        as(std::type_identity<double>{}, 'f');
        if (!is_read) fail("it holds numbers of " + head_.type() + ", which are not read");
        return x;
    }

private:
    static constexpr std::size_t most = std::size_t{1} << (sizeof(std::size_t) > 4 ? 40U : 30U);
    std::string path_, bytes_;
    array_head head_;
    bool has_head_ = false;
    std::size_t size_ = 0;

    [[noreturn]] void fail(const std::string& why) const
    {
        throw Error("ctnn.data", "cannot read '" + path_ + "' as " + std::string(Format::name) + ": " + why);
    }

    /// The numbers, stored as Stored, in row-major order.
    template <class Stored, class T, std::size_t N>
    void put(xt::xtensor<T, N>& x) const
    {
        const auto read = [&](std::size_t i) {
            std::array<char, sizeof(Stored)> raw;
            std::copy_n(bytes_.data() + head_.data + i * sizeof(Stored), sizeof(Stored), raw.begin());
            if (head_.big_endian != (std::endian::native == std::endian::big))
                std::reverse(raw.begin(), raw.end());
            return detail::bit_cast<Stored>(raw);
        };
        std::array<std::size_t, N> place{};
        for (std::size_t i = 0; i < size_; ++i) {
            std::size_t from = i;
            if (head_.first_axis_fastest) {
                from = 0;
                for (std::size_t axis = N; axis-- > 0;) from = from * head_.shape[axis] + place[axis];
                for (std::size_t axis = N; axis-- > 0 && ++place[axis] == head_.shape[axis];) place[axis] = 0;
            }
            const Stored value = read(from);
            if constexpr (std::integral<T>) {
                bool fits = true;
                if constexpr (std::integral<Stored>) fits = holds<T>(value);
                else
                    fits = value == std::floor(value) && std::fabs(static_cast<double>(value)) < 0x1p53 &&
                           holds<T>(static_cast<std::int64_t>(value));
                if (!fits)
                    fail("number " + std::to_string(i) + " is " + std::to_string(value) +
                         ", which is not an integer of the type asked for");
            }
            x.data()[i] = static_cast<T>(value);
        }
    }
};

/// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1 to 3
struct npy_format {
    static constexpr std::string_view name = "a .npy file";
    static constexpr std::string_view magic = "\x93NUMPY";

    /// Whether the head is there whole; fail(why) where it is wrong.
    template <class F>
    static bool parse(std::string_view bytes, array_head& head, F fail)
    {
        if (bytes.substr(0, magic.size()) != magic.substr(0, std::min(bytes.size(), magic.size())))
            fail("it does not begin as one");
        if (bytes.size() < 12) return false;
        const auto byte = [&](std::size_t i) { return std::size_t{static_cast<unsigned char>(bytes[i])}; };
        const bool wide = byte(6) > 1;
        if (byte(6) < 1 || byte(6) > 3) fail("it is of version " + std::to_string(byte(6)));
        const std::size_t length = byte(8) | byte(9) << 8 | (wide ? byte(10) << 16 | byte(11) << 24 : 0);
        if (length > 65536) fail("its head is longer than 64 KiB");
        head.data = (wide ? 12 : 10) + length;
        if (bytes.size() < head.data) return false;
        std::string_view text = bytes.substr(head.data - length, length);
        const auto after = [&](std::string_view key) {
            const std::size_t at = text.find(key);
            if (at == std::string_view::npos) fail("its head has no " + std::string(key));
            std::string_view rest = text.substr(at + key.size());
            rest.remove_prefix(std::min(rest.find_first_not_of(" :"), rest.size()));
            return rest;
        };
        const std::string_view type = after("'descr'"), order = after("'fortran_order'");
        if (type.size() < 5 || type[0] != '\'' || type[4] != '\'' || type[3] < '1' || type[3] > '8')
            fail("its type of numbers is not a plain one: " + std::string(type.substr(0, 20)));
        head.big_endian = type[1] == '>';
        head.kind = type[2];
        head.bytes = static_cast<std::size_t>(type[3] - '0');
        head.first_axis_fastest = order.starts_with("True");
        std::string_view shape = after("'shape'");
        if (!shape.starts_with('(')) fail("its shape is no tuple");
        for (shape.remove_prefix(1); !shape.starts_with(')');) {
            std::size_t extent = 0;
            const auto [end, error] = std::from_chars(shape.data(), shape.data() + shape.size(), extent);
            if (error != std::errc{} || head.shape.size() == 32) fail("its shape is no tuple of extents");
            head.shape.push_back(extent);
            shape.remove_prefix(static_cast<std::size_t>(end - shape.data()));
            shape.remove_prefix(std::min(shape.find_first_not_of(", L"), shape.size()));
        }
        return true;
    }
};

/// The format of the MNIST database: 0, 0, a type, the number of axes, extents and numbers big-endian.
struct idx_format {
    static constexpr std::string_view name = "an IDX file";

    template <class F>
    static bool parse(std::string_view bytes, array_head& head, F fail)
    {
        if (bytes.starts_with("\x1f\x8b")) fail("it is compressed; gunzip it first");
        if (bytes.size() < 4) return false;
        const auto byte = [&](std::size_t i) { return std::size_t{static_cast<unsigned char>(bytes[i])}; };
        constexpr std::array<std::pair<std::size_t, std::pair<char, std::size_t>>, 6> types{
            {{8, {'u', 1}}, {9, {'i', 1}}, {11, {'i', 2}}, {12, {'i', 4}}, {13, {'f', 4}}, {14, {'f', 8}}}};
        const auto type =
            std::find_if(types.begin(), types.end(), [&](const auto& t) { return t.first == byte(2); });
        if (byte(0) != 0 || byte(1) != 0 || type == types.end() || byte(3) == 0)
            fail("it does not begin as one");
        head.kind = type->second.first;
        head.bytes = type->second.second;
        head.big_endian = true;
        head.data = 4 + 4 * byte(3);
        if (bytes.size() < head.data) return false;
        for (std::size_t i = 4; i < head.data; i += 4)
            head.shape.push_back(byte(i) << 24 | byte(i + 1) << 16 | byte(i + 2) << 8 | byte(i + 3));
        return true;
    }
};

template <class Format, class T, std::size_t N>
xt::xtensor<T, N> read_array(const std::string& path)
{
    array_reader<Format> reader{path};
    read_text_file(path, [&](std::string_view piece) { reader.add(piece); });
    return reader.template finish<T, N>();
}

} // namespace detail

/// An array that numpy.save wrote, of integers, bool or float of 32 or 64 bits, in either order of bytes and
/// of axes, as T.
///
/// ```cpp
/// const auto x = read_npy<float, 2>("x.npy"); // an xt::xtensor<float, 2>
/// ```
///
///   errors : [ctnn.data] with the path: it cannot be read, is no such file, is cut off or goes on after its
///            end, has another number of axes, or a number that a T of integers cannot hold
template <class T, std::size_t N>
[[nodiscard]] xt::xtensor<T, N> read_npy(const std::string& path)
{
    return detail::read_array<detail::npy_format, T, N>(path);
}

/// An array from an IDX file, such as MNIST's train-images-idx3-ubyte, as T.
///
/// ```cpp
/// const auto pictures = read_idx<float, 3>("train-images-idx3-ubyte"); // (60000, 28, 28)
/// const auto digits = read_idx<class_id, 1>("train-labels-idx1-ubyte");
/// ```
///
///   errors : as for `read_npy`
template <class T, std::size_t N>
[[nodiscard]] xt::xtensor<T, N> read_idx(const std::string& path)
{
    return detail::read_array<detail::idx_format, T, N>(path);
}

} // namespace ctnn::inline CTNN_ARCH
