// SPDX-License-Identifier: BSD-3-Clause
/// The training of one network, watched from inside.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ctnn/ctnn.hpp>
#include <ctnn/inspect/inspect.hpp>
#include <ctnn/io/checkpoint.hpp>

#include "chosen.hpp"
#include "json.hpp"

namespace live {

using namespace ctnn;

inline constexpr std::size_t context = 3, batch = 32, classes = 27, features = 10;

/// Units of a hidden layer, as in the lecture: 200 where there is one, and 100 where there are several.
constexpr std::size_t width_of(int depth) { return depth == 1 ? 200 : 100; }

/// A hidden layer by its norm, and what comes after the last: those of the lecture's deep nets.
template <Norm N>
struct parts {
    template <std::size_t In, std::size_t Out>
    using hidden = Sequential<Linear<In, Out>, Chosen>;
    using last = layer_list<Linear<100, classes>>;
};
template <>
struct parts<Norm::batch> {
    template <std::size_t In, std::size_t Out>
    using hidden = Sequential<Linear<In, Out, NoBias>, BatchNorm<Out, LectureVariance>, Chosen>;
    using last = layer_list<Linear<100, classes, NoBias>, BatchNorm<classes, LectureVariance>>;
};
template <>
struct parts<Norm::layer> {
    template <std::size_t In, std::size_t Out>
    using hidden = Sequential<Linear<In, Out, NoBias>, LayerNorm<Out>, Chosen>;
    using last = layer_list<Linear<100, classes>>;
};

template <int Depth, Norm N, class More = std::make_index_sequence<static_cast<std::size_t>(Depth) - 1>,
          class Last = typename parts<N>::last>
struct net;
template <int Depth, Norm N, std::size_t... I, class... Last>
struct net<Depth, N, std::index_sequence<I...>, layer_list<Last...>> {
    template <std::size_t>
    using another = typename parts<N>::template hidden<100, 100>;
    using type =
        Sequential<Embedding<classes, features>, typename parts<N>::template hidden<context * features, 100>,
                   another<I>..., Last...>;
};
/// With one hidden layer the lecture's first nets.
template <class... Last>
struct net<1, Norm::none, std::index_sequence<>, layer_list<Last...>> {
    using type = Sequential<Embedding<classes, features>, Linear<30, 200>, Chosen, Linear<200, classes>>;
};
template <class... Last>
struct net<1, Norm::batch, std::index_sequence<>, layer_list<Last...>> {
    using type = Sequential<Embedding<classes, features>, Linear<30, 200, NoBias>, BatchNorm<200, LectureStd>,
                            Chosen, Linear<200, classes>>;
};
template <class... Last>
struct net<1, Norm::layer, std::index_sequence<>, layer_list<Last...>> {
    using type = Sequential<Embedding<classes, features>, Linear<30, 200, NoBias>, LayerNorm<200>, Chosen,
                            Linear<200, classes>>;
};
template <int Depth, Norm N>
using Net = typename net<Depth, N>::type;

template <class Network, Norm N>
class Trainer final : public Machine {
public:
    Trainer(const Settings& settings, const Data& data)
        : settings_(settings), data_(&data), generator_(settings.seed),
          sgd_(model_, {.learning_rate = static_cast<float>(settings.rate)}), batches_(data.train)
    {
        std::array<char, 96> told{};
        std::snprintf(told.data(), told.size(), "live, learning rate %.17g, a tenth from step %zu",
                      settings.rate, settings.decay_at);
        told_ = told.data();
        initialise();
    }

    double step() override
    {
        const auto [x, y] = batches_.next(generator_);
        return step_with(x, y);
    }

    std::string look() override
    {
        const auto [x, y] = batches_.next(generator_);
        std::vector<float> before(model_.parameter_block(), model_.parameter_block() + Model_::block_size());
        const double loss = step_with(x, y);
        const Initialisation seen = last_step(loss);
        Json json;
        json.number("step", static_cast<double>(steps_)).number("loss", loss);
        put_layers(json, seen);
        put_weights(json, seen, before);
        if constexpr (N == Norm::batch) put_running(json);
        put_embedding(json);
        put_verdicts(json, judge(seen));
        return json.text();
    }

