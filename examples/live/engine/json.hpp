// SPDX-License-Identifier: BSD-3-Clause
/// Objects of JSON written as they come, with as many digits as a picture shows.
#pragma once

#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>

namespace live {

class Json {
public:
    Json& number(std::string_view name, double x)
    {
        key(name);
        add(x, 9);
        return *this;
    }
    Json& text(std::string_view name, std::string_view value)
    {
        key(name);
        text_ += '"';
        for (const char c : value) {
            if (c == '"' || c == '\\') text_ += '\\';
            if (c == '\n') text_ += "\\n";
            else text_ += c;
        }
        text_ += '"';
        return *this;
    }
    template <class Range>
    Json& numbers(std::string_view name, const Range& range)
    {
        key(name);
        text_ += '[';
        bool first = true;
        for (const auto& x : range) {
            if (!first) text_ += ',';
            first = false;
            add(static_cast<double>(x), 5);
        }
        text_ += ']';
        return *this;
    }
    Json& object(std::string_view name, const Json& value)
    {
        key(name);
        text_ += value.text();
        return *this;
    }
    void begin_list(std::string_view name)
    {
        key(name);
        text_ += '[';
        is_first_ = true;
    }
    void item(const Json& value)
    {
        if (!is_first_) text_ += ',';
        is_first_ = false;
        text_ += value.text();
    }
    void end_list()
    {
        text_ += ']';
        is_first_ = false;
    }
    [[nodiscard]] std::string text() const { return "{" + text_ + "}"; }

private:
    std::string text_;
    bool is_first_ = true;

    void key(std::string_view name)
    {
        if (!is_first_) text_ += ',';
        is_first_ = false;
        text_.append("\"").append(name).append("\":");
    }
    /// JSON has no NaN and no infinity: they are null.
    void add(double x, int digits_shown)
    {
        char digits[32];
        if (std::isfinite(x)) {
            std::snprintf(digits, sizeof digits, "%.*g", digits_shown, x);
            text_ += digits;
        } else {
            text_ += "null";
        }
    }
};

} // namespace live
