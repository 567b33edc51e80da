// SPDX-License-Identifier: BSD-3-Clause
/// Everything that a report tells of a training.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <ctnn/inspect/inspect.hpp>
#include <ctnn/report/picture.hpp>
#include <ctnn/train/metrics.hpp>
#include <ctnn/train/metrics_file.hpp>

namespace ctnn::inline CTNN_ARCH {

/// A training, as far as it was looked at: what is left empty is not in the report.
///
/// ```cpp
/// Run run{.name = "digits", .meaning = "A hidden layer of 64 units, with dropout"};
/// run.see_start(model, criterion, x, y);       // before the first step, with a first batch
/// ...                                          // the training
/// run.see(training);                           // loss, learning rate, evaluations
/// run.see_end(model, observer, train_x);       // layers, parameters, verdicts
/// run.confusion = matrix;
/// write_report("report", {run});
/// ```
struct Run {
    std::string name;                                              ///< unlike that of any other
    std::string meaning = {};                                      ///< for its head, without a full stop
    std::vector<std::pair<std::string, std::string>> results = {}; ///< what it is, and a figure

    std::size_t steps = 0;
    Series loss{}, learning_rates{};
    std::vector<MetricHistory> metrics = {};

    std::vector<LayerInfo> layers = {};
    std::optional<Initialisation> start = {};
    std::vector<LayerStatistics> activations = {}; ///< of the last step
    std::vector<ParameterStatistics> parameters = {};
    std::vector<ParameterHistory> updates = {};
    std::vector<Calibration> calibrations = {};
    std::vector<Verdict> verdicts = {};

    std::optional<ConfusionMatrix> confusion = {};
    std::vector<std::string> classes = {}; ///< their names; empty: numbers
    /// of a regression, one for each other; see_answers fills them
    std::vector<double> answers = {}, targets = {};

    std::vector<Picture> pictures = {}; ///< of the program's own; their ids are unlike any other
    std::vector<std::pair<std::string, std::vector<std::string>>> lists = {}; ///< a heading, and words

    /// Of its files; write_report makes it of the name.
    std::string id = {};

    /// The network as it starts, with a batch. Neither the model nor a generator is moved by it. A network of
    /// several inputs gets them as std::tie(a, b).
    ///   errors : those of check_initialisation
    template <class M, class Criterion, class X, class Targets>
    [[gnu::cold]] void see_start(const M& model, Criterion& criterion, const X& x, const Targets& y)
    {
        layers = layers_of<typename M::network>();
        start = check_initialisation(model, criterion, x, y);
        add(judge(*start));
    }
    /// What a Training has recorded.
    void see(const auto& training)
    {
        steps = training.step();
        loss = training.loss();
        learning_rates = training.learning_rates();
        metrics = training.history();
    }
    /// The network at the end: the last step, as the observer saw all of them, and dead units and running
    /// statistics over the samples x. Without samples, or for a network of several inputs, the latter are
    /// left out.
    ///   model : Model<Net, Train<B, Observer::Keep>>, which retains gradients if layers are observed
    template <class M, class... What>
    [[gnu::cold]] void see_end(const M& model, const Observer<What...>& observer)
    {
        layers = layers_of<typename M::network>();
        if constexpr (M::mode::retains_gradients) activations = layer_statistics(model);
        parameters = parameter_statistics(model);
        if constexpr (sizeof...(What) > 0) {
            updates = observer.parameters();
            add(judge(updates));
        }
    }
    template <class M, class... What, class X>
    [[gnu::cold]] void see_end(const M& model, const Observer<What...>& observer, const X& x)
    {
        see_end(model, observer);
        using Net = typename M::network;
        if constexpr (detail::schedule_of<Net>.size.inputs == 1) {
            const Model<Net, Eval, typename M::scalar> answering{model};
            calibrations = calibrate(answering, x);
            add(judge(calibrations));
            add(judge(dead_units(answering, x)));
        }
    }
    /// The answers of a regression, as the model gives them, beside what they should be.
    ///   errors : [ctnn.shape] other extents
    template <class Y, class Targets>
    void see_answers(const Y& y, const Targets& given)
    {
        if (!std::equal(y.shape().begin(), y.shape().end(), given.shape().begin(), given.shape().end()))
            throw Error("ctnn.shape", "the answers have shape " + shape_text(y.shape()) + ", the targets " +
                                          shape_text(given.shape()));
        answers.insert(answers.end(), y.begin(), y.end());
        targets.insert(targets.end(), given.begin(), given.end());
    }
    void add(const std::vector<Verdict>& more) { verdicts.insert(verdicts.end(), more.begin(), more.end()); }
};

} // namespace ctnn::inline CTNN_ARCH
