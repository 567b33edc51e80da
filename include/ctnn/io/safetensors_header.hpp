// SPDX-License-Identifier: BSD-3-Clause
/// The header of a safetensors file, read strictly.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <ctnn/core/error.hpp>
#include <ctnn/core/shape.hpp>
#include <ctnn/io/file.hpp>
#include <ctnn/io/safetensors.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// One tensor as a header describes it.
struct described_tensor {
    std::string name, type;
    std::array<std::uint64_t, safetensors_limits::rank> extent{};
    std::array<std::uint64_t, 2> offsets{};
    std::size_t rank = 0, offset_count = 0;
    bool has_type = false, has_shape = false, has_offsets = false;

    [[nodiscard]] std::string shape_text() const
    {
        return CTNN_ARCH::shape_text(std::span(extent).first(rank));
    }
};

/// Gets what a header says, each entry once it is complete, and throws what it does not want.
class header_client {
public:
    virtual void metadata(const std::string& key, const std::string& value) = 0;
    virtual void tensor(const described_tensor&) = 0;

protected:
    ~header_client() = default;
};

/// Reads a header through the SAX interface of nlohmann-json.
class header_parser {
    using json = nlohmann::json;

public:
    header_parser(const std::string& path, header_client& client) : path_(path), client_(client) {}

    bool null() { return refuse("null"); }
    bool boolean(bool) { return refuse("true or false"); }
    bool number_integer(json::number_integer_t) { return refuse("a negative number"); }
    bool number_float(json::number_float_t, const std::string&)
    {
        return refuse("a number that is not a whole one below 2^64");
    }
    bool binary(json::binary_t&) { return refuse("binary data"); }
    bool number_unsigned(json::number_unsigned_t n)
    {
        if (place_ == place::shape) {
            if (tensor_.rank == tensor_.extent.size())
                fail("tensor '" + tensor_.name + "' has over " + std::to_string(tensor_.rank) + " axes");
            tensor_.extent[tensor_.rank++] = n;
        } else if (place_ == place::offsets) {
            if (tensor_.offset_count == 2) fail("tensor '" + tensor_.name + "' has over two data_offsets");
            tensor_.offsets[tensor_.offset_count++] = n;
        } else {
            return refuse("a number");
        }
        return true;
    }
    bool string(std::string& text)
    {
        if (place_ == place::metadata && !key_.empty()) {
            client_.metadata(std::exchange(key_, {}), text);
        } else if (place_ == place::tensor && key_ == "dtype") {
            tensor_.type = text.substr(0, 16);
            tensor_.has_type = true;
            key_.clear();
        } else {
            return refuse("a string");
        }
        return true;
    }
    bool start_object(std::size_t)
    {
        if (place_ == place::outside) {
            place_ = place::top;
        } else if (place_ == place::top && key_ == "__metadata__") {
            if (std::exchange(seen_metadata_, true)) fail("its header has '__metadata__' twice");
            place_ = place::metadata;
            key_.clear();
        } else if (place_ == place::top) {
            tensor_ = {};
            tensor_.name = std::exchange(key_, {});
            place_ = place::tensor;
        } else {
            return refuse("an object");
        }
        return true;
    }
    bool key(std::string& text)
    {
        if (text.empty()) fail("its header has a name of no characters");
        if (place_ == place::tensor) {
            const bool twice = (text == "dtype" && tensor_.has_type) ||
                               (text == "shape" && tensor_.has_shape) ||
                               (text == "data_offsets" && tensor_.has_offsets);
            if (twice) fail("tensor '" + tensor_.name + "' has '" + text + "' twice");
            if (text != "dtype" && text != "shape" && text != "data_offsets")
                fail("tensor '" + tensor_.name + "' has '" + text +
                     "', expected dtype, shape and data_offsets");
        }
        key_ = text;
        return true;
    }
    bool end_object()
    {
        if (place_ == place::tensor) {
            if (!tensor_.has_type || !tensor_.has_shape || tensor_.offset_count != 2)
                fail("tensor '" + tensor_.name +
                     "' is not complete, expected dtype, shape and two data_offsets");
            client_.tensor(tensor_);
            place_ = place::top;
        } else {
            place_ = place_ == place::metadata ? place::top : place::outside;
        }
        return true;
    }
    bool start_array(std::size_t)
    {
        if (place_ == place::tensor && (key_ == "shape" || key_ == "data_offsets")) {
            place_ = key_ == "shape" ? place::shape : place::offsets;
            (place_ == place::shape ? tensor_.has_shape : tensor_.has_offsets) = true;
            key_.clear();
            return true;
        }
        return refuse("an array");
    }
    bool end_array()
    {
        place_ = place::tensor;
        return true;
    }
    bool parse_error(std::size_t position, const std::string&, const json::exception&)
    {
        fail("its header is not JSON at byte " + std::to_string(8 + position));
        return false;
    }

