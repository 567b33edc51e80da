// SPDX-License-Identifier: BSD-3-Clause
/// The networks of LIVE_DEPTH hidden layers.
#include "trainer.hpp"

template <>
std::unique_ptr<live::Machine> live::make<LIVE_DEPTH>(const Settings& settings, const Data& data)
{
    switch (settings.norm) {
    case Norm::batch:
        return std::make_unique<Trainer<Net<LIVE_DEPTH, Norm::batch>, Norm::batch>>(settings, data);
    case Norm::layer:
        return std::make_unique<Trainer<Net<LIVE_DEPTH, Norm::layer>, Norm::layer>>(settings, data);
    default:
        return std::make_unique<Trainer<Net<LIVE_DEPTH, Norm::none>, Norm::none>>(settings, data);
    }
}