    std::string start() override
    {
        Minibatches<batch> batches(data_->train);
        Generator generator(settings_.seed + 1);
        const auto [x, y] = batches.next(generator);
        Initialisation seen = check_initialisation(model_, criterion_, x, y);
        if (!has_ends()) seen.maps.clear();
        Json json;
        put_verdicts(json, judge(seen));
        return json.text();
    }

    std::string names(int count, bool of_batch, std::uint64_t seed) override
    {
        Generator drawing(seed);
        return of_batch ? names_of_batch(count, drawing) : names_alone(count, drawing);
    }

    double validation_loss() override
    {
        const auto frozen = freeze(model_);
        const auto [loss, unused] =
            criterion_(frozen.forward(data_->validation.contexts), data_->validation.targets);
        return static_cast<double>(loss);
    }

    void save(const std::string& path) override
    {
        Checkpoint(model_, sgd_, generator_, batches_).save(path, steps_, told_);
    }
    void load(const std::string& path) override
    {
        // What the trainer that made it says of itself stands before what the parts say.
        const std::string all = checkpoint_settings(path);
        if (all.empty()) { // parameters alone
            ctnn::load(model_, path);
            steps_ = 0;
            return;
        }
        const std::string parts = "; " + sgd_.settings() + "; " + batches_.settings();
        const std::string told =
            all.ends_with(parts) ? all.substr(0, all.size() - parts.size()) : std::string{};
        steps_ = Checkpoint(model_, sgd_, generator_, batches_).load(path, told);
        told_ = told;
        double rate = 0;
        unsigned long long decay = 0;
        const std::size_t at = told_.find("learning rate ");
        if (at != std::string::npos &&
            std::sscanf(told_.c_str() + at, "learning rate %lf, a tenth from step %llu", &rate, &decay) ==
                2) {
            settings_.rate = rate;
            settings_.decay_at = static_cast<std::size_t>(decay);
        }
    }
    [[nodiscard]] std::string pace() const override
    {
        Json json;
        json.number("rate", settings_.rate).number("decayAt", static_cast<double>(settings_.decay_at));
        return json.text();
    }
    [[nodiscard]] std::size_t steps() const override { return steps_; }
    [[nodiscard]] std::string network() const override { return signature<Network>(); }

private:
    using Model_ = Model<Network, Train<batch, RetainGradients>>;
    Settings settings_;
    const Data* data_;
    Generator generator_;
    Model_ model_;
    Sgd<Network> sgd_;
    CrossEntropy<> criterion_;
    Minibatches<batch> batches_;
    std::size_t steps_ = 0;
    std::string told_; ///< how the training is named in its file
    std::array<std::array<double, features>, 2> directions_{};

    /// Of the first, the units of a hidden layer.
    [[nodiscard]] std::size_t width() const { return width_of(settings_.depth); }

    template <class X, class Y>
    double step_with(const X& x, const Y& y)
    {
        const auto [loss, dlogits] = criterion_(model_.forward(x), y);
        sgd_.set_learning_rate(
            static_cast<float>(MultiStep(settings_.rate, {settings_.decay_at}).at(steps_)));
        model_.backward(dlogits);
        sgd_.step(model_);
        ++steps_;
        return static_cast<double>(loss);
    }

