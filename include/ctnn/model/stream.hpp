// SPDX-License-Identifier: BSD-3-Clause
/// The model that answers one time step after the other.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

#include <ctnn/core/class_ids.hpp>
#include <ctnn/core/memory.hpp>
#include <ctnn/model/model.hpp>
#include <ctnn/model/stream_plan.hpp>
#include <ctnn/model/workspace.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// The functions of a network's nodes for one step: one for each kind of node.
template <class Net, class T>
struct stepper {
    using trace = stream_trace<Net>;
    using plan = stream_plan<Net>;
    using slot_table = slots<Net, T>;
    static constexpr auto& schedule = schedule_of<Net>;
    static constexpr std::size_t nodes = trace::nodes;
    using function = void (*)(T*, const T*, std::size_t);

    template <std::size_t Value>
    struct step_holder {
        static constexpr extents value = trace::steps.shape[Value];
    };
    template <std::size_t Value>
    using shape_of_step = typename to_shape<step_holder<Value>>::type;
    template <std::size_t>
    static constexpr write_mode set = write_mode::set;
    template <std::size_t I, class Reads = std::make_index_sequence<schedule.nodes[I].reads.count>>
    struct input_of;
    template <std::size_t I>
    struct input_of<I, std::index_sequence<0>> {
        using type = shape_of_step<schedule.read(I)>;
        template <class Activation>
        using gradients = gradient_plan<write_mode::set, Activation, write_mode::set>;
    };
    template <std::size_t I, std::size_t... K>
    struct input_of<I, std::index_sequence<K...>> {
        using type = input_shapes<shape_of_step<schedule.read(I, K)>...>;
        template <class Activation>
        using gradients = gradient_plan<write_mode::set, Activation, set<K>...>;
    };
    template <std::size_t I>
    using layer = typename trace::template at<I>::type;
    template <std::size_t I>
    using pass = Pass<layer<I>, T, Stream, typename input_of<I>::type,
                      typename input_of<I>::template gradients<typename plan::template activation<I>::type>>;

    template <class P>
    CTNN_INLINE static P pass_of(T* memory, const T* weights, std::size_t i)
    {
        using S = typename P::layer;
        P pass{.rows = {}, .x_data = {}, .y_data = memory + plan::places.value[schedule.nodes[i].gives]};
        for (std::size_t k = 0; k < P::inputs; ++k)
            pass.x_data[k] =
                reinterpret_cast<const typename P::x_type*>(memory + plan::places.value[schedule.read(i, k)]);
        for (std::size_t k = 0; k < facts<S>.parameters; ++k)
            pass.parameter_data[k] = weights + slot_table::offset_of_parameter(i, k);
        for (std::size_t k = 0; k < facts<S>.buffers; ++k)
            pass.buffer_data[k] = weights + slot_table::offset_of_buffer(i, k);
        pass.saved_data = memory + plan::places.state[i];
        pass.scratch_data = memory + plan::places.scratch;
        return pass;
    }
    template <class P>
    CTNN_INLINE static void run_inline(T* memory, const T* weights, std::size_t i)
    {
        const P pass = pass_of<P>(memory, weights, i);
        P::layer::forward(pass);
    }
    template <class P>
    static void run(T* memory, const T* weights, std::size_t i)
    {
        run_inline<P>(memory, weights, i);
    }
    template <class P>
    static void begin(T* memory, const T* weights, std::size_t i)
    {
        using S = typename P::layer;
        const P pass = pass_of<P>(memory, weights, i);
        if constexpr (requires { S::begin(memory, pass.parameters()); })
            S::begin(pass.state(), pass.parameters());
    }

