// SPDX-License-Identifier: BSD-3-Clause
/// What tests of workers have in common.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>

#include <ctnn/ctnn.hpp>
#include <ctnn/parallel/workers.hpp>
#include <doctest/doctest.h>

namespace support {

inline constexpr ctnn::WorkersOptions many{.may_exceed_cores = true};

/// A checksum of all weights.
template <class M>
std::string bits_of(const M& model)
{
    ctnn::detail::checksum sum;
    sum.add(model.weights().data(), ctnn::Weights<typename M::network, typename M::scalar>::bytes);
    return sum.text();
}

/// That trained(n), the bits and the last loss of a training by n workers, is the same for 1, 2, 4, ... up to
/// a number of shards, and that it has learnt something.
template <class Trained>
void same_for_all_workers(std::size_t shards, float most, Trained trained)
{
    const auto one = trained(std::size_t{1});
    CHECK(std::isfinite(one.second));
    CHECK(one.second < most);
    for (std::size_t count = 2; count <= shards; count *= 2) {
        CAPTURE(count);
        CHECK(trained(count) == one);
    }
}

inline const auto momentum = [](const auto& model) {
    return ctnn::Sgd{model, {.learning_rate = 0.1F, .momentum = 0.9F}};
};

} // namespace support