    /// The draws of the lecture, in its order: one after the other, scaled by one number after the other. The
    /// deep nets draw no biases, and their last weights are those of a layer with a gain of 1.
    void initialise()
    {
        const auto times = [](auto& value, double by) {
            if (by != 1) value *= static_cast<float>(by);
        };
        const bool is_plain = settings_.gain == 0 && settings_.first_scale == 1,
                   is_deep = settings_.depth > 1;
        const int last = settings_.depth + 1;
        int matrix = 0;
        model_.for_each_parameter([&](auto name, auto value, auto) {
            if (value.dimension() == 2) {
                value = generator_.randn(value.shape()[0], value.shape()[1]);
                const float root = std::sqrt(static_cast<float>(value.shape()[0]));
                if (matrix == last) {
                    if (is_deep) value /= root;
                    if (!is_deep || N != Norm::batch) times(value, settings_.last_scale);
                } else if (matrix > 0) {
                    if (settings_.gain > 0) times(value, settings_.gain), value /= root;
                    times(value, settings_.first_scale);
                }
                ++matrix;
            } else if (is_deep && N == Norm::batch && matrix > last && name.ends_with("weight")) {
                times(value, settings_.last_scale); // of the last BatchNorm
            } else if (!is_deep && name.ends_with("bias") && (N == Norm::none || matrix > last)) {
                value = generator_.randn(value.shape()[0]);
                if (matrix > last) times(value, settings_.last_scale == 1 ? 1 : 0);
                else times(value, is_plain ? 1 : 0.01);
            }
        });
    }

    /// What the last step shows, in the form of a first look.
    Initialisation last_step(double loss) const
    {
        Initialisation seen{loss,
                            std::numeric_limits<double>::quiet_NaN(),
                            layer_statistics(model_),
                            {},
                            parameter_statistics(model_),
                            {}};
        const auto predicted =
            detail::predict<Network, float>(model_.parameter_block(), {}, detail::numbers_of_layers(model_));
        for (const LayerStatistics& l : seen.layers) seen.predicted.push_back(predicted[l.layer.index]);
        if (has_ends()) seen.maps = saturation_maps(model_);
        return seen;
    }
    /// Whether there is anything that the nonlinearity approaches and does not pass.
    static bool has_ends() { return std::isfinite(output_limits<Chosen>::value.low); }

    static void put_layers(Json& json, const Initialisation& seen)
    {
        json.begin_list("layers");
        for (const LayerStatistics& l : seen.layers) {
            if (l.layer.type != Chosen::name()) continue;
            Json one;
            one.text("name", l.layer.name()).number("units", static_cast<double>(l.layer.units()));
            one.number("mean", l.output.mean).number("std", l.output.std);
            one.number("gradientStd", l.gradient.std).number("saturated", l.saturated);
            put_histogram(one, "outputs", l.outputs);
            put_histogram(one, "gradients", l.gradients);
            for (const SaturationMap& map : seen.maps)
                if (map.layer.index == l.layer.index) {
                    std::string bits;
                    for (const bool b : map.saturated) bits += b ? '1' : '0';
                    one.text("map", bits).numbers("dead", map.dead);
                }
            json.item(one);
        }
        json.end_list();
    }
    static void put_histogram(Json& json, const char* name, const Histogram& h)
    {
        Json one;
        one.numbers("edges", h.edges).numbers("counts", h.counts);
        json.object(name, one);
    }
    void put_weights(Json& json, const Initialisation& seen, const std::vector<float>& before) const
    {
        json.begin_list("weights");
        std::size_t next = 0;
        const auto places = detail::parameter_at<Network, float>::all();
        for (const ParameterStatistics& p : seen.parameters) {
            const auto& place = places[next++];
            if (p.shape.size() < 2) continue;
            Json one;
            one.text("name", p.name).number("gradientToData", p.gradient_to_data);
            const double ratio =
                detail::log_update_to_data(place.in(before.data()), place.in(model_.parameter_block()));
            one.number("update", ratio);
            put_histogram(one, "gradients", p.gradients);
            json.item(one);
        }
        json.end_list();
    }
    /// The first BatchNorm: what the batch shows beside what was kept.
    void put_running(Json& json) const
    {
        detail::running_moments now;
        now.add(detail::numbers_of_layers(model_)[1].output, width());
        std::vector<double> spread;
        for (const double squares : now.squares) spread.push_back(std::sqrt(squares / (batch - 1)));
        std::size_t k = 0;
        std::array<std::vector<double>, 2> kept;
        model_.for_each_buffer([&](auto, auto value) {
            if (k < 2) kept[k].assign(value.begin(), value.end());
            ++k;
        });
        if (settings_.depth > 1) // the deep nets keep variances
            for (double& variance : kept[1]) variance = std::sqrt(variance);
        json.numbers("batchMean", now.mean).numbers("batchStd", spread);
        json.numbers("runningMean", kept[0]).numbers("runningStd", kept[1]);
    }
    /// The vectors of the characters along the two directions in which they differ most, which turn little
    /// from one look to the next.
    void put_embedding(Json& json)
    {
        const float* const e = std::as_const(model_).parameter_block();
        std::array<double, features> mean{};
        for (std::size_t v = 0; v < classes; ++v)
            for (std::size_t f = 0; f < features; ++f)
                mean[f] += static_cast<double>(e[v * features + f]) / classes;
        const auto at = [&](std::size_t v, std::size_t f) {
            return static_cast<double>(e[v * features + f]) - mean[f];
        };
        for (std::size_t d = 0; d < 2; ++d) {
            auto& direction = directions_[d];
            if (std::all_of(direction.begin(), direction.end(), [](double x) { return x == 0; }))
                for (std::size_t f = 0; f < features; ++f) direction[f] = f % 2 == d ? 1 : 0.5;
            for (int round = 0; round < 30; ++round) {
                std::array<double, features> next{};
                for (std::size_t v = 0; v < classes; ++v) {
                    double along = 0;
                    for (std::size_t f = 0; f < features; ++f) along += at(v, f) * direction[f];
                    for (std::size_t f = 0; f < features; ++f) next[f] += along * at(v, f);
                }
                if (d == 1) {
                    double same = 0;
                    for (std::size_t f = 0; f < features; ++f) same += next[f] * directions_[0][f];
                    for (std::size_t f = 0; f < features; ++f) next[f] -= same * directions_[0][f];
                }
                double length = 0;
                for (const double n : next) length += n * n;
                length = std::sqrt(length);
                if (!(length > 0)) break;
                for (std::size_t f = 0; f < features; ++f) direction[f] = next[f] / length;
            }
        }
        std::vector<double> points;
        for (std::size_t v = 0; v < classes; ++v)
            for (const auto& direction : directions_) {
                double along = 0;
                for (std::size_t f = 0; f < features; ++f) along += at(v, f) * direction[f];
                points.push_back(along);
            }
        json.numbers("embedding", points);
    }