    /// Node by node with all places as constants, for a network of few, as in execute.hpp.
    static constexpr bool is_written_out = nodes <= 16;
    template <std::size_t I>
    static constexpr function step_function()
    {
        if constexpr (!plan::places.runs[I]) return nullptr;
        else return run<pass<I>>;
    }
    template <std::size_t I>
    static constexpr function begin_function()
    {
        if constexpr (!plan::places.runs[I]) return nullptr;
        else return begin<pass<I>>;
    }
    template <std::size_t... I>
    static void all_steps(T* memory, const T* weights, std::index_sequence<I...>)
    {
        const auto one = [&](auto i) CTNN_INLINE_LAMBDA {
            constexpr std::size_t at = i();
            if constexpr (plan::places.runs[at]) run_inline<pass<at>>(memory, weights, at);
        };
        (one(std::integral_constant<std::size_t, I>{}), ...);
    }
    template <std::size_t... I>
    static void all_begin(T* memory, const T* weights, std::index_sequence<I...>)
    {
        constexpr function functions[]{begin_function<I>()...};
        for (std::size_t i = 0; i < nodes; ++i)
            if (functions[i] != nullptr) functions[i](memory, weights, i);
    }

    /// From the value of the input, which stands in its place, to that of the output.
    static void step(T* memory, const T* weights)
    {
        if constexpr (is_written_out) {
            all_steps(memory, weights, std::make_index_sequence<nodes>{});
        } else {
            with_indices<nodes>([&](auto... i) {
                static constexpr function functions[]{step_function<i()>()...};
                for (std::size_t n = 0; n < nodes; ++n)
                    if (functions[n] != nullptr) functions[n](memory, weights, n);
            });
        }
    }
    static void begin(T* memory, const T* weights)
    {
        std::fill_n(memory, plan::places.states, T{0});
        all_begin(memory, weights, std::make_index_sequence<nodes>{});
    }
};

} // namespace detail

/// What one stream keeps: a voice, a channel, a beam. All of them share one model's weights; a copy goes on
/// from the same state.
///
/// ```cpp
/// Workspace<Net, Stream> left{model.weights()}, right = left;
/// const auto y = model.step(x, left);
/// ```
template <class Net, Scalar T>
    requires(detail::is_sound<Net, Stream>)
class Workspace<Net, Stream, T> {
    using plan = detail::stream_plan<Net>;

public:
    /// At the beginning of a sequence.
    explicit Workspace(const Weights<Net, T>& weights) : memory_(plan::places.elements * sizeof(T))
    {
        reset(weights);
    }
    /// Back to the beginning of a sequence.
    void reset(const Weights<Net, T>& weights) noexcept
    {
        detail::stepper<Net, T>::begin(data(), weights.data());
    }
    /// The state, to be read and set: that of all layers, one after the other. An Lstm has h, then c.
    [[nodiscard]] std::span<T> state() noexcept { return {data(), plan::places.states}; }
    [[nodiscard]] std::span<const T> state() const noexcept
    {
        return {memory_.template at<T>(0), plan::places.states};
    }

    [[nodiscard]] T* data() noexcept { return memory_.template at<T>(0); }

private:
    detail::memory_block memory_;
};

/// A network that takes one time step and gives one, and keeps what it needs of those before: recurrent
/// states, the keys and values of causal attention. So a network that was trained on sequences, (T, C) or T
/// ids, runs on a live signal.
///
/// ```cpp
/// Model<Net, Stream> model{trained};                    // a copy of the weights of any model of Net
/// for (const float sample : signal) out.push_back(model.step(sample)[0]);
/// Model<Net, Stream> other = model;                     // goes on from the same state
/// ```
///
///   feed   : `model.step({a, b, c})` or a std::array or std::span<const T, 3> for sequences of (T, 3);
///            `model.step(x)` for one number, or one id
///   step   : the answer that eval of the whole sequence gives at this position, bit for bit. Past T, the
///            length in the type, recurrent layers go on as before; causal attention sees the last T steps,
///            and a Position keeps its last vector. With a LastStep or GlobalMean: what they give for what
///            came so far
///   safe   : in an audio callback: it does not allocate, lock or throw
///   state  : numbers of each layer, one after the other: an Lstm's h, then c; a mean's sum and count; the
///            keys and values of attention, and how many steps they are; of a Position how many there were;
///            of a convolution the steps before, in a ring, and the place of the oldest
///   errors : [ctnn.mode] a layer that needs the whole sequence, when compiling
template <class Net, Scalar T>
    requires(detail::is_sound<Net, Stream>)
