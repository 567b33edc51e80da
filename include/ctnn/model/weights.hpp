// SPDX-License-Identifier: BSD-3-Clause
/// The numbers that a network has learnt, apart from what a pass needs.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <ctnn/core/index.hpp>
#include <ctnn/core/memory.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/model/slots.hpp>
#include <ctnn/random/generator.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

// Shown by a compile error; never true.
template <class Net, fixed_string Name>
inline constexpr bool has_parameter = false;

/// Views of slots in a block of numbers: the weights, or their gradients.
template <class Net, class T>
struct slot_views {
    using table = slots<Net, T>;

    template <std::size_t Rank, class P>
    static auto view(P* block, const slot& s)
    {
        std::array<std::size_t, Rank> shape;
        for (std::size_t i = 0; i < Rank; ++i) shape[i] = s.shape[i];
        return view_of(block + s.offset, shape);
    }

    /// The slot of this name, of a parameter that learns when `Learns`.
    template <fixed_string Name, bool Learns = false, class P>
    static auto named(P* block)
    {
        constexpr std::size_t at = table::find(Name.view());
        constexpr bool found = Learns ? table::learns(Name.view()) : at < table::count;
        static_assert(found || has_parameter<Net, Name>,
                      "[ctnn.name] the network has no parameter of this name (and buffers and Fixed layers "
                      "have no gradient); summary<Net>() lists the layers");
        if constexpr (found)
            return view<table::value.slot_at[at].shape.rank>(block, table::value.slot_at[at]);
        else return view_of(block, std::array<std::size_t, 1>{0});
    }

    /// f(slot, rank) for all slots that are wanted, the rank as a type: one call for each rank, not for each
    /// slot.
    template <class F>
    static void for_each(bool (*wanted)(const slot&), F f)
    {
        for (const slot& s : table::value.slot_at)
            if (wanted(s))
                for_each_index<extents::max_rank + 1>([&](auto rank) {
                    if constexpr (has_rank(rank()))
                        if (s.shape.rank == rank()) f(s, rank);
                });
    }

private:
    static constexpr bool has_rank(std::size_t rank)
    {
        for (const slot& s : table::value.slot_at)
            if (s.shape.rank == rank) return true;
        return false;
    }
};

} // namespace detail

/// Parameters and buffers of a network, in one aligned block. A `Model` has one; workers that share one have
/// a `Workspace` each.
template <class Net, Scalar T = float>
    requires(detail::fault_of<Net> == detail::fault::none)
class Weights {
    using table = detail::slots<Net, T>;
    using views = detail::slot_views<Net, T>;

public:
    using network = Net;
    using scalar = T;
    static constexpr std::size_t bytes = table::value.elements * sizeof(T);

    /// Every parameter at its layer's constant initial value: 1 for gains, 0 for all else.
    Weights() : Weights(detail::memory_block(bytes)) {}
    /// Every layer draws its own initial values, in order: the numbers of the same torch.nn.Sequential.
    explicit Weights(Generator& generator) : Weights() { draw(generator); }
    /// In a block that is there already, of zeros.
    explicit Weights(detail::memory_block memory) : memory_(std::move(memory))
    {
        for (const detail::slot& s : table::value.slot_at)
            for (std::size_t i = 0; i < s.shape.size(); ++i) data()[s.offset + i] = static_cast<T>(s.initial);
    }

    /// Every layer draws its own initial values, in order.
    void draw(Generator& generator)
    {
        for (std::size_t i = 0; i < table::nodes; ++i)
            resets<detail::leaves_of<Net>>::value[detail::leaf_numbers<Net>[i]](data(), i, generator);
    }

    /// A view of a parameter or buffer by its PyTorch name.
    template <fixed_string Name>
    auto parameter()
    {
        return views::template named<Name>(data());
    }
    template <fixed_string Name>
    auto parameter() const
    {
        return views::template named<Name>(data());
    }
    /// f(name, value) for each parameter, in order, those of Fixed layers too.
    template <class F>
    void for_each_parameter(F&& f)
    {
        each(*this, detail::is_parameter, f);
    }
    template <class F>
    void for_each_parameter(F&& f) const
    {
        each(*this, detail::is_parameter, f);
    }
    /// f(name, value) for each buffer, such as running statistics.
    template <class F>
    void for_each_buffer(F&& f)
    {
        each(*this, detail::is_buffer, f);
    }
    template <class F>
    void for_each_buffer(F&& f) const
    {
        each(*this, detail::is_buffer, f);
    }

    /// All parameters that learn, in one stretch; the gaps that align each are always 0.
    [[nodiscard]] std::span<T> learning() { return {data(), table::value.learning}; }
    [[nodiscard]] std::span<const T> learning() const { return {data(), table::value.learning}; }
    /// The whole block: what learns, what is fixed, and buffers.
    [[nodiscard]] T* data() { return memory_.template at<T>(0); }
    [[nodiscard]] const T* data() const { return memory_.template at<T>(0); }

private:
    detail::memory_block memory_;

    template <class Self, class F>
    static void each(Self& self, bool (*wanted)(const detail::slot&), F& f)
    {
        views::for_each(wanted, [&](const detail::slot& s, auto rank) {
            f(s.name, views::template view<rank()>(self.data(), s));
        });
    }

    /// A layer's `reset`. What it draws for a weight that is another's is lost, as when PyTorch's modules
    /// share one.
    template <class L>
    static void reset(T* weights, std::size_t node, Generator& generator)
    {
        std::array<std::span<T>, detail::facts<L>.parameters> spans{};
        if constexpr (requires { L::reset(spans, generator); }) {
            detail::memory_block lost;
            for (std::size_t k = 0; k < spans.size(); ++k) {
                const detail::slot& s =
                    table::value.slot_at[table::value.parameter_used[table::value.parameter_uses[node] + k]];
                if (s.node != node) lost = detail::memory_block(s.shape.size() * sizeof(T));
                spans[k] = {s.node == node ? weights + s.offset : lost.template at<T>(0), s.shape.size()};
            }
            L::reset(spans, generator);
        }
    }
    template <class List>
    struct resets;
    template <class... L>
    struct resets<layer_list<L...>> {
        static constexpr std::array<void (*)(T*, std::size_t, Generator&), sizeof...(L)> value{reset<L>...};
    };
};

namespace detail {

/// What a model that does not learn offers of its weights.
template <class Net, class T>
class with_weights {
public:
    /// A view of a parameter or buffer by its PyTorch name.
    template <fixed_string Name>
    auto parameter()
    {
        return weights_.template parameter<Name>();
    }
    template <fixed_string Name>
    auto parameter() const
    {
        return weights_.template parameter<Name>();
    }
    /// f(name, value) for each parameter, in order.
    template <class F>
    void for_each_parameter(F&& f) const
    {
        weights_.for_each_parameter(f);
    }
    /// f(name, value) for each buffer, such as running statistics.
    template <class F>
    void for_each_buffer(F&& f) const
    {
        weights_.for_each_buffer(f);
    }

    [[nodiscard]] Weights<Net, T>& weights() { return weights_; }
    [[nodiscard]] const Weights<Net, T>& weights() const { return weights_; }
    [[nodiscard]] T* parameter_block() { return weights_.data(); }
    [[nodiscard]] const T* parameter_block() const { return weights_.data(); }

protected:
    with_weights() = default;
    explicit with_weights(Weights<Net, T> weights) : weights_(std::move(weights)) {}

    Weights<Net, T> weights_;
};

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
