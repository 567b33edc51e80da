// SPDX-License-Identifier: BSD-3-Clause
/// Files of tests: a folder that goes away again, files as bytes, and a second reader of safetensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#ifdef _WIN32
#include <process.h>
#else
#include <unistd.h>
#endif

namespace support {

/// What is POSIX's alone is not asked of Windows: devices that have names, and links that everybody may make.
#ifdef _WIN32
inline constexpr bool is_windows = true;
inline int process_id() { return ::_getpid(); }
#else
inline constexpr bool is_windows = false;
inline int process_id() { return ::getpid(); }
#endif

/// A folder of this process's own, removed at the end with all that is in it.
class Folder {
public:
    Folder()
        : path_(std::filesystem::temp_directory_path() /
                ("ctnn-test-" + std::to_string(process_id()) + "-" + std::to_string(count()++)))
    {
        std::filesystem::create_directory(path_);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
    [[nodiscard]] std::size_t files() const
    {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(path_), std::filesystem::directory_iterator()));
    }

private:
    std::filesystem::path path_;
    static int& count()
    {
        static int n = 0;
        return n;
    }
};

inline std::string bytes_of(const std::string& path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("no file " + path);
    return {std::istreambuf_iterator<char>(file), {}};
}
inline void write_bytes(const std::string& path, const std::string& bytes)
{
    std::ofstream(path, std::ios::binary) << bytes;
}

/// A safetensors file after the words of its description: 8 bytes of length, JSON, data. Reads well-formed
/// files, and checks nothing.
struct SimpleTensor {
    std::string type, data;
    std::vector<std::size_t> shape;
};
inline std::map<std::string, SimpleTensor> simple_safetensors(const std::string& file)
{
    std::uint64_t length = 0;
    std::memcpy(&length, file.data(), 8);
    std::string header = file.substr(8, length);
    std::erase(header, ' '); // no name in a test has one
    std::map<std::string, SimpleTensor> tensors;
    const auto place_after = [&](const char* what, std::size_t from) {
        return header.find(what, from) + std::strlen(what);
    };
    const auto numbers = [&](std::size_t at) {
        std::vector<std::size_t> list;
        for (; header[at] != ']'; at += header[at] == ',')
            for (list.push_back(0); header[at] >= '0' && header[at] <= '9'; ++at)
                list.back() = list.back() * 10 + static_cast<std::size_t>(header[at] - '0');
        return list;
    };
    for (std::size_t dtype = header.find(":{\"dtype\":\""); dtype != std::string::npos;
         dtype = header.find(":{\"dtype\":\"", dtype + 1)) {
        const std::size_t name = header.rfind('"', dtype - 2) + 1, type = place_after("\"dtype\":\"", dtype);
        const auto offsets = numbers(place_after("\"data_offsets\":[", dtype));
        tensors[header.substr(name, dtype - 1 - name)] = {
            header.substr(type, header.find('"', type) - type),
            file.substr(8 + length + offsets[0], offsets[1] - offsets[0]),
            numbers(place_after("\"shape\":[", dtype))};
    }
    return tensors;
}

} // namespace support
