// SPDX-License-Identifier: BSD-3-Clause
/// How good a model's answers are, found by a team.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/data/ngrams.hpp>
#include <ctnn/loss/cross_entropy.hpp>
#include <ctnn/model/eval.hpp>
#include <ctnn/parallel/team.hpp>
#include <ctnn/train/metrics.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// Samples are shared out in so many groups, whatever the number of workers: what a group finds depends on
/// nothing else.
inline constexpr std::size_t evaluation_groups = 64;
/// Samples that go through a model at once, so that memory does not grow with the data.
inline constexpr std::size_t evaluation_piece = 1024;

/// What a worker needs to answer, kept from piece to piece.
template <class Net, Mode M, class T>
class answers {
    static constexpr bool is_wide = eval_size<Net, T, M>::is_wide;

public:
    explicit answers(const Model<Net, M, T>& model) : model_(&model)
    {
        if constexpr (is_wide) workspace_.emplace();
    }
    /// y = net(x), good until the next call.
    template <class X>
    auto to(const X& x)
    {
        const std::size_t n = x.shape()[0];
        y_.resize(std::max(n, evaluation_piece) * output_shape<Net>::size);
        auto y = view_of(y_.data(), batch_extents<output_shape<Net>>(n));
        if constexpr (is_wide) model_->forward(x, y, *workspace_);
        else model_->forward(x, y);
        return view_of(static_cast<const T*>(y_.data()), batch_extents<output_shape<Net>>(n));
    }

private:
    struct nothing {};
    const Model<Net, M, T>* model_;
    std::conditional_t<is_wide, std::optional<Workspace<Net, Eval, T>>, nothing> workspace_;
    xt::uvector<T> y_;
};

// Shown by a compile error; never true.
template <class M>
inline constexpr bool answers_only = false;
template <class Metric>
inline constexpr bool can_be_merged = false;

/// add(group, y, targets) for all pieces of all samples: groups at the same time, the pieces of a group in
/// order. `make` makes what a worker keeps.
///   errors : [ctnn.shape] x and targets of another number of samples; [ctnn.data] no samples
template <class Workers, class Net, Mode M, class T, class X, class Y, class Make, class Add>
void for_each_piece(Workers& team, bool shares, const Model<Net, M, T>& model, const X& x, const Y& targets,
                    Make make, Add add)
{
    static_assert(is_eval<M> || answers_only<Model<Net, M, T>>,
                  "[ctnn.mode] a model that learns is not evaluated as it is: give freeze(model), or a "
                  "Model<Net, Eval>");
    if constexpr (is_eval<M>) {
        const sample_source<X> inputs(x);
        const sample_source<Y> expected(targets);
        const std::size_t n = inputs.size();
        if (n == 0) throw Error("ctnn.data", "there are no samples to evaluate a model on");
        if (expected.size() != n)
            throw Error("ctnn.shape", "the targets have shape " + shape_text(targets.shape()) +
                                          ", expected " + std::to_string(n) + " samples as in the input");
        const std::size_t pieces = (n + evaluation_piece - 1) / evaluation_piece;
        std::atomic<std::size_t> next{0};
        team.run([&](std::size_t worker) {
            answers<Net, M, T> model_of_worker(model);
            auto kept = make();
            const auto do_group = [&](std::size_t group) {
                const std::size_t last = (group + 1) * pieces / evaluation_groups;
                for (std::size_t piece = group * pieces / evaluation_groups; piece < last; ++piece) {
                    const std::size_t first = piece * evaluation_piece,
                                      count = std::min(evaluation_piece, n - first);
                    add(kept, group, model_of_worker.to(inputs.rows(first, count)),
                        expected.rows(first, count));
                }
            };
            if constexpr (requires { Workers::shares_memory; }) { // whoever is free takes the next
                (void)worker;
                for (std::size_t group = next++; group < evaluation_groups; group = next++) do_group(group);
            } else {
                for (std::size_t group = 0; group < evaluation_groups; ++group)
                    if (!shares || group % team.size() == worker) do_group(group);
            }
        });
    }
}

} // namespace detail

/// The mean loss over all samples: in pieces of 1,024, added in a fixed order, so that any number of workers
/// finds the same bits.
///
/// ```cpp
/// Workers workers;
/// const double validation = mean_loss(workers, freeze(model), x, targets); // or MeanSquaredError{} last
/// ```
///
///   model   : a Model<Net, Eval>, or what freeze gives
///   x       : (n, input shape)      targets : (n, ...)
///   loss    : the mean over the rows of a piece; pieces count by their rows
///   errors  : [ctnn.data] no samples; [ctnn.shape] x and targets of different numbers of samples; those of
///             the model and of the criterion
///   cost    : memory for a piece of 1,024 answers a worker
template <Team Workers, class Net, Mode M, class T, class X, class Y, class Criterion = CrossEntropy<T>>
[[nodiscard]] double mean_loss(Workers& team, const Model<Net, M, T>& model, const X& x, const Y& targets,
                               const Criterion& criterion = Criterion{})
{
    std::array<double, detail::evaluation_groups> sum{};
    detail::for_each_piece(
        team, true, model, x, targets, [&] { return criterion; },
        [&](Criterion& own, std::size_t group, const auto& y, const auto& expected) {
            sum[group] +=
                static_cast<double>(std::get<0>(own(y, expected))) * static_cast<double>(expected.shape()[0]);
        });
    team.gather(sum.data(), sum.size());
    double all = 0;
    for (const double of_group : sum) all += of_group;
    return all / static_cast<double>(x.shape()[0]);
}
/// The same for samples of an n-gram model.
template <Team Workers, class Net, Mode M, class T>
[[nodiscard]] double mean_loss(Workers& team, const Model<Net, M, T>& model, const Samples& samples)
{
    return mean_loss(team, model, samples.contexts, samples.targets);
}

/// Adds the answers to all samples to a metric, such as an Accuracy, a ConfusionMatrix or RegressionErrors.
///
/// ```cpp
/// Accuracy accuracy;
/// measure(workers, freeze(model), x, targets, accuracy);
/// accuracy.value();
/// ```
///
///   metric : has add(y, targets) and merge(other); 64 groups of samples have a copy of it each, which are
///            merged in order, so that any number of workers finds the same bits. Each rank of several
///            processes answers all samples
///   errors : those of mean_loss, and of the metric; it has no new answers then
template <Team Workers, class Net, Mode M, class T, class X, class Y, class Metric>
void measure(Workers& team, const Model<Net, M, T>& model, const X& x, const Y& targets, Metric& metric)
{
    static_assert(
        requires { metric.merge(metric); } || detail::can_be_merged<Metric>,
        "[ctnn.parallel] a metric that a team measures has merge(other), which adds what another "
        "of its kind has counted");
    Metric empty = metric;
    empty.reset();
    std::vector<Metric> groups(detail::evaluation_groups, empty);
    detail::for_each_piece(
        team, false, model, x, targets, [] { return 0; },
        [&](int, std::size_t group, const auto& y, const auto& expected) { groups[group].add(y, expected); });
    for (const Metric& group : groups) metric.merge(group);
}

} // namespace ctnn::inline CTNN_ARCH
