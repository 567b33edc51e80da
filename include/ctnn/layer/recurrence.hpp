// SPDX-License-Identifier: BSD-3-Clause
/// What all recurrent layers share: steps through time and back, layers on top of each other, two directions.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <ctnn/core/layer_list.hpp>
#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/affine.hpp>
#include <ctnn/kernel/elementwise.hpp>
#include <ctnn/random/generator.hpp>

namespace ctnn::inline CTNN_ARCH {

// Options of Rnn, Gru and Lstm, in any order.

/// So many layers on top of each other: `Lstm<27, 64, Layers<2>>`.
template <std::size_t N>
struct Layers {};
/// The state before the first step is a parameter, at first 0: "start_l0", and for an Lstm
/// "start_cell_l0". Without it the state is 0 and does not learn.
struct LearntStart {};

namespace detail {

enum class direction { forward, backward };

/// The state of recurrent units, (rows, H) each. Only an Lstm has the second.
template <class S>
struct recurrent_state {
    S* h;
    S* cell;
};

/// "weight_ih" as "weight_ih_l1_reverse": PyTorch's name in layer Index.
template <fixed_string Base, std::size_t Index, direction D>
inline constexpr auto layer_suffix_text = [] {
    constexpr std::string_view base = Base.view(), end = D == direction::backward ? "_reverse" : "";
    constexpr std::size_t digits = Index < 10 ? 1 : Index < 100 ? 2 : 3;
    std::array<char, base.size() + 2 + digits + end.size()> text{};
    char* at = std::copy(base.begin(), base.end(), text.data());
    *at++ = '_';
    *at++ = 'l';
    for (std::size_t i = digits, rest = Index; i-- > 0; rest /= 10)
        at[i] = static_cast<char>('0' + rest % 10);
    std::copy(end.begin(), end.end(), at + digits);
    return text;
}();
template <fixed_string Base, std::size_t Index, direction D>
inline constexpr std::string_view with_layer{layer_suffix_text<Base, Index, D>.data(),
                                             layer_suffix_text<Base, Index, D>.size()};

/// A cell's parameters, and those of its start where that is learnt.
template <bool LearnsStart, std::size_t N, std::size_t M>
constexpr auto with_start(const std::array<Parameter, N>& own, const Parameter (&start)[M])
{
    std::array<Parameter, N + (LearnsStart ? M : 0)> all;
    std::copy(own.begin(), own.end(), all.begin());
    if constexpr (LearnsStart) std::copy_n(start, M, all.begin() + N);
    return all;
}

inline std::string recurrent_name(std::string_view kind, std::size_t in, std::size_t units)
{
    return std::string(kind) + "<" + std::to_string(in) + ", " + std::to_string(units) + ">";
}

template <class Option>
inline constexpr bool says_layers = false;
template <std::size_t N>
inline constexpr bool says_layers<Layers<N>> = true;
// Shown by a compile error where it is not true. Kind: what stacks the layers.
template <class Kind, class Option>
inline constexpr bool is_option = std::is_same_v<Option, LearntStart>;
template <class Kind, std::size_t N>
inline constexpr bool is_option<Kind, Layers<N>> = N > 0;
template <class Kind, class... Options>
inline constexpr bool are_options =
    (is_option<Kind, Options> && ...) && ((std::size_t{says_layers<Options>} + ... + 0) <= 1);

template <class Kind, class... Options>
struct check_options {
    static_assert(are_options<Kind, Options...>,
                  "[ctnn.layer] after its two sizes a recurrent layer takes Layers<N>, once and above 0, and "
                  "LearntStart, and an Rnn also Tanh or ReLU");
};
/// What a layer's options say. The check is a class of its own, to be asked in functions: so it complains
/// once.
template <class Kind, class... Options>
struct recurrent_options {
    static constexpr bool learns_start = (std::is_same_v<Options, LearntStart> || ...);
    static constexpr void check() { (void)sizeof(check_options<Kind, Options...>); }
};
struct learnt_start {
    static constexpr bool learns_start = true;
    static constexpr void check() {}
};

/// Rows that eval takes through time together.
inline constexpr std::size_t recurrent_rows = 4;

/// How far apart rows of n numbers stand in a transpose, as kernel::transpose_rows writes them.
constexpr std::size_t padded(std::size_t n)
{
    constexpr std::size_t W = simd::width<float>; // in double a register holds half as many
    return (n + W - 1) / W * W;
}

/// One recurrent layer in one direction. What its units do is the Cell's:
///
///   In, H, gates             : numbers that a step reads and gives, and that it keeps for backward
///   has_cell                 : whether there is a second state
///   scratch                  : numbers a row that a step needs
///   parameters               : with those of the start at the end
///   read<Stride>(...)        : gates = what x gives to them, for rows of x that are Stride apart
///   step(...)                : the next state, from gates that have been read
///   turn, step_backward, ... : see Lstm's, the plainest
///   embedded                 : its name in ctnn/embed
///
/// In training a step's numbers stand together, (T, B, ...): rows of a batch are a multiple of 4 KiB apart
/// only too often, where they would meet in the same sets of the cache.
template <class Cell, class Options>
struct recurrence {
    static constexpr std::size_t In = Cell::In, H = Cell::H, G = Cell::gates, states = Cell::has_cell ? 2 : 1;
    static constexpr auto parameters = Cell::template parameters<Options::learns_start>;
    static constexpr std::size_t start_at = parameters.size() - states; ///< if it learns its start

