// SPDX-License-Identifier: BSD-3-Clause
/// Batch normalisation in the conventions that are in use.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/core/type_name.hpp>
#include <ctnn/kernel/batch_norm.hpp>
#include <ctnn/layer/fold_rules.hpp>
#include <ctnn/layer/normalisation.hpp>

namespace ctnn::inline CTNN_ARCH {

/// What `BatchNorm` divides by and what it keeps. Another epsilon or momentum is another struct of this form.
///
/// torch.nn.BatchNorm1d: biased variance inside, unbiased `running_var`, epsilon 1e-5, momentum 0.1.
struct PyTorchConvention {
    static constexpr kernel::batch_norm_constants constants{
        .epsilon = 1e-5, .momentum = 0.1, .correction = 0, .running_correction = 1, .running_is_std = false};
    static constexpr std::string_view running_spread = "running_var";
};
/// The lecture's first form: unbiased standard deviation, no epsilon, `running_std`, momentum 0.001.
struct LectureStd {
    static constexpr kernel::batch_norm_constants constants{
        .epsilon = 0, .momentum = 0.001, .correction = 1, .running_correction = 1, .running_is_std = true};
    static constexpr std::string_view running_spread = "running_std";
};
/// The lecture's second form, its class BatchNorm1d: unbiased variance to normalise and to keep, epsilon
/// 1e-5, momentum 0.1.
struct LectureVariance {
    static constexpr kernel::batch_norm_constants constants{
        .epsilon = 1e-5, .momentum = 0.1, .correction = 1, .running_correction = 1, .running_is_std = false};
    static constexpr std::string_view running_spread = "running_var";
};

namespace detail {

template <class Convention>
concept convention_of_batch_norm = requires {
    kernel::batch_norm_constants(Convention::constants);
    std::string_view(Convention::running_spread);
};
/// The convention, or PyTorch's in place of a type that is not one, so that its complaint is the only one.
template <class Convention>
using known_convention =
    typename std::conditional_t<convention_of_batch_norm<Convention>, std::type_identity<Convention>,
                                std::type_identity<PyTorchConvention>>::type;

// Shown by a compile error; never true.
template <class Convention>
inline constexpr bool is_convention = false;
/// A class of its own, so that a convention is complained of once and not in every pass.
template <class Convention>
struct check_convention {
    static constexpr kernel::batch_norm_constants k = known_convention<Convention>::constants;
    static_assert(is_convention<Convention> ||
                      (convention_of_batch_norm<Convention> && k.epsilon >= 0 &&
                       (k.epsilon > 0 || k.running_is_std) && k.momentum >= 0 && k.momentum <= 1),
                  "[ctnn.layer] a convention of BatchNorm has constants with an epsilon above 0 (0 only with "
                  "a running std) and a momentum from 0 to 1, and a name for its running_spread; see "
                  "LectureStd");
};

} // namespace detail

/// Batch normalisation over the batch axis and all positions, one mean and spread for each feature.
///
///   x, y     : (..., C)        weight (gain), bias (shift), running_mean, running_var or running_std : (C)
///   train    : uses the batch's mean and variance; moves the running pair; at least 2 rows
///   eval     : uses the running pair
///   backward : dx, dweight and dbias are overwritten
///   reset    : weight 1, bias 0, running mean 0, running spread 1
///   errors   : [ctnn.shape] last extent of x is not C; [ctnn.mode] training with a single row
///   cost     : 3 passes over x forward, 2 backward; no allocation
///   source   : Ioffe & Szegedy 2015 (arXiv:1502.03167)
template <std::size_t C, class Convention = PyTorchConvention>
struct BatchNorm {
    static constexpr kernel::batch_norm_constants constants = detail::known_convention<Convention>::constants;
    static constexpr std::array parameters{Parameter{"weight", {C}, 1}, Parameter{"bias", {C}, 0}};
    static constexpr std::array buffers{
        Parameter{"running_mean", {C}, 0, layout::same, "num_batches_tracked"},
        Parameter{detail::known_convention<Convention>::running_spread, {C}, 1}};

    static constexpr extents output(const extents& x)
    {
        return C != 0 && x.rank > 0 && x.last() == C ? x : extents::none();
    }

    template <class P>
    static void forward(const P& pass)
    {
        check();
        const auto [gain, shift] = pass.parameters();
        const auto [running_mean, running_spread] = pass.buffers();
        // one function for batches that are full and those that are not
        const std::size_t rows = pass.template rows_of<C>();
        using activation = typename P::activation;
        if constexpr (P::training)
            kernel::batch_norm<C, activation, typename P::scalar>(pass.y().data(), pass.x().data(),
                                                                  {gain.data(), shift.data(), pass.saved(),
                                                                   pass.saved() + 2 * C, running_mean.data(),
                                                                   running_spread.data()},
                                                                  constants, rows);
        else
            kernel::batch_norm_eval<C, activation>(pass.y().data(), pass.x().data(), gain.data(),
                                                   shift.data(), running_mean.data(), running_spread.data(),
                                                   constants, rows);
    }

    template <class P>
    static void backward(const P& pass)
    {
        const auto [dgain, dshift] = pass.gradients();
        kernel::batch_norm_backward<C, typename P::activation>(
            pass.dx().data(), dgain.data(), dshift.data(), pass.dy().data(), pass.y().data(), pass.x().data(),
            pass.parameters()[0].data(), pass.saved(), pass.saved() + 2 * C, constants,
            static_cast<std::size_t>(pass.template rows_of<C>()));
    }

    using self = BatchNorm;
    static constexpr std::size_t in_features = C;
    static constexpr uses derivative_uses = uses::input;
    static constexpr bool overwrites_gradients = true;
    static constexpr bool mixes_batch = true;
    static constexpr bool in_place = true;
    static constexpr applies_activation applies = applies_activation::both;

    static constexpr extents input(std::size_t) { return {C}; }
    static constexpr std::size_t saved(const extents&, std::size_t) { return 3 * C; }
    static std::string name()
    {
        const bool usual = std::is_same_v<Convention, PyTorchConvention>;
        return "BatchNorm<" + std::to_string(C) + (usual ? "" : ", " + detail::type_name<Convention>()) + ">";
    }
    /// Complains of a type that is not a convention.
    static constexpr void check() { (void)sizeof(detail::check_convention<Convention>); }
};

template <std::size_t C, class Convention>
struct running_statistics<BatchNorm<C, Convention>> {
    static constexpr bool is_std = BatchNorm<C, Convention>::constants.running_is_std;
    static constexpr double correction = BatchNorm<C, Convention>::constants.running_correction;
};
template <std::size_t C, class Convention>
struct expected_spread<BatchNorm<C, Convention>> : detail::scaled_and_shifted {};
template <std::size_t C, class Convention>
struct stream_rule<BatchNorm<C, Convention>> : steps_as<BatchNorm<C, Convention>> {};
template <std::size_t C, class Convention>
struct export_rule<BatchNorm<C, Convention>> {
    static std::string type(const extents& x)
    {
        return detail::embedded_type("batch_norm", {x.size() / C, C});
    }
    /// mean, factor and shift of (x - mean) factor + shift.
    template <class S>
    static layer_values values(const layer_values& norm)
    {
        layer_values affine = detail::normalised<BatchNorm<C, Convention>, S>(
            {std::vector<double>(C, 1.0)}, {norm[0], norm[1], std::vector<double>(C, 0.0), norm[3]}, C);
        return {norm[2], std::move(affine[0]), std::move(affine[1])};
    }
};

} // namespace ctnn::inline CTNN_ARCH
