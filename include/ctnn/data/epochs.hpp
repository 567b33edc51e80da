// SPDX-License-Identifier: BSD-3-Clause
/// Samples batch by batch, each once an epoch.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <ctnn/core/checksum.hpp>
#include <ctnn/core/error.hpp>
#include <ctnn/core/index.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/data/ngrams.hpp>
#include <ctnn/random/generator.hpp>

namespace ctnn::inline CTNN_ARCH {

/// How an epoch goes through the samples.
enum class SampleOrder {
    randperm,    ///< in the order of torch.randperm(n, generator=g)
    data_loader, ///< in that of torch.utils.data.DataLoader(shuffle=True, generator=g) of PyTorch 1.13, which
                 ///< draws a seed before each epoch, and another permutation after it
    as_given
};
/// What becomes of the last samples of an epoch when they are fewer than a batch.
enum class LastBatch { smaller, dropped };

/// In which order, and what becomes of the rest.
struct EpochsOptions {
    SampleOrder order = SampleOrder::randperm;
    LastBatch last = LastBatch::smaller;
};

namespace detail {

/// Samples: tensors with the same first extent, rows of which are copied into a batch of at most B.
template <std::size_t B, class... X>
class sample_rows {
    template <class Tensor>
    using element = std::remove_const_t<typename Tensor::value_type>;

public:
    static constexpr std::size_t tensors = sizeof...(X);
    static_assert(B > 0, "[ctnn.shape] a batch has at least one sample");
    static_assert((has_fixed_axes<X> && ...), "[ctnn.shape] how many axes samples have must be known when "
                                              "compiling: they are xt::xtensors, and not xt::xarrays");
    static_assert(((std::tuple_size_v<typename X::shape_type> > 0) && ...),
                  "[ctnn.shape] the first axis of samples is the sample: a number alone has none");

    /// errors : [ctnn.data] no samples; [ctnn.shape] the first extents differ
    explicit sample_rows(const X&... x) : size_(std::get<0>(std::tie(x...)).shape()[0])
    {
        if (size_ == 0) throw Error("ctnn.data", "there are no samples to make batches of");
        (require_rows(x), ...);
        with_indices<tensors>([&](auto... i) { (take<i()>(x), ...); });
    }
    sample_rows(const sample_rows&) = delete; // it may refer to a copy of its own
    sample_rows(sample_rows&&) = default;
    sample_rows& operator=(const sample_rows&) = delete;
    sample_rows& operator=(sample_rows&&) = default;
    ~sample_rows() = default;
    [[nodiscard]] std::size_t size() const { return size_; }

    /// The batch of `count` samples by their numbers.
    ///   errors : [ctnn.data] a number of no sample, which a checkpoint of others may hold
    auto gather(const std::int64_t* rows, std::size_t count)
    {
        for (std::size_t i = 0; i < count; ++i)
            if (static_cast<std::uint64_t>(rows[i]) >= size_)
                throw Error("ctnn.data", "there is no sample " + std::to_string(rows[i]) + " among " +
                                             std::to_string(size_));
        return with_indices<tensors>([&](auto... i) { return std::tuple{batch_of<i()>(rows, count)...}; });
    }
    /// The samples themselves, so that two are told apart.
    [[nodiscard]] std::string checksum_text() const
    {
        checksum sum;
        for_each_index<tensors>([&](auto i) {
            const auto& s = std::get<i()>(source_);
            sum.add(s.data, size_ * s.row * sizeof *s.data);
        });
        return sum.text();
    }

private:
    template <class Tensor>
    struct source {
        const element<Tensor>* data = nullptr;
        std::size_t row = 1; ///< numbers a sample
        std::array<std::size_t, std::tuple_size_v<typename Tensor::shape_type>> shape{};
        xt::uvector<element<Tensor>> copy, batch; // a std::vector of bool has no array
    };
    std::size_t size_;
    std::tuple<source<X>...> source_;

