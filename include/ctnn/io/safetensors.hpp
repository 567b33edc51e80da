// SPDX-License-Identifier: BSD-3-Clause
/// The safetensors format, named arrays after a JSON header: its limits, and files as bytes.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <ctnn/core/checksum.hpp>
#include <ctnn/core/error.hpp>
#include <ctnn/core/parameter.hpp>
#include <ctnn/core/shape.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

static_assert(std::endian::native == std::endian::little,
              "[ctnn.load] safetensors holds little-endian numbers, as this CPU does not");

/// What bounds the memory that a file can make a reader take.
struct safetensors_limits {
    static constexpr std::size_t header = 64 * 1024; ///< bytes of JSON
    static constexpr std::size_t token = 16 * 1024;  ///< bytes of one string, number or run of spaces in it
    static constexpr std::size_t name = 96;          ///< bytes of a name that nobody asked for
    static constexpr std::size_t extra = 128;        ///< tensors nobody asked for
    static constexpr std::size_t metadata = 32;      ///< entries of __metadata__
    static constexpr std::size_t rank = extents::max_rank;
};

/// The element types that ctnn writes, by their names in the format.
template <class T>
inline constexpr std::string_view type_in_file = std::is_same_v<T, float>    ? "F32"
                                                 : std::is_same_v<T, double> ? "F64"
                                                                             : "I64";

/// An array of a program and how a file names it.
///
///   name, type, shape : as in the file; with `layout::transposed` the first axis is the last one of `data`
///   Byte              : std::byte for an array to be filled, const std::byte for one to be stored
template <class Byte>
struct stored_array {
    std::string name;
    std::string_view type;
    std::vector<std::size_t> shape;
    std::size_t element = 4; ///< bytes of one number
    layout in_files = layout::same;
    Byte* data = nullptr;
    /// for a further name of a tied weight: the first one. A file may leave one of them out
    std::string same_as = {};
    std::string count = {}; ///< an integer that a file may hold beside it, and that is not read

    [[nodiscard]] std::size_t bytes() const
    {
        std::size_t n = element;
        for (const std::size_t e : shape) n *= e;
        return n;
    }
    /// For a transposed array how many numbers each place on the file's first axis has; else 0.
    [[nodiscard]] std::size_t numbers_of_first() const
    {
        if (in_files == layout::same) return 0;
        std::size_t n = 1;
        for (std::size_t i = 1; i < shape.size(); ++i) n *= shape[i];
        return n;
    }
};

/// to = from, for the bytes of one array. With `rows` and `columns` of `from` the axes of `to` are the other
/// way round; with 0 they are the same.
template <class Byte>
void copy_array(std::byte* to, const std::byte* from, std::size_t rows, std::size_t columns,
                const stored_array<Byte>& array)
{
    if (rows == 0) {
        std::memcpy(to, from, array.bytes());
        return;
    }
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < columns; ++c)
            std::memcpy(to + (c * rows + r) * array.element, from + (r * columns + c) * array.element,
                        array.element);
}

/// The place of the first number in an array that is NaN or infinite, and its text; for one without, the
/// number of bytes.
inline std::pair<std::size_t, std::string> first_non_finite(const std::byte* data, std::size_t bytes,
                                                            std::string_view type)
{
    const auto look = [&]<class T>(T value) -> std::pair<std::size_t, std::string> {
        for (std::size_t i = 0; i * sizeof(T) < bytes; ++i) {
            std::memcpy(&value, data + i * sizeof(T), sizeof(T));
            if (!std::isfinite(value))
                return {i, std::isnan(value) ? "NaN" : value > 0 ? "infinite" : "minus infinite"};
        }
        return {bytes, ""};
    };
    if (type == type_in_file<float>) return look(float{});
    if (type == type_in_file<double>) return look(double{});
    return {bytes, ""};
}

/// A string between quotes, as JSON has it.
///   errors : [ctnn.save] the bytes are not UTF-8, or more than a reader takes
inline std::string json_text(const std::string& text)
{
    try {
        std::string json = nlohmann::json(text).dump();
        if (json.size() > safetensors_limits::token)
            throw Error("ctnn.save", "a name or text for the file has " + std::to_string(json.size()) +
                                         " bytes, a reader takes " +
                                         std::to_string(safetensors_limits::token) + ": '" +
                                         text.substr(0, 60) + "...'");
        return json;
    } catch (const nlohmann::json::exception&) {
        throw Error("ctnn.save", "a name or text for the file is not UTF-8");
    }
}

