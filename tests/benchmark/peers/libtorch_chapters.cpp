// SPDX-License-Identifier: BSD-3-Clause
/// The chapters' trainings with libtorch's C++ modules, one thread: what its manual shows.
#include <torch/torch.h>

#include "../chapters.hpp"

namespace benchmarks {

namespace nn = torch::nn;

step libtorch_step(const chapter& what, const chapter_data& data)
{
    torch::set_num_threads(1);
    struct training {
        nn::Sequential net;
        std::unique_ptr<torch::optim::AdamW> adam_w;
        torch::Tensor x, y;
        std::vector<torch::Tensor> batches;
        std::size_t next = 0;
    };
    auto t = std::make_shared<training>();
    for (std::size_t i = 0; i + 1 < what.widths.size(); ++i) {
        t->net->push_back(nn::Linear(what.widths[i], what.widths[i + 1]));
        if (i + 2 == what.widths.size()) continue;
        if (!what.classifies) t->net->push_back(nn::Tanh());
        else {
            t->net->push_back(nn::ReLU());
            t->net->push_back(nn::Dropout(0.2));
        }
    }
    t->adam_w = std::make_unique<torch::optim::AdamW>(t->net->parameters(), torch::optim::AdamWOptions(2e-3));
    const auto n = static_cast<std::int64_t>(data.rows);
    t->x = torch::from_blob(const_cast<float*>(data.x.data()), {n, static_cast<std::int64_t>(what.widths[0])})
               .clone();
    t->y = what.classifies
               ? torch::from_blob(const_cast<int*>(data.classes.data()), {n}, torch::kInt32).to(torch::kInt64)
               : torch::from_blob(const_cast<float*>(data.y.data()), {n, 1}).clone();
    return [t, classifies = what.classifies] {
        if (t->next == t->batches.size()) {
            t->batches = torch::randperm(t->x.size(0), torch::kInt64).split(32);
            t->next = 0;
        }
        const torch::Tensor rows = t->batches[t->next++];
        t->adam_w->zero_grad();
        const torch::Tensor y = t->net->forward(t->x.index_select(0, rows)),
                            target = t->y.index_select(0, rows);
        const torch::Tensor loss =
            classifies ? nn::functional::cross_entropy(y, target) : nn::functional::mse_loss(y, target);
        loss.backward();
        t->adam_w->step();
        return loss.item<float>();
    };
}

} // namespace benchmarks