    static constexpr extents output(const extents& x)
    {
        const bool fits = x.rank == 2 && x[0] > 0 && x[1] == In && In > 0 && H > 0;
        return fits ? x.with_last(H) : extents::none();
    }

    template <class P>
    static void forward(const P& pass)
    {
        Options::check();
        if constexpr (P::training) {
            learn(pass);
        } else {
            std::size_t r = 0;
            for (; r + recurrent_rows <= pass.rows; r += recurrent_rows)
                answer(pass, r, simd::constant<recurrent_rows>{});
            for (; r < pass.rows; ++r) answer(pass, r, simd::constant<1>{});
        }
    }

    template <class P>
    static void backward(const P& pass)
    {
        using S = typename P::scalar;
        constexpr std::size_t T = steps<P>, B = P::mode::batch;
        const auto p = pass.parameters();
        const auto kept = memory_of<P>(pass.saved());
        S* const dgates = pass.scratch();
        S* const dh = dgates + T * B * G;
        S* const dcell = dh + B * H;
        S* const turned = dcell + (Cell::has_cell ? B * H : 0);
        S* const aside = turned + Cell::turned;
        Cell::turn(turned, p);
        std::fill(dh, turned, S{0});
        for (std::size_t t = T; t-- > 0;) {
            const S* const dy = pass.dy().data() + position(t, T) * H;
            for (std::size_t r = 0; r < B; ++r) kernel::add(dh + r * H, dh + r * H, dy + r * T * H, H);
            Cell::template step_backward<S>(dgates + t * B * G, {dh, dcell}, kept.gates + t * B * G,
                                            kept.state(t + 1), kept.state(t), turned, aside,
                                            simd::constant<B>{});
        }
        constexpr write_mode how = P::weight_gradient, how_dx = P::template input_gradient<>;
        if constexpr (how != write_mode::skip) {
            const auto dp = pass.gradients();
            Cell::template gradients<how, S>(dp, dgates, kept.gates, kept.x, kept.h, aside,
                                             simd::constant<T * B>{});
            if constexpr (Options::learns_start) {
                kernel::sum_rows<H, how>(dp[start_at].data(), dh, B);
                if constexpr (Cell::has_cell) kernel::sum_rows<H, how>(dp[start_at + 1].data(), dcell, B);
            }
        }
        if constexpr (how_dx != write_mode::skip) {
            Cell::turn_input(turned, p);
            for (std::size_t t = 0; t < T; ++t)
                Cell::template input_gradient<how_dx, T * In, S>(
                    pass.dx().data() + position(t, T) * In, dgates + t * B * G, turned, simd::constant<B>{});
        }
    }

    template <class S, std::size_t N>
    static void reset(const std::array<std::span<S>, N>& p, Generator& generator)
    {
        Cell::reset(p, generator);
    }

