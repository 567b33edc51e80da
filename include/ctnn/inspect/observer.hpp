// SPDX-License-Identifier: BSD-3-Clause
/// Watching a training from inside, with a choice made when compiling.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <ctnn/core/concepts.hpp>
#include <ctnn/inspect/layers.hpp>
#include <ctnn/inspect/series.hpp>

namespace ctnn::inline CTNN_ARCH {

// What an Observer can watch. Layers are numbered as in `model.output<3>()`, parameters named as in
// `model.parameter<"1.weight">()`; none named means all of them.

/// The loss of each step.
struct Losses {};
/// Mean, standard deviation and saturated share of layers' outputs.
template <std::size_t... Layers>
struct LayerOutputs {};
/// Mean and standard deviation of the gradients of layers' outputs.
template <std::size_t... Layers>
struct OutputGradients {};
/// Mean and standard deviation of parameters.
template <fixed_string... Names>
struct Parameters {};
/// Mean, standard deviation and norm of parameters' gradients, and the ratio of their standard deviation to
/// the parameter's.
template <fixed_string... Names>
struct ParameterGradients {};
/// log10 of std(update) : std(parameter) in each step.
template <fixed_string... Names>
struct Updates {};

/// What an Observer has seen of a layer. A series that was not asked for is empty.
struct LayerHistory {
    LayerInfo layer;
    Series mean, std, saturated; ///< of the output; saturated: the share beyond 0.97, of layers that saturate
    Series gradient_mean, gradient_std;
};
/// What an Observer has seen of a parameter.
struct ParameterHistory {
    std::string name;
    std::vector<std::size_t> shape;
    Series mean, std;
    Series gradient_mean, gradient_std, gradient_norm, gradient_to_data;
    Series update_to_data; ///< log10, one value for each step
};

/// How often an Observer looks, and how much it keeps.
struct ObserverOptions {
    /// steps from one look at outputs, parameters and gradients to the next; losses and updates: each step
    std::size_t every = 100;
    std::size_t points = 1024; ///< that a series keeps at most
};

namespace detail {

/// The layers (or parameters) that one kind of watching is about.
template <template <std::size_t...> class Kind>
struct layers_watched {
    template <std::size_t... I>
    static bool has(Kind<I...>, std::size_t layer)
    {
        return sizeof...(I) == 0 || ((I == layer) || ...);
    }
    static bool has(auto, std::size_t) { return false; }
    template <std::size_t... I>
    static constexpr bool is(Kind<I...>*)
    {
        return true;
    }
    static constexpr bool is(auto*) { return false; }
    template <std::size_t... I>
    static constexpr std::size_t beyond(Kind<I...>*)
    {
        return std::max({std::size_t{0}, (I + 1)...});
    }
    static constexpr std::size_t beyond(auto*) { return 0; }
};
template <template <fixed_string...> class Kind>
struct parameters_watched {
    template <fixed_string... N>
    static bool has(Kind<N...>, [[maybe_unused]] std::string_view name)
    {
        return sizeof...(N) == 0 || ((N.view() == name) || ...);
    }
    static bool has(auto, std::string_view) { return false; }
    template <fixed_string... N>
    static constexpr bool is(Kind<N...>*)
    {
        return true;
    }
    static constexpr bool is(auto*) { return false; }
    template <class Net, fixed_string... N>
    static constexpr bool known(Kind<N...>*)
    {
        return (slots<Net, float>::learns(N.view()) && ...);
    }
    template <class Net>
    static constexpr bool known(auto*)
    {
        return true;
    }
};

// Shown by a compile error; never true.
template <class M>
inline constexpr bool retains_what_is_watched = false;
template <class What, class Net>
inline constexpr bool has_what_is_watched = false;

} // namespace detail

/// Takes an optimizer's step and records what is asked for. `Observer<>` asks for nothing, and is compiled to
/// the optimizer's step alone.
///
/// ```cpp
/// Model<Net, Train<32, RetainGradients>> model{generator};
/// Observer<Losses, LayerOutputs<3, 6>, Updates<>> observer{model};
/// ...
///     model.backward(dlogits);
///     observer.step(model, sgd, loss);
/// ...
/// for (const ParameterHistory& p : observer.parameters())
///     std::printf("%s %.2f\n", p.name.c_str(), p.update_to_data.mean_of_end());
/// ```
///
///   What   : any of Losses, LayerOutputs, OutputGradients, Parameters, ParameterGradients, Updates;
///            `ObserveAll` has all of them
///   errors : [ctnn.mode] outputs or their gradients are watched and the model does not retain them;
///            [ctnn.name] a layer or parameter that the network does not have; [ctnn.option] a period of 0
///   memory : bounded, however long the training: see Series. Updates keep a copy of the parameters
template <class... What>
class Observer {
    template <template <std::size_t...> class Kind>
    static constexpr bool watches_layers =
        (detail::layers_watched<Kind>::is(static_cast<What*>(nullptr)) || ...);
    template <template <fixed_string...> class Kind>
    static constexpr bool watches_parameters =
        (detail::parameters_watched<Kind>::is(static_cast<What*>(nullptr)) || ...);

public:
    /// What a model has to keep for this observer: `Model<Net, Train<32, Observer<...>::Keep>>`.
    static constexpr bool watches_outputs = watches_layers<LayerOutputs> || watches_layers<OutputGradients>;
    using Keep = std::conditional_t<watches_outputs, RetainGradients, KeepNothing>;