    template <class Tensor>
    void require_rows(const Tensor& x) const
    {
        if (static_cast<std::size_t>(x.shape()[0]) != size_)
            throw Error("ctnn.shape", "one tensor of samples has shape " + shape_text(x.shape()) +
                                          ", the first has " + std::to_string(size_) + " samples");
    }
    template <std::size_t I, class Tensor>
    void take(const Tensor& x)
    {
        auto& s = std::get<I>(source_);
        s.data = dense<element<Tensor>>(x, s.copy);
        std::copy_n(x.shape().begin(), s.shape.size(), s.shape.begin());
        s.row = x.size() / size_;
        s.batch.resize(B * s.row);
    }
    template <std::size_t I>
    auto batch_of(const std::int64_t* rows, std::size_t count)
    {
        auto& s = std::get<I>(source_);
        for (std::size_t i = 0; i < count; ++i)
            std::copy_n(s.data + static_cast<std::size_t>(rows[i]) * s.row, s.row,
                        s.batch.data() + i * s.row);
        auto shape = s.shape;
        shape[0] = count;
        return view_of(std::as_const(s.batch).data(), shape);
    }
};

} // namespace detail

/// Batches of B samples, each sample once an epoch.
///
/// ```cpp
/// auto epochs = epochs_of<64>(x, y);      // xtensors of (n, ...); or Epochs<64> epochs{samples}
/// for (int epoch = 0; epoch < 20; ++epoch)
///     for (const auto& [bx, by] : epochs.epoch(generator)) { ... }
/// const auto [bx, by] = epochs.next(generator); // or batch by batch, from one epoch into the next
/// ```
///
///   samples : are referred to, not copied, as long as they are dense
///   batch   : views of memory of this object, (B, ...) each, good until the next one; the last of an epoch
///             has fewer rows, if it is not dropped
///   errors  : [ctnn.data] no samples, or fewer than a batch where the last is dropped; [ctnn.shape] tensors
///             with different first extents
///   cost    : a batch is a copy of its rows, an epoch n draws; allocates when made
template <std::size_t B, class... X>
class Epochs {
public:
    explicit Epochs(const X&... x, EpochsOptions options = {}) : rows_(x...), options_(options)
    {
        order_.resize(rows_.size());
        std::iota(order_.begin(), order_.end(), std::int64_t{0});
        if (batches() == 0)
            throw Error("ctnn.data", std::to_string(rows_.size()) + " samples make no batch of " +
                                         std::to_string(B) + ", and smaller ones are dropped");
    }

    /// The next batch; after the last of an epoch the first of another, which draws its order.
    ///   errors : [ctnn.data] a checkpoint has put it where it cannot be
    auto next(Generator& generator)
    {
        if (static_cast<std::uint64_t>(position_) > batches())
            throw Error("ctnn.data", "the next batch is number " + std::to_string(position_) +
                                         " of an epoch of " + std::to_string(batches()));
        if (is_at_end()) {
            end(generator);
            position_ = 0;
            has_ended_ = 0;
            ++epoch_;
        }
        if (position_ == 0) begin(generator);
        const std::size_t first = static_cast<std::size_t>(position_) * B;
        const std::size_t count = std::min(B, order_.size() - first);
        ++position_;
        if (count < B) end(generator);
        return rows_.gather(order_.data() + first, count);
    }
    /// What is left of the epoch under way, or all of the next one, for a loop.
    auto epoch(Generator& generator)
    {
        return range{*this, generator,
                     is_at_end() ? batches() : batches() - static_cast<std::size_t>(position_)};
    }

    /// Whether the last batch was the last of its epoch.
    [[nodiscard]] bool is_at_end() const { return static_cast<std::size_t>(position_) == batches(); }
    /// Batches an epoch.
    [[nodiscard]] std::size_t batches() const
    {
        return (order_.size() + (options_.last == LastBatch::smaller ? B - 1 : 0)) / B;
    }
    /// How many epochs were begun before the one under way.
    [[nodiscard]] std::size_t epochs_before() const { return static_cast<std::size_t>(epoch_); }
    [[nodiscard]] std::size_t size() const { return order_.size(); }