    using self = recurrence;
    static constexpr std::size_t in_features = In;
    static constexpr uses derivative_uses = uses::nothing;
    static constexpr bool overwrites_gradients = true, adds_gradients = true, adds_input_gradients = true;

    static constexpr std::size_t saved(const extents& x, std::size_t rows)
    {
        return rows * (x[0] * (In + G) + (x[0] + 1) * states * H);
    }
    static constexpr std::size_t scratch(const extents& x, std::size_t rows)
    {
        return std::max(rows * Cell::scratch,
                        rows * (x[0] * G + states * H) + Cell::turned + Cell::scratch_backward(x[0], rows));
    }
    static constexpr std::size_t eval_scratch(const extents&)
    {
        return recurrent_rows * (G + states * H + Cell::scratch);
    }
    static constexpr std::size_t multiply_adds(const extents& x) { return x[0] * Cell::multiply_adds; }

    static std::string name() { return Cell::name(); }

    /// The state before the first step, for so many rows.
    template <class S, class P>
    static void begin(recurrent_state<S> state, const P& p, std::size_t rows)
    {
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t i = 0; i < H; ++i) {
                state.h[r * H + i] = Options::learns_start ? p[start_at][i] : S{0};
                if constexpr (Cell::has_cell)
                    state.cell[r * H + i] = Options::learns_start ? p[start_at + 1][i] : S{0};
            }
    }
    /// One step of `rows` rows, x being Stride apart: `state` becomes the next.
    template <std::size_t Stride, kernel::chains Chains, class S, class P, class Rows>
    static void step(recurrent_state<S> state, const S* x, const P& p, S* gates, S* scratch, Rows rows)
    {
        Cell::template read<Stride, Chains>(gates, x, p, rows);
        Cell::template step<Chains>(state, gates, recurrent_state<const S>{state.h, state.cell}, p, scratch,
                                    rows);
    }

private:
    template <class P>
    static constexpr std::size_t steps = P::input::value[0];

    /// Which position of x the t-th step reads.
    static constexpr std::size_t position(std::size_t t, std::size_t T)
    {
        return Cell::way == direction::backward ? T - 1 - t : t;
    }

    /// What training keeps.
    template <class S>
    struct memory {
        S *x, *gates, *h, *cell; ///< (T, B, In), (T, B, G), (T + 1, B, H) twice
        std::size_t rows;
        [[nodiscard]] recurrent_state<S> state(std::size_t t) const
        {
            return {h + t * rows * H, cell + t * rows * H};
        }
    };
    template <class P, class S>
    static memory<S> memory_of(S* at)
    {
        constexpr std::size_t T = steps<P>, B = P::mode::batch;
        S* const gates = at + T * B * In;
        S* const h = gates + T * B * G;
        return {at, gates, h, Cell::has_cell ? h + (T + 1) * B * H : h, B};
    }