    static void put_verdicts(Json& json, const std::vector<Verdict>& verdicts)
    {
        json.begin_list("verdicts");
        for (const Verdict& v : verdicts) {
            Json one;
            one.number("sound", v.sound ? 1 : 0).text("subject", v.subject).text("text", v.text);
            one.text("advice", v.advice);
            json.item(one);
        }
        json.end_list();
    }

    std::string names_alone(int count, Generator& drawing)
    {
        const Model<Network, Eval> model(model_);
        std::string all;
        for (int i = 0; i < count; ++i) all += sample(model, data_->vocabulary, drawing) + "\n";
        return all;
    }
    /// The mistake of forgetting eval(): each letter comes from a pass of training, normalised by the batch
    /// of the other names that are being drawn. The model itself is left alone.
    std::string names_of_batch(int count, Generator& drawing)
    {
        Model_ copy(model_);
        std::array<std::string, batch> name;
        std::array<bool, batch> is_over{};
        xt::xtensor<std::int64_t, 2> x = xt::zeros<std::int64_t>({batch, context});
        for (int letter = 0; letter < 20; ++letter) {
            const auto& logits = copy.forward(x);
            for (std::size_t r = 0; r < batch; ++r) {
                std::array<float, classes> share;
                const float* const row = logits.data() + r * classes;
                const float most = *std::max_element(row, row + classes);
                for (std::size_t c = 0; c < classes; ++c) share[c] = std::exp(row[c] - most);
                const auto id = static_cast<class_id>(drawing.multinomial(std::span<const float>(share)));
                x(r, 0) = x(r, 1);
                x(r, 1) = x(r, 2);
                x(r, 2) = id;
                if (id == 0) is_over[r] = true;
                if (!is_over[r]) name[r] += data_->vocabulary.character(id);
            }
        }
        std::string all;
        for (int i = 0; i < std::min<int>(count, batch); ++i) all += name[static_cast<std::size_t>(i)] + "\n";
        return all;
    }
};

} // namespace live
