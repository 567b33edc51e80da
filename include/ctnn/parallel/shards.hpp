// SPDX-License-Identifier: BSD-3-Clause
/// The parts of a step, and what each of them is given.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>

#include <ctnn/core/error.hpp>
#include <ctnn/parallel/team.hpp>

namespace ctnn::inline CTNN_ARCH {

/// How many parts a step's samples are divided into, whoever works on them: 1, 2, 4, ... 128.
template <std::size_t S>
struct Shards {
    static constexpr std::size_t count = S;
};

namespace detail {

template <class S>
inline constexpr std::size_t shard_count = 0;
template <std::size_t S>
inline constexpr std::size_t shard_count<Shards<S>> = S <= 128 && std::has_single_bit(S) ? S : 0;

/// How many of a team work: each has as many of S shards as the others.
///   errors : [ctnn.parallel] they do not divide the shards
template <std::size_t S, class Workers>
std::size_t workers_of(const Workers& team)
{
    const std::size_t n = team.size();
    if (team.is_default()) return std::bit_floor(std::min(n, S));
    if (n > S || S % n != 0)
        throw Error("ctnn.parallel", std::to_string(n) + " workers cannot share " + std::to_string(S) +
                                         " shards alike, expected 1, 2, 4, ... up to " + std::to_string(S));
    return n;
}

/// The first of the workers that are in this process: it has the model's own weights.
template <class Workers>
std::size_t first_here(const Workers& team)
{
    if constexpr (requires { team.rank(); }) return team.rank();
    else return 0;
}
/// What has just been thrown in shard s of B samples; if it is ours it says which samples those are.
inline std::exception_ptr error_of_shard(std::size_t s, std::size_t B)
{
    try {
        throw;
    } catch (const Error& error) {
        const std::string text(error.what() + error.id().size() + 3); // after "[id] "
        return std::make_exception_ptr(Error(error.id(), text + "; shard " + std::to_string(s) +
                                                             " begins with sample " + std::to_string(s * B)));
    } catch (...) {
        return std::current_exception();
    }
}

/// f(each...) of a tensor, or of a tuple of them.
template <class Y, class F>
decltype(auto) with_tensors(const Y& y, F f)
{
    if constexpr (requires { std::tuple_size<Y>::value; }) return std::apply(f, y);
    else return f(y);
}
/// A tuple of sources for a tensor of samples, or for a tuple of them.
template <class X>
auto sources_of(const X& x)
{
    if constexpr (requires { std::tuple_size<X>::value; })
        return std::apply(
            [](const auto&... each) {
                return std::tuple<sample_source<std::remove_cvref_t<decltype(each)>>...>(each...);
            },
            x);
    else return std::tuple<sample_source<X>>(x);
}

/// A criterion for one shard, and what it has found, which may own the gradient.
template <class C, class Result>
struct shard_criterion {
    std::optional<C> criterion;
    std::optional<Result> result;

    template <class Y, class Targets>
    const Result& of(const Y& y, const Targets& targets)
    {
        return result.emplace((*criterion)(y, targets));
    }
};
/// Allocates nothing where the criterion that is there has room already.
template <class C>
void put_criterion(std::optional<C>& to, const C& criterion)
{
    if constexpr (std::is_copy_assignable_v<C>) to = criterion;
    else to.emplace(criterion);
}

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