    [[noreturn, gnu::cold]] void fail(const std::string& what) const
    {
        throw Error("ctnn.load", "'" + path_ + "' cannot be loaded: " + what);
    }

private:
    enum class place { outside, top, metadata, tensor, shape, offsets };
    const std::string& path_;
    header_client& client_;
    place place_ = place::outside;
    std::string key_;
    described_tensor tensor_;
    bool seen_metadata_ = false;

    bool refuse(const std::string& what) const
    {
        std::string where = "its header";
        if (place_ == place::metadata) where = "'__metadata__'";
        if (place_ == place::tensor || place_ == place::shape || place_ == place::offsets)
            where = "tensor '" + tensor_.name + "'";
        fail(where + " has " + what + (key_.empty() ? "" : " as '" + key_ + "'") +
             " where the format has none");
        return false;
    }
};

/// What a header says: a client for those who do not know yet what to ask for.
struct file_contents final : header_client {
    std::string signature, settings;
    std::vector<std::string> tensors; ///< of each: name, type and shape

    void metadata(const std::string& key, const std::string& value) override
    {
        if (key == signature_key) signature = value;
        if (key == settings_key) settings = value;
    }
    [[gnu::cold]] void tensor(const described_tensor& t) override
    {
        tensors.push_back(t.name + " " + t.type + " " + t.shape_text());
    }
};

/// The header of a file, read and described to a client. The file then stands at its data.
[[gnu::cold]] inline std::string read_header(input_file& file, header_client& client)
{
    header_parser parser(file.path(), client);
    std::uint64_t length = 0;
    if (file.size() < 8)
        parser.fail("it has " + std::to_string(file.size()) + " bytes, expected 8 and a header");
    file.read(&length, 8);
    if (length > safetensors_limits::header)
        parser.fail("bytes 0 to 7 state a header of " + std::to_string(length) + " bytes, expected at most " +
                    std::to_string(safetensors_limits::header));
    if (length > file.size() - 8)
        parser.fail("bytes 0 to 7 state a header of " + std::to_string(length) + " bytes, it has " +
                    std::to_string(file.size() - 8) + " after them");
    std::string header(static_cast<std::size_t>(length), '\0');
    file.read(header.data(), header.size());
    if (!header.starts_with('{')) parser.fail("byte 8, where its header starts, is not '{'");
    std::string_view text = header;
    text.remove_suffix(text.size() - 1 - text.find_last_not_of(' '));
    std::size_t run = 0; // of one token or of spaces: the parser keeps it in memory, several times
    bool in_string = false, escaped = false, in_spaces = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\0')
            parser.fail("its header has a byte of 0 at byte " +
                        std::to_string(8 + i)); // where the parser would stop reading
        const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
        const bool quote = c == '"' && !escaped;
        if (!in_string && (quote || space != in_spaces ||
                           (!space && std::string_view("{}[]:,").find(c) != std::string_view::npos)))
            run = 0;
        in_spaces = space && !in_string;
        escaped = in_string && c == '\\' && !escaped;
        if (quote) in_string = !in_string;
        if (++run > safetensors_limits::token)
            parser.fail("its header has a word of over " + std::to_string(safetensors_limits::token) +
                        " bytes up to byte " + std::to_string(8 + i));
    }
    // What json::sax_parse does for JSON; that would also compile its readers of CBOR and other formats.
    auto characters = nlohmann::detail::input_adapter(text.begin(), text.end());
    nlohmann::detail::parser<nlohmann::json, decltype(characters)>(std::move(characters)).sax_parse(&parser);
    return header;
}
[[gnu::cold]] inline file_contents read_contents(const std::string& path)
{
    const kept_errno keep;
    file_contents contents;
    input_file file(path);
    (void)read_header(file, contents);
    return contents;
}

} // namespace ctnn::inline CTNN_ARCH::detail
