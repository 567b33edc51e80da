// SPDX-License-Identifier: BSD-3-Clause
/// libtorch's C++ modules, one thread: what its manual shows.
#include <torch/torch.h>

#include "../nets.hpp"

namespace benchmarks {

namespace {

namespace nn = torch::nn;

template <class Net>
class torch_network;
template <std::size_t T, std::size_t C, class... Dense>
class torch_network<mlp<T, C, Dense...>> final : public trainer {
    nn::Embedding table_{nn::EmbeddingOptions(vocabulary, C)};
    std::vector<nn::Sequential> layers_;
    std::unique_ptr<torch::optim::SGD> sgd_;

    template <class D>
    void add(const parameters& p, std::size_t& next, std::vector<torch::Tensor>& all)
    {
        nn::Linear linear(nn::LinearOptions(D::in, D::out).bias(D::bias));
        const auto take = [&](torch::Tensor& to, torch::IntArrayRef sizes, bool turned) {
            const torch::Tensor from = torch::from_blob(const_cast<float*>(p[next++].data()), sizes);
            to.set_data(turned ? from.t().contiguous() : from.clone());
        };
        take(linear->weight, {D::in, D::out}, true);
        if (D::bias) take(linear->bias, {D::out}, false);
        nn::Sequential s(linear);
        if (D::norm) {
            nn::BatchNorm1d norm(nn::BatchNormOptions(D::out).eps(epsilon).momentum(momentum));
            take(norm->weight, {D::out}, false);
            take(norm->bias, {D::out}, false);
            s->push_back(norm);
        }
        if (D::tanh) s->push_back(nn::Tanh());
        for (auto& t : s->parameters()) all.push_back(t);
        layers_.push_back(s);
    }

public:
    explicit torch_network(const parameters& p)
    {
        table_->weight.set_data(torch::from_blob(const_cast<float*>(p[0].data()), {vocabulary, C}).clone());
        std::vector<torch::Tensor> all{table_->weight};
        std::size_t next = 1;
        (add<Dense>(p, next, all), ...);
        sgd_ = std::make_unique<torch::optim::SGD>(all, torch::optim::SGDOptions(0.1));
    }
    float step(const std::int32_t* ids, const std::int32_t* targets, float rate) override
    {
        static_cast<torch::optim::SGDOptions&>(sgd_->param_groups()[0].options()).lr(rate);
        const auto x = torch::from_blob(const_cast<std::int32_t*>(ids), {batch, T}, torch::kInt32);
        const auto y =
            torch::from_blob(const_cast<std::int32_t*>(targets), {batch}, torch::kInt32).to(torch::kInt64);
        torch::Tensor value = table_(x).view({-1, C});
        constexpr std::int64_t in[] = {Dense::in...};
        // BatchNorm1d wants rows and features: the positions of a sample are rows here.
        for (std::size_t i = 0; i < layers_.size(); ++i)
            value = layers_[i]->forward(value.reshape({-1, in[i]}));
        const torch::Tensor loss = nn::functional::cross_entropy(value, y);
        sgd_->zero_grad();
        loss.backward();
        sgd_->step();
        return loss.item<float>();
    }
};

template <class Net>
std::unique_ptr<trainer> make(const parameters& p)
{
    return std::make_unique<torch_network<Net>>(p);
}

class torch_wide final : public wide_answerer {
    nn::Sequential layers_;
    std::int64_t in_;

public:
    torch_wide(const parameters& p, const std::vector<std::size_t>& sizes)
        : in_(static_cast<std::int64_t>(sizes[0]))
    {
        for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
            const auto in = static_cast<std::int64_t>(sizes[i]),
                       out = static_cast<std::int64_t>(sizes[i + 1]);
            nn::Linear layer(in, out);
            layer->weight.set_data(
                torch::from_blob(const_cast<float*>(p[2 * i].data()), {in, out}).t().contiguous());
            layer->bias.set_data(torch::from_blob(const_cast<float*>(p[2 * i + 1].data()), {out}).clone());
            layers_->push_back(layer);
            if (i + 2 < sizes.size()) layers_->push_back(nn::ReLU());
        }
    }
    void run(float* y, const float* x) override
    {
        const torch::NoGradGuard guard;
        const torch::Tensor value =
            layers_->forward(torch::from_blob(const_cast<float*>(x), {std::int64_t{rows}, in_}));
        std::copy_n(value.data_ptr<float>(), value.numel(), y);
    }
};

} // namespace

void set_libtorch_threads(int n) { torch::set_num_threads(n); }

peer libtorch_peer()
{
    torch::set_num_threads(1);
    return {
        "libtorch",
        make<lecture>,
        make<deep>,
        make<hierarchical>,
        nullptr,
        nullptr,
        [](const parameters& all, const std::vector<std::size_t>& sizes) -> std::unique_ptr<wide_answerer> {
            return std::make_unique<torch_wide>(all, sizes);
        }};
}

} // namespace benchmarks