class Model<Net, Stream, T> : public detail::with_weights<Net, T> {
    using base = detail::with_weights<Net, T>;
    using trace = detail::stream_trace<Net>;
    using plan = detail::stream_plan<Net>;
    static constexpr std::size_t input_value = detail::schedule_of<Net>.inputs[0],
                                 output_value = detail::schedule_of<Net>.outputs[0];

public:
    using network = Net;
    using mode = Stream;
    using scalar = T;
    using workspace = Workspace<Net, Stream, T>;
    static constexpr bool takes_ids = trace::ids;
    /// Numbers, or ids, that a step takes, and numbers that it gives.
    static constexpr std::size_t step_size = trace::steps.shape[input_value].size(),
                                 output_size = trace::steps.shape[output_value].size(),
                                 state_size = plan::places.states;
    using value = std::conditional_t<takes_ids, class_id, T>;

    Model() : Model(Weights<Net, T>()) {}
    explicit Model(Generator& generator) : Model(Weights<Net, T>(generator)) {}
    /// Parameters and buffers of another model of the same network, at the beginning of a sequence.
    template <Mode M>
    explicit Model(const Model<Net, M, T>& other) : Model(other.weights())
    {}
    explicit Model(Weights<Net, T> weights) : base(std::move(weights)), workspace_(weights_) {}

    /// One step in, one out.
    ///
    ///   x  : `step_size` numbers or ids; where that is 1, also the number itself. Another number of them
    ///        does not compile
    ///   id : one that the network does not know gives NaN, and changes nothing
    [[nodiscard]] std::array<T, output_size> step(std::span<const value, step_size> x) noexcept
    {
        return step(x, workspace_);
    }
    [[nodiscard]] std::array<T, output_size> step(const std::array<value, step_size>& x) noexcept
        requires(step_size > 1)
    {
        return step(x, workspace_);
    }
    [[nodiscard]] std::array<T, output_size> step(value x) noexcept
        requires(step_size == 1)
    {
        return step(x, workspace_);
    }
    /// The same of another stream, whose state is in `stream`; in many threads at once, each with its own.
    [[nodiscard]] std::array<T, output_size> step(std::span<const value, step_size> x,
                                                  workspace& stream) const noexcept
    {
        std::array<T, output_size> y;
        if constexpr (takes_ids) {
            constexpr std::size_t classes = detail::classes_of_input<Net>(0);
            for (const class_id id : x)
                if (id < 0 || static_cast<std::size_t>(id) >= classes) {
                    y.fill(std::numeric_limits<T>::quiet_NaN());
                    return y;
                }
        }
        T* const memory = stream.data();
        std::copy_n(x.data(), step_size, reinterpret_cast<value*>(memory + plan::places.value[input_value]));
        detail::stepper<Net, T>::step(memory, weights_.data());
        std::copy_n(memory + plan::places.value[output_value], output_size, y.data());
        return y;
    }
    [[nodiscard]] std::array<T, output_size> step(const std::array<value, step_size>& x,
                                                  workspace& stream) const noexcept
        requires(step_size > 1)
    {
        return step(std::span<const value, step_size>(x), stream);
    }
    [[nodiscard]] std::array<T, output_size> step(value x, workspace& stream) const noexcept
        requires(step_size == 1)
    {
        return step(std::span<const value, 1>(&x, 1), stream);
    }

    /// Back to the beginning of a sequence. Whoever writes to weights() or a parameter calls it where the
    /// start is learnt; load() does.
    void reset() noexcept { workspace_.reset(weights_); }
    /// The state, to be read and set: that of all layers, one after the other. An Lstm has h, then c.
    [[nodiscard]] std::span<T, state_size> state() noexcept
    {
        return std::span<T, state_size>(workspace_.state());
    }
    [[nodiscard]] std::span<const T, state_size> state() const noexcept
    {
        return std::span<const T, state_size>(workspace_.state());
    }

private:
    using base::weights_;
    workspace workspace_;
};

} // namespace ctnn::inline CTNN_ARCH