    /// f(name, numbers) for what a checkpoint keeps.
    template <class F>
    void for_each_state(F&& f)
    {
        f("order", std::span<std::int64_t>(order_));
        f("position", std::span<std::int64_t>(&position_, 1));
        f("epoch", std::span<std::int64_t>(&epoch_, 1));
        f("has_ended", std::span<std::int64_t>(&has_ended_, 1));
    }
    /// The samples and how they are gone through, so that a checkpoint is not taken up with others.
    [[nodiscard]] const std::string& settings() const
    {
        if (settings_.empty()) // reads all samples, so only once
            settings_ = "epochs " +
                        std::string(options_.order == SampleOrder::randperm      ? "by randperm"
                                    : options_.order == SampleOrder::data_loader ? "by DataLoader"
                                                                                 : "in order") +
                        " in batches of " + std::to_string(B) +
                        (options_.last == LastBatch::dropped ? ", the last dropped," : "") + " from " +
                        std::to_string(order_.size()) + " samples with checksum " + rows_.checksum_text();
        return settings_;
    }

private:
    detail::sample_rows<B, X...> rows_;
    EpochsOptions options_;
    std::vector<std::int64_t> order_;
    std::int64_t position_ = 0; // batches of this epoch handed out
    std::int64_t epoch_ = 0;
    std::int64_t has_ended_ = 0; // whether what is drawn after an epoch has been
    mutable std::string settings_;

    struct range {
        Epochs& epochs;
        Generator& generator;
        std::size_t count;

        struct iterator {
            range* over;
            std::size_t left;
            auto operator*() const { return over->epochs.next(over->generator); }
            iterator& operator++()
            {
                if (--left == 0) over->epochs.end(over->generator);
                return *this;
            }
            bool operator!=(std::default_sentinel_t) const { return left > 0; }
        };
        iterator begin() { return {this, count}; }
        static std::default_sentinel_t end() { return {}; }
    };

    void begin(Generator& generator)
    {
        if (options_.order == SampleOrder::data_loader) (void)generator.random(); // its base seed
        if (options_.order != SampleOrder::as_given) generator.fill_randperm(std::span<std::int64_t>(order_));
    }
    /// What PyTorch's sampler draws when it is asked for more than it has: for the last batch, if that is
    /// smaller, or after it.
    void end(Generator& generator)
    {
        if (options_.order == SampleOrder::data_loader && has_ended_ == 0)
            generator.skip_randperm(order_.size());
        has_ended_ = 1;
    }
};

/// Those of words.
template <std::size_t B>
class Epochs<B> : public Epochs<B, xt::xtensor<class_id, 2>, xt::xtensor<class_id, 1>> {
public:
    explicit Epochs(const Samples& samples, EpochsOptions options = {})
        : Epochs<B, xt::xtensor<class_id, 2>, xt::xtensor<class_id, 1>>(samples.contexts, samples.targets,
                                                                        options)
    {}
    explicit Epochs(Samples&&, EpochsOptions = {}) = delete;
};

/// `epochs_of<64>(x, y)`, `epochs_of<64>({.last = LastBatch::dropped}, x, y)`: xtensors that stay where they
/// are.
template <std::size_t B, class... X>
auto epochs_of(EpochsOptions options, X&... x)
{
    return Epochs<B, std::remove_const_t<X>...>(x..., options);
}
/// With the options as they are by default.
template <std::size_t B, class... X>
    requires(detail::tensor_like<X> && ...)
auto epochs_of(X&... x)
{
    return Epochs<B, std::remove_const_t<X>...>(x...);
}

} // namespace ctnn::inline CTNN_ARCH