    template <class M>
    explicit Observer(const M&, const ObserverOptions& options = {})
        : every_(options.every), loss_(options.points)
    {
        using Net = typename M::network;
        if (options.every == 0)
            throw Error("ctnn.option", "an observer looks every 0 steps, expected 1 or more");
        if constexpr (watches_outputs && !M::mode::retains_gradients)
            static_assert(detail::retains_what_is_watched<typename M::mode>,
                          "[ctnn.mode] outputs and their gradients can be watched in a Model<Net, Train<B, "
                          "RetainGradients>>");
        (check<Net, What>(), ...);
        if constexpr (watches_outputs)
            for (LayerInfo& layer : layers_of<Net>()) {
                const Series series(options.points);
                layers_.push_back({std::move(layer), series, series, series, series, series});
            }
        if constexpr (watches_any_parameter)
            for (auto& p : detail::parameter_at<Net, typename M::scalar>::all()) {
                const Series series(options.points);
                places_.push_back({p.offset, p.size});
                parameters_.push_back({std::move(p.name), std::move(p.shape), series, series, series, series,
                                       series, series, series});
            }
        if constexpr (watches_parameters<Updates>)
            before_.resize(M::block_size() * sizeof(typename M::scalar));
    }

    /// optimizer.step(model), observed. To be called where that would be: after forward and backward.
    template <class M, Optimizer<M> O>
    void step(M& model, O& optimizer, [[maybe_unused]] std::convertible_to<double> auto loss)
    {
        if constexpr ((std::is_same_v<What, Losses> || ...)) loss_.add(steps_, static_cast<double>(loss));
        const bool look = steps_ % every_ == 0;
        if constexpr (watches_outputs)
            if (look) look_at_layers(model);
        if constexpr (watches_parameters<Updates>)
            std::memcpy(before_.data(), model.parameter_block(), before_.size());
        optimizer.step(model);
        if constexpr (watches_any_parameter) look_at_parameters(model, look);
        ++steps_;
    }

    /// For a training that was taken up: the step that comes next.
    void go_on_from(std::size_t step) { steps_ = step; }
    [[nodiscard]] std::size_t steps() const { return steps_; }
    [[nodiscard]] const Series& loss() const { return loss_; }
    [[nodiscard]] const std::vector<LayerHistory>& layers() const { return layers_; }
    [[nodiscard]] const std::vector<ParameterHistory>& parameters() const { return parameters_; }

private:
    static constexpr bool watches_any_parameter = watches_parameters<Parameters> ||
                                                  watches_parameters<ParameterGradients> ||
                                                  watches_parameters<Updates>;

    std::size_t every_, steps_ = 0;
    Series loss_;
    std::vector<LayerHistory> layers_;
    std::vector<ParameterHistory> parameters_;
    /// offset and size of each parameter in its block
    std::vector<std::pair<std::size_t, std::size_t>> places_;
    std::vector<std::byte> before_; ///< the parameters before the step

