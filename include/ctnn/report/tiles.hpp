// SPDX-License-Identifier: BSD-3-Clause
/// Small pictures side by side in a report: samples, filters. Needs fmt, and no gnuplot.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/report/html.hpp>
#include <ctnn/report/picture.hpp>

namespace ctnn::inline CTNN_ARCH {

/// A picture of one number a pixel, row by row.
struct Tile {
    std::vector<double> pixels;
    std::size_t width = 0;
    std::string caption = {};
};

namespace detail {

inline std::string base64(const std::string& bytes)
{
    constexpr const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::size_t three = 0;
        for (std::size_t k = 0; k < 3; ++k)
            three = three * 256 + (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k)
            text += i + k > bytes.size() ? '=' : digits[three >> (18 - 6 * k) & 63];
    }
    return text;
}

/// A picture in the format of Windows bitmaps: rows of grey values, from the lowest one up.
inline std::string bitmap(const Tile& tile, double low, double high)
{
    const std::size_t width = tile.width, height = tile.pixels.size() / width, pitch = (width + 3) / 4 * 4;
    std::string bytes = "BM";
    const auto put = [&bytes](std::size_t n, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>(n >> (8 * i) & 255);
    };
    constexpr std::size_t head = 14 + 40 + 4 * 256;
    put(head + pitch * height, 4);
    put(0, 4);
    put(head, 4);
    for (const std::size_t n : {std::size_t{40}, width, height}) put(n, 4);
    put(1, 2);              // plane
    put(8, 2);              // bits
    bytes.append(24, '\0'); // not packed, no measures, all shades of the table
    for (std::size_t grey = 0; grey < 256; ++grey) {
        put(grey, 1);
        put(grey, 1);
        put(grey, 1);
        put(0, 1);
    }
    for (std::size_t r = height; r-- > 0;) {
        for (std::size_t c = 0; c < width; ++c) {
            const double x = tile.pixels[r * width + c], share = high > low ? (x - low) / (high - low) : 0;
            put(static_cast<std::size_t>(std::lround(255 * std::clamp(share, 0.0, 1.0))), 1);
        }
        put(0, pitch - width);
    }
    return bytes;
}

} // namespace detail

/// Tiles as one picture for `Run::pictures`, in rows of `across`; black is the smallest number of all of them
/// and white the largest. Its data are all pixels, a column a tile.
///
///   picture : with id, kind and meaning, and whose it is; text says what stands under the tiles, if it is
///             empty
///   errors  : [ctnn.shape] a tile whose pixels are not rows of its width
[[nodiscard]] inline Picture picture_of_tiles(Picture picture, const std::vector<Tile>& tiles,
                                              std::size_t across = 8)
{
    constexpr std::size_t side = 72, space = 8, line = 16;
    double low = 0, high = 0;
    for (std::size_t i = 0; i < tiles.size(); ++i) {
        const Tile& t = tiles[i];
        if (t.width == 0 || t.pixels.empty() || t.pixels.size() % t.width != 0)
            throw Error("ctnn.shape", "tile " + std::to_string(i) + " has " +
                                          std::to_string(t.pixels.size()) + " pixels, expected rows of " +
                                          std::to_string(t.width));
        const auto [least, most] = std::minmax_element(t.pixels.begin(), t.pixels.end());
        low = i == 0 ? *least : std::min(low, *least);
        high = i == 0 ? *most : std::max(high, *most);
    }
    const std::size_t rows = (tiles.size() + across - 1) / across, columns = std::min(across, tiles.size());
    picture.width = static_cast<int>(columns * (side + space));
    picture.height = static_cast<int>(rows * (side + line + space));
    std::string svg =
        fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
                    "height=\"{1}\"><title></title><desc></desc>",
                    picture.width, picture.height);
    const bool describes = picture.text.empty();
    for (std::size_t i = 0; i < tiles.size(); ++i) {
        const Tile& t = tiles[i];
        const std::size_t x = i % across * (side + space), y = i / across * (side + line + space);
        svg += fmt::format(
            "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" style=\"image-rendering:pixelated\" "
            "href=\"data:image/bmp;base64,{}\"/>",
            x, y, side, side, detail::base64(detail::bitmap(t, low, high)));
        svg += fmt::format(
            "<text x=\"{}\" y=\"{}\" font-size=\"9\" text-anchor=\"middle\" fill=\"black\">{}</text>",
            x + side / 2, y + side + line - 5, detail::escaped(t.caption));
        picture.data.add(t.caption.empty() ? std::to_string(i) : t.caption, t.pixels);
        if (describes) picture.text += t.caption + (t.caption.empty() ? "" : ". ");
    }
    picture.svg = svg + "</svg>";
    return picture;
}

} // namespace ctnn::inline CTNN_ARCH