/// The entries of `__metadata__` that are ours.
inline constexpr std::string_view signature_key = "ctnn.signature", settings_key = "ctnn.settings",
                                  checksum_key = "ctnn.checksum";
inline constexpr std::string_view no_checksum =
    "0000000000000000"; ///< what stands in its place while it is computed

/// Whether an entry is a user's.
inline bool is_note(std::string_view key)
{
    return !key.empty() && key != "format" && !key.starts_with("ctnn.");
}

/// A whole file: the length of the header, the header padded with spaces so that the data starts at a
/// multiple of 8, the data. Arrays of wider numbers come first, so that each is aligned; then the order is
/// that of the names, as the format's own library writes them.
///   errors : [ctnn.save] two arrays have one name; the header would be over 64 KiB
[[gnu::cold]] inline std::string safetensors_bytes(std::vector<stored_array<const std::byte>> arrays,
                                                   const std::string& signature,
                                                   const std::string& settings = {},
                                                   const std::map<std::string, std::string>& notes = {})
{
    std::sort(arrays.begin(), arrays.end(), [](const auto& a, const auto& b) {
        return a.element != b.element ? a.element > b.element : a.name < b.name;
    });
    const auto entry = [](std::string_view key, const std::string& value) {
        return ",\"" + std::string(key) + "\":" + json_text(value);
    };
    std::string header = R"({"__metadata__":{"format":"pt")" + entry(signature_key, signature);
    if (!settings.empty()) header += entry(settings_key, settings);
    if (notes.size() > safetensors_limits::metadata - 4)
        throw Error("ctnn.option", "there are " + std::to_string(notes.size()) + " notes, a file takes " +
                                       std::to_string(safetensors_limits::metadata - 4));
    for (const auto& [name, text] : notes) {
        if (!is_note(name)) throw Error("ctnn.option", "a note in a file cannot be named '" + name + "'");
        header += "," + json_text(name) + ":" + json_text(text);
    }
    header += ",\"" + std::string(checksum_key) + "\":\"";
    const std::size_t digits = 8 + header.size();
    header += std::string(no_checksum) + "\"}";
    std::size_t end = 0;
    for (std::size_t i = 0; i < arrays.size(); ++i) {
        const auto& a = arrays[i];
        if (a.name.empty() || a.name == "__metadata__")
            throw Error("ctnn.save", "'" + a.name + "' cannot be the name of a tensor in a file");
        if (std::any_of(arrays.begin(), arrays.begin() + static_cast<std::ptrdiff_t>(i),
                        [&](const auto& b) { return a.name == b.name; }))
            throw Error("ctnn.save", "two tensors of the model would be named '" + a.name + "' in the file");
        header.append(",")
            .append(json_text(a.name))
            .append(":{\"dtype\":\"")
            .append(a.type)
            .append("\",\"shape\":[");
        for (std::size_t axis = 0; axis < a.shape.size(); ++axis)
            header.append(axis == 0 ? "" : ",").append(std::to_string(a.shape[axis]));
        header.append("],\"data_offsets\":[")
            .append(std::to_string(end))
            .append(",")
            .append(std::to_string(end + a.bytes()))
            .append("]}");
        end += a.bytes();
    }
    header += "}";
    header.append((8 - header.size() % 8) % 8, ' ');
    if (header.size() > safetensors_limits::header)
        throw Error("ctnn.save", "the header of the file would have " + std::to_string(header.size()) +
                                     " bytes, a reader takes at most " +
                                     std::to_string(safetensors_limits::header));
    std::string file(8 + header.size() + end, '\0');
    const std::uint64_t length = header.size();
    std::memcpy(file.data(), &length, 8);
    std::memcpy(file.data() + 8, header.data(), header.size());
    auto* to = reinterpret_cast<std::byte*>(file.data()) + 8 + header.size();
    for (const auto& a : arrays) {
        const std::size_t rows = a.numbers_of_first();
        copy_array(to, a.data, rows, rows > 0 ? a.shape[0] : 0, a);
        to += a.bytes();
    }
    checksum sum;
    sum.add(file);
    file.replace(digits, no_checksum.size(), sum.text());
    return file;
}

} // namespace ctnn::inline CTNN_ARCH::detail