    template <class P>
    static void learn(const P& pass)
    {
        using S = typename P::scalar;
        constexpr std::size_t T = steps<P>, B = P::mode::batch;
        const auto p = pass.parameters();
        const auto kept = memory_of<P>(pass.saved());
        for (std::size_t t = 0; t < T; ++t)
            for (std::size_t r = 0; r < B; ++r)
                std::copy_n(pass.x().data() + (r * T + position(t, T)) * In, In, kept.x + (t * B + r) * In);
        Cell::template read<In, kernel::chains::one>(kept.gates, static_cast<const S*>(kept.x), p,
                                                     simd::constant<T * B>{});
        begin(kept.state(0), p, B);
        for (std::size_t t = 0; t < T; ++t) {
            const auto before = kept.state(t), after = kept.state(t + 1);
            Cell::template step<kernel::chains::one>(after, kept.gates + t * B * G,
                                                     recurrent_state<const S>{before.h, before.cell}, p,
                                                     pass.scratch(), simd::constant<B>{});
            for (std::size_t r = 0; r < B; ++r)
                std::copy_n(after.h + r * H, H, pass.y().data() + (r * T + position(t, T)) * H);
        }
    }
    template <class P, class Rows>
    static void answer(const P& pass, std::size_t first, Rows rows)
    {
        using S = typename P::scalar;
        constexpr std::size_t T = steps<P>;
        const auto p = pass.parameters();
        S* const gates = pass.scratch();
        const recurrent_state<S> state{gates + rows * G, gates + rows * (G + H)};
        S* const scratch = state.h + rows * states * H;
        begin(state, p, rows);
        for (std::size_t t = 0; t < T; ++t) {
            const std::size_t at = first * T + position(t, T);
            step<T * In, kernel::chains::many>(state, pass.x().data() + at * In, p, gates, scratch, rows);
            for (std::size_t r = 0; r < rows; ++r)
                std::copy_n(state.h + r * H, H, pass.y().data() + (at + r * T) * H);
        }
    }
};

/// One step of it; the state is that of its units.
template <class Cell, class Options>
struct recurrence_step {
    using whole = recurrence<Cell, Options>;
    static constexpr std::size_t In = whole::In, H = whole::H;
    static constexpr auto parameters = whole::parameters;
    static constexpr std::size_t state = whole::states * H;
    static constexpr extents output(const extents& x)
    {
        return x == extents{In} ? extents{H} : extents::none();
    }
    template <class S, class P>
    static void begin(S* state_at, const P& p)
    {
        whole::begin(recurrent_state<S>{state_at, state_at + H}, p, 1);
    }
    template <class P>
    static void forward(const P& pass)
    {
        using S = typename P::scalar;
        Options::check();
        const recurrent_state<S> now{pass.state(), pass.state() + H};
        whole::template step<In, kernel::chains::many>(now, pass.x().data(), pass.parameters(),
                                                       pass.scratch(), pass.scratch() + whole::G,
                                                       simd::constant<1>{});
        std::copy_n(now.h, H, pass.y().data());
    }
    static constexpr std::size_t eval_scratch(const extents&) { return whole::G + Cell::scratch; }
};

template <class Option>
inline constexpr std::size_t layers_in = 1;
template <std::size_t N>
inline constexpr std::size_t layers_in<Layers<N>> = N == 0 ? 1 : N; // of 0 the options' check complains

/// Recurrent layers on top of each other, of a kind: Kind::layer<In, Index, direction>. All stand at one
/// path, their parameters' names tell them apart.
template <class Kind, std::size_t In, std::size_t H, class... Options>
struct recurrent_stack {
    static constexpr std::size_t in = In, units = H, layers = (layers_in<Options> * ... * 1);
    template <std::size_t Width, std::size_t Index, direction D>
    using layer = recurrence<typename Kind::template cell<Width, H, Index, D, Options...>,
                             recurrent_options<Kind, Options...>>;

    template <class Indices = std::make_index_sequence<layers>>
    struct listed;
    template <std::size_t... I>
    struct listed<std::index_sequence<I...>> {
        using type = layer_list<layer<I == 0 ? In : H, I, direction::forward>...>;
        static constexpr std::size_t wire(auto& net, std::size_t x)
        {
            ((x = net.template inside<layer<I == 0 ? In : H, I, direction::forward>>(x)), ...);
            return x;
        }
    };
    using parts = typename listed<>::type;
    static constexpr std::size_t wire(auto& net, std::size_t x) { return listed<>::wire(net, x); }
};

/// An Rnn, Gru or Lstm.
template <class L>
concept is_recurrent_stack = requires { L::in + L::units + L::layers; };

} // namespace detail

/// Forward in time only, as the next: the other direction needs the whole sequence.
template <class Cell, class Options>
    requires(Cell::way == detail::direction::forward)
struct stream_rule<detail::recurrence<Cell, Options>> : steps_as<detail::recurrence_step<Cell, Options>> {};
template <class Cell, class Options>
struct export_rule<detail::recurrence_step<Cell, Options>> {
    static std::string type(const extents&)
    {
        return detail::embedded_type(Cell::embedded, {1, Cell::In, Cell::H});
    }
};
template <class Cell, class Options>
    requires(Cell::way == detail::direction::forward)
struct export_rule<detail::recurrence<Cell, Options>> {
    static std::string type(const extents& x)
    {
        return detail::embedded_type(Cell::embedded, {x[0], Cell::In, Cell::H});
    }
};

} // namespace ctnn::inline CTNN_ARCH
