// SPDX-License-Identifier: BSD-3-Clause
/// A training as a file: stopped at any step and taken up again, it goes on bit by bit as if it had not been
/// stopped.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <ctnn/core/bits.hpp>
#include <ctnn/core/concepts.hpp>
#include <ctnn/core/index.hpp>
#include <ctnn/io/model_file.hpp>
#include <ctnn/io/safetensors_header.hpp>
#include <ctnn/random/generator.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

// Shown by a compile error; never true.
template <class X>
inline constexpr bool has_state = false;
template <class X>
concept keeps_state = requires(X& x) {
    x.for_each_state([](const char*, auto) {});
    std::string(x.settings());
};

/// A generator's state as numbers: its words, how many of them are used, whether there is a normal number
/// left over, and its bits.
using generator_numbers = std::array<std::int64_t, random_engine::length + 3>;

/// A model that divides a step into shards: how many decides how a training goes on, who works on them does
/// not.
template <class M>
concept has_shards = requires(M& model) {
    M::shards;
    model.for_each_shard_state([](const char*, auto) {});
};

inline generator_numbers numbers_of(const Generator& generator)
{
    generator_numbers n{};
    const Generator::State& s = generator.state();
    for (std::size_t i = 0; i < s.engine.words.size(); ++i) n[i] = s.engine.words[i];
    n[random_engine::length] = s.engine.position;
    n[random_engine::length + 1] = s.next_normal ? 1 : 0;
    n[random_engine::length + 2] = s.next_normal ? detail::bit_cast<std::int64_t>(*s.next_normal) : 0;
    return n;
}
/// Nothing for numbers that no generator has.
inline std::optional<Generator::State> state_from(const generator_numbers& n)
{
    Generator::State s;
    for (std::size_t i = 0; i < s.engine.words.size(); ++i) {
        if (n[i] < 0 || n[i] > std::int64_t{0xffffffff}) return {};
        s.engine.words[i] = static_cast<std::uint32_t>(n[i]);
    }
    const std::int64_t position = n[random_engine::length], has_normal = n[random_engine::length + 1];
    if (position < 0 || position > static_cast<std::int64_t>(random_engine::length) ||
        (has_normal & ~std::int64_t{1}) != 0)
        return {};
    s.engine.position = static_cast<std::uint32_t>(position);
    if (has_normal == 1) s.next_normal = detail::bit_cast<double>(n[random_engine::length + 2]);
    return s;
}

} // namespace detail

/// What Checkpoint::save was given as `settings`, and the settings of optimizer and sampler after it; empty
/// for a file that is no checkpoint.
///   errors : [ctnn.load] the file cannot be read, or is not a safetensors file
[[nodiscard]] inline std::string checkpoint_settings(const std::string& path)
{
    return detail::read_contents(path).settings;
}

/// Everything that decides how a training goes on, in one safetensors file: parameters and running statistics
/// under their own names, so that `load` and PyTorch find the model in it; and as "ctnn.optimizer",
/// "ctnn.sampler", "ctnn.generator" and "ctnn.step" the rest. What else remembers something, such as an
/// ExponentialMovingAverage, a ReduceOnPlateau or an EarlyStopping, is given after these, in the same order
/// each time: "ctnn.also.0", "ctnn.also.1".
///
/// ```cpp
/// Checkpoint checkpoint{model, sgd, generator, batches};      // refers to the four
/// std::size_t step = resumes ? checkpoint.load("names.ckpt") : 0;
/// for (; step < 200'000; ++step) {
///     if (step % 10'000 == 0) checkpoint.save("names.ckpt", step);
///     ...
/// }
/// ```
///
/// A custom optimizer, sampler or whatever remembers has `for_each_state(f)`, which calls f(name, span) for
/// each stretch of float, double or std::int64_t that changes, and `settings()`, a text that two of them
/// share when the same state makes them go on alike.
template <class M, class O, class Sampler, class... More>
class Checkpoint {
public:
    Checkpoint(M& model, O& optimizer, Generator& generator, Sampler& sampler, More&... more)
        : model_(&model), optimizer_(&optimizer), generator_(&generator), sampler_(&sampler), more_(&more...)
    {
        if constexpr (!(Optimizer<O, M> && detail::keeps_state<O>))
            static_assert(
                detail::has_state<O>,
                "[ctnn.checkpoint] an optimizer has step(model), and is kept by its for_each_state(f) and "
                "settings(); see ctnn/optim/optimizer.hpp");
        if constexpr (!detail::keeps_state<Sampler>)
            static_assert(detail::has_state<Sampler>,
                          "[ctnn.checkpoint] a sampler is kept by its for_each_state(f) and settings(); see "
                          "ctnn/data/ngrams.hpp");
        static_assert((detail::keeps_state<More> && ...),
                      "[ctnn.checkpoint] what remembers something is kept by its for_each_state(f) and "
                      "settings(); see ctnn/optim/moving_average.hpp");
    }

