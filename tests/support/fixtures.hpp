// SPDX-License-Identifier: BSD-3-Clause
/// Reads the numbers that PyTorch gave; see tests/golden/make_fixtures.py, make_branching.py and
/// make_training.py.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace support {

struct Fixture {
    std::vector<std::size_t> shape;
    std::vector<double> values; ///< float32 and int64 below 2^53 are exact in double
};

class Fixtures {
public:
    explicit Fixtures(const std::string& path)
    {
        std::ifstream index(path + ".txt"), file(path + ".bin", std::ios::binary);
        const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
        std::size_t at = 0;
        for (std::string line; std::getline(index, line);) {
            if (line.starts_with('#')) continue;
            std::istringstream words(line);
            std::string name, kind;
            words >> name >> kind;
            Fixture f;
            std::size_t count = 1;
            for (std::size_t e = 0; words >> e; count *= e) f.shape.push_back(e);
            const auto read = [&]<class T>(T value) {
                for (std::size_t i = 0; i < count; ++i, at += sizeof value) {
                    if (at + sizeof value > bytes.size())
                        throw std::runtime_error(path + ".bin is too short at " + name);
                    std::array<char, sizeof value> number{};
                    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), sizeof value,
                                number.begin());
                    if (std::endian::native == std::endian::big) std::reverse(number.begin(), number.end());
                    value = std::bit_cast<T>(number);
                    f.values.push_back(static_cast<double>(value));
                }
            };
            if (kind == "f32") read(float{});
            else if (kind == "f64") read(double{});
            else read(std::int64_t{});
            all_.emplace(name, std::move(f));
        }
        if (at != bytes.size() || all_.empty())
            throw std::runtime_error(path + ".txt and " + path + ".bin do not belong together");
    }
    const Fixture& operator[](const std::string& name) const
    {
        const auto found = all_.find(name);
        if (found == all_.end()) throw std::runtime_error("no fixture named " + name);
        return found->second;
    }

private:
    std::map<std::string, Fixture> all_;
};

inline const Fixtures& fixtures()
{
    static const Fixtures all{CTNN_GOLDEN_DIR "/fixtures"};
    return all;
}
/// Those of networks that branch.
inline const Fixtures& branching()
{
    static const Fixtures all{CTNN_GOLDEN_DIR "/branching"};
    return all;
}

/// Those of optimizers and schedules.
inline const Fixtures& training()
{
    static const Fixtures all{CTNN_GOLDEN_DIR "/training"};
    return all;
}

/// The largest |ours - theirs| relative to the largest |theirs|: sums that cancel are measured against what
/// was summed. Infinite when the shapes differ or something is NaN.
template <class X>
double relative_error(const X& ours, const Fixture& theirs)
{
    if (ours.size() != theirs.values.size() ||
        !std::equal(theirs.shape.begin(), theirs.shape.end(), ours.shape().begin(), ours.shape().end()))
        return std::numeric_limits<double>::infinity();
    double scale = 1e-30, worst = 0;
    for (const double v : theirs.values) scale = std::max(scale, std::fabs(v));
    for (std::size_t i = 0; i < ours.size(); ++i) {
        const double error = std::fabs(static_cast<double>(ours.data()[i]) - theirs.values[i]) / scale;
        if (!(error <= worst)) worst = error;
    }
    return std::isnan(worst) ? std::numeric_limits<double>::infinity() : worst;
}

} // namespace support