    template <class Net, class W>
    static void check()
    {
        constexpr W* w = nullptr;
        constexpr std::size_t layers = detail::schedule_of<Net>.size.nodes;
        constexpr bool known = detail::layers_watched<LayerOutputs>::beyond(w) <= layers &&
                               detail::layers_watched<OutputGradients>::beyond(w) <= layers &&
                               detail::parameters_watched<Parameters>::template known<Net>(w) &&
                               detail::parameters_watched<ParameterGradients>::template known<Net>(w) &&
                               detail::parameters_watched<Updates>::template known<Net>(w);
        if constexpr (!known)
            static_assert(detail::has_what_is_watched<W, Net>,
                          "[ctnn.name] the network has no layer of this number, or no parameter of this "
                          "name; summary<Net>() lists the layers");
    }

    template <template <std::size_t...> class Kind>
    static bool watched(std::size_t layer)
    {
        return (detail::layers_watched<Kind>::has(What{}, layer) || ...);
    }
    template <template <fixed_string...> class Kind>
    static bool watched(std::string_view name)
    {
        return (detail::parameters_watched<Kind>::has(What{}, name) || ...);
    }

    template <class M>
    void look_at_layers(const M& model)
    {
        if constexpr (M::mode::retains_gradients) { // else the constructor has complained
            const auto numbers = detail::numbers_of_layers(model);
            for (LayerHistory& h : layers_) {
                const auto& [output, gradient] = numbers[h.layer.index];
                if (watched<LayerOutputs>(h.layer.index)) {
                    const Spread s = detail::spread_of(output);
                    h.mean.add(steps_, s.mean);
                    h.std.add(steps_, s.std);
                    if (h.layer.saturates)
                        h.saturated.add(steps_, detail::saturated_share_of(output, h.layer.limits, 0.97));
                }
                if (watched<OutputGradients>(h.layer.index)) {
                    const Spread s = detail::spread_of(gradient);
                    h.gradient_mean.add(steps_, s.mean);
                    h.gradient_std.add(steps_, s.std);
                }
            }
        }
    }

    template <class M>
    void look_at_parameters(const M& model, bool look)
    {
        using T = typename M::scalar;
        for (std::size_t i = 0; i < places_.size(); ++i) {
            ParameterHistory& h = parameters_[i];
            const auto in = [place = places_[i]](const T* block) {
                return std::span<const T>(block + place.first, place.second);
            };
            const auto value = in(model.parameter_block());
            if (watches_parameters<Updates> && watched<Updates>(h.name)) {
                h.update_to_data.add(steps_, detail::log_update_to_data(
                                                 in(reinterpret_cast<const T*>(before_.data())), value));
            }
            if (!look) continue;
            const Spread of_value = detail::spread_of(value);
            if (watched<Parameters>(h.name)) {
                h.mean.add(steps_, of_value.mean);
                h.std.add(steps_, of_value.std);
            }
            if (watched<ParameterGradients>(h.name)) {
                const auto gradient = in(model.gradient_block());
                const Spread of_gradient = detail::spread_of(gradient);
                h.gradient_mean.add(steps_, of_gradient.mean);
                h.gradient_std.add(steps_, of_gradient.std);
                h.gradient_norm.add(steps_, detail::norm_of(gradient));
                h.gradient_to_data.add(steps_, of_gradient.std / of_value.std);
            }
        }
    }
};

/// An observer that watches nothing: the optimizer's step.
template <>
class Observer<> {
public:
    static constexpr bool watches_outputs = false;
    using Keep = KeepNothing;

    explicit Observer(const auto&, const ObserverOptions& = {}) {}
    void go_on_from(std::size_t) {}
    template <class M, Optimizer<M> O>
    void step(M& model, O& optimizer, std::convertible_to<double> auto)
    {
        optimizer.step(model);
    }
};

/// Everything there is to see.
using ObserveAll =
    Observer<Losses, LayerOutputs<>, OutputGradients<>, Parameters<>, ParameterGradients<>, Updates<>>;

} // namespace ctnn::inline CTNN_ARCH