    /// Writes the file as `ctnn::save` does: whole, or the old one stays.
    ///
    ///   step     : the number of steps done
    ///   settings : whatever else must be the same when the training goes on, as text
    ///   errors   : [ctnn.save] those of `save`; a number that is NaN or infinite, so that no good checkpoint
    ///              is lost to a bad one; [ctnn.option] a step above 2^63 - 1
    void save(const std::string& path, std::size_t step, const std::string& settings = {}) const
    {
        const detail::kept_errno keep;
        if (!std::in_range<std::int64_t>(step))
            throw Error("ctnn.option", "step " + std::to_string(step) + " is more than a file can hold");
        auto numbers = detail::numbers_of(*generator_);
        auto steps = static_cast<std::int64_t>(step);
        std::vector<detail::stored_array<const std::byte>> arrays =
            detail::arrays_of<const std::byte>(std::as_const(*model_), {});
        for (const auto& a : state(numbers, steps))
            arrays.push_back({a.name, a.type, a.shape, a.element, a.in_files, a.data, {}});
        detail::require_finite(arrays, path);
        detail::write_file(
            path, detail::safetensors_bytes(std::move(arrays),
                                            detail::signature_in_file(signature<typename M::network>()),
                                            all_settings(settings)));
    }

    /// Sets all of them, and returns the number of steps done; or throws, and they are as they were.
    ///   errors : [ctnn.load] those of `load`; other settings than the file's, with both; numbers
    ///            that are not the state of a generator
    std::size_t load(const std::string& path, const std::string& settings = {})
    {
        const detail::kept_errno keep;
        detail::generator_numbers numbers{};
        std::int64_t steps = 0;
        auto arrays = detail::arrays_of<std::byte>(*model_, {});
        for (auto& a : state(numbers, steps)) arrays.push_back(std::move(a));
        const detail::tensor_loader loader(path, std::move(arrays), detail::tensor_loader::content::training);
        detail::require_signature(path, loader.signature(),
                                  detail::signature_in_file(signature<typename M::network>()));
        if (loader.settings() != all_settings(settings))
            loader.fail("it is a training with\n  " + loader.settings() + "\nand this is one with\n  " +
                        all_settings(settings));
        loader.require_finite();
        std::memcpy(&steps, loader.bytes_of("ctnn.step"), sizeof steps);
        if (steps < 0)
            loader.fail("tensor 'ctnn.step' is " + std::to_string(steps) + ", expected a number of steps");
        std::memcpy(numbers.data(), loader.bytes_of("ctnn.generator"), sizeof numbers);
        const auto generator_state = detail::state_from(numbers);
        if (!generator_state) loader.fail("tensor 'ctnn.generator' is not the state of a generator");
        loader.put();
        generator_->set_state(*generator_state);
        return static_cast<std::size_t>(steps);
    }

private:
    M* model_;
    O* optimizer_;
    Generator* generator_;
    Sampler* sampler_;
    std::tuple<More*...> more_;

    static constexpr bool is_kept =
        detail::keeps_state<O> && detail::keeps_state<Sampler> && (detail::keeps_state<More> && ...);

    [[nodiscard]] std::string all_settings(const std::string& own) const
    {
        std::string all = own;
        if constexpr (is_kept) { // else the constructor has complained
            all += (own.empty() ? "" : "; ") + optimizer_->settings() + "; " + sampler_->settings();
            detail::for_each_index<sizeof...(More)>(
                [&](auto i) { all += "; " + std::get<i()>(more_)->settings(); });
            if constexpr (detail::has_shards<M>) all += "; shards " + std::to_string(M::shards);
        }
        return all;
    }

    /// All arrays beside the model's.
    std::vector<detail::stored_array<std::byte>> state(detail::generator_numbers& numbers,
                                                       std::int64_t& steps) const
    {
        std::vector<detail::stored_array<std::byte>> arrays;
        const auto add = [&]<class T>(const std::string& name, std::span<T> values) {
            static_assert(std::is_same_v<T, float> || std::is_same_v<T, double> ||
                          std::is_same_v<T, std::int64_t>);
            if (!values.empty())
                arrays.push_back({name,
                                  detail::type_in_file<T>,
                                  {values.size()},
                                  sizeof(T),
                                  layout::same,
                                  reinterpret_cast<std::byte*>(values.data())});
        };
        const auto add_all = [&](auto& part, const std::string& prefix) {
            part.for_each_state([&](const char* name, auto values) { add(prefix + name, values); });
        };
        if constexpr (is_kept) {
            add_all(*optimizer_, "ctnn.optimizer.");
            add_all(*sampler_, "ctnn.sampler.");
            detail::for_each_index<sizeof...(More)>(
                [&](auto i) { add_all(*std::get<i()>(more_), "ctnn.also." + std::to_string(i()) + "."); });
        }
        if constexpr (detail::has_shards<M>)
            model_->for_each_shard_state(
                [&](const char* name, auto values) { add(std::string("ctnn.shards.") + name, values); });
        add("ctnn.generator", std::span<std::int64_t>(numbers));
        add("ctnn.step", std::span<std::int64_t>(&steps, 1));
        return arrays;
    }
};

} // namespace ctnn::inline CTNN_ARCH
