// SPDX-License-Identifier: BSD-3-Clause
/// The layers of a network in training, one by one.
#pragma once

#include <cstddef>
#include <utility>

#include <ctnn/core/mode.hpp>
#include <ctnn/model/workspace.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// The executor's layers one by one, for those who do some of them in their own way: the passes of node I
/// over a full batch, its dx by another than the layer's backward, and the layers from `first` to before
/// `last`, forward in order and backward in the other.
template <class Net, class T, Mode Train>
struct layer_by_layer {
    using executor = typename Workspace<Net, Train, T>::executor;
    static constexpr auto& table = executor::table;

    template <std::size_t I>
    static auto forward_pass(const run<T>& r)
    {
        return pass_of<I, table.applies[I]>(r);
    }
    template <std::size_t I>
    static auto backward_pass(const run<T>& r)
    {
        auto pass = pass_of<I, table.applies_backward[I]>(r);
        pass.dy_data = r.template at<const T>(table.dy[I]);
        for (std::size_t k = 0; k < executor::trace.facts[I]->parameters; ++k)
            pass.gradient_data[k] = r.gradients + executor::slot_table::offset_of_parameter(I, k);
        return pass;
    }
    template <std::size_t I, class Backward>
    static void input_gradient_by(const run<T>& r, Backward by)
    {
        constexpr std::size_t read = executor::schedule.nodes[I].reads.first;
        constexpr bool adds = executor::template must_add<I>(0);
        if (table.dx_write[read] == write_mode::skip) return;
        auto pass = backward_pass<I>(r);
        T* const dx = r.template at<T>(table.dx[executor::plan::of_run.first_read[I]]);
        pass.dx_data[0] = adds || table.dx_aside[read] ? pass.scratch_data : dx;
        by(std::as_const(pass));
        if (adds)
            executor::add(dx, pass.dx_data[0],
                          Train::batch * executor::plan::of_run.size[executor::value_read(I, 0)]);
    }
    static void forward_range(const run<T>& r, std::size_t first, std::size_t last)
    {
        for (std::size_t i = first; i < last; ++i)
            if (table.runs[i]) executor::template forward_functions<false>[executor::kinds.kind_of[i]](r, i);
    }
    /// keeps(i) does what is to be done for node i itself, or is false; after(i) is called after each.
    template <class Keeps, class After>
    static void backward_range(const run<T>& r, std::size_t first, std::size_t last, Keeps keeps, After after)
    {
        for (std::size_t i = last; i-- > first;) {
            if (table.runs_backward[i] && !keeps(i))
                executor::template backward_functions<false, false>[executor::kinds.kind_of[i]](r, i);
            after(i);
        }
    }

private:
    template <std::size_t I, std::size_t Applied>
    static auto pass_of(const run<T>& r)
    {
        using gradients = typename executor::template input_of<I>::template gradients<
            table.weights[I], typename executor::template activation_applied<Applied>::type>;
        return executor::template pass_of<I, gradients>(r, I, row_count<Train>{});
    }
};

} // namespace ctnn::inline CTNN_ARCH::detail
