// SPDX-License-Identifier: BSD-3-Clause
/// Eigen with every size fixed.
#include <Eigen/Dense>

#include "network.hpp"

namespace benchmarks {

struct eigen : loops {
    // Eigen wants a row of one column-major; nothing else differs.
    template <std::size_t R, std::size_t C>
    using matrix = Eigen::Matrix<float, int(R), int(C), C == 1 ? Eigen::ColMajor : Eigen::RowMajor>;
    template <std::size_t R, std::size_t C>
    static auto map(float* p)
    {
        return Eigen::Map<matrix<R, C>>(p);
    }
    template <std::size_t R, std::size_t C>
    static auto map(const float* p)
    {
        return Eigen::Map<const matrix<R, C>>(p);
    }

    template <std::size_t M, std::size_t N, std::size_t K>
    static void nn(float* y, const float* x, const float* w)
    {
        map<M, N>(y).noalias() = map<M, K>(x) * map<K, N>(w);
    }
    template <std::size_t M, std::size_t N, std::size_t K>
    static void tn(float* y, const float* x, const float* dy)
    {
        map<M, N>(y).noalias() = map<K, M>(x).transpose() * map<K, N>(dy);
    }
    template <std::size_t M, std::size_t N, std::size_t K>
    static void nt(float* y, const float* dy, const float* w)
    {
        map<M, N>(y).noalias() = map<M, K>(dy) * map<N, K>(w).transpose();
    }
    template <std::size_t N>
    static void tanh(float* y, const float* x)
    {
        map<1, N>(y).array() = map<1, N>(x).array().tanh();
    }
    template <std::size_t R, std::size_t C>
    static float cross_entropy(float* dx, const float* x, const std::int32_t* targets)
    {
        auto d = map<R, C>(dx);
        const auto in = map<R, C>(x);
        const Eigen::Matrix<float, int(R), 1> most = in.rowwise().maxCoeff();
        d.array() = (in.colwise() - most).array().exp();
        const Eigen::Matrix<float, int(R), 1> sum = d.rowwise().sum();
        d.array().colwise() *= (sum * float(R)).array().inverse();
        float loss = (most.array() + sum.array().log()).sum();
        for (std::size_t r = 0; r < R; ++r) {
            dx[r * C + static_cast<std::size_t>(targets[r])] -= 1.F / R;
            loss -= x[r * C + static_cast<std::size_t>(targets[r])];
        }
        return loss / R;
    }
};

namespace {

class eigen_wide final : public wide_answerer {
    using matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    std::vector<matrix> w_, value_;
    std::vector<Eigen::RowVectorXf> b_;

public:
    eigen_wide(const parameters& p, const std::vector<std::size_t>& sizes)
    {
        for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
            const auto in = static_cast<Eigen::Index>(sizes[i]),
                       out = static_cast<Eigen::Index>(sizes[i + 1]);
            w_.emplace_back(Eigen::Map<const matrix>(p[2 * i].data(), in, out));
            b_.emplace_back(Eigen::Map<const Eigen::RowVectorXf>(p[2 * i + 1].data(), out));
            value_.emplace_back(static_cast<Eigen::Index>(rows), out);
        }
    }
    void run(float* y, const float* x) override
    {
        for (std::size_t i = 0; i < w_.size(); ++i) {
            if (i == 0) value_[i].noalias() = Eigen::Map<const matrix>(x, rows, w_[i].rows()) * w_[i];
            else value_[i].noalias() = value_[i - 1] * w_[i];
            value_[i].rowwise() += b_[i];
            if (i + 1 < w_.size()) value_[i] = value_[i].cwiseMax(0.F);
        }
        Eigen::Map<matrix>(y, rows, value_.back().cols()) = value_.back();
    }
};

} // namespace

void set_eigen_threads(int n) { Eigen::setNbThreads(n); }

peer eigen_peer()
{
    peer p = peer_of<eigen>("Eigen");
    p.wide = [](const parameters& all,
                const std::vector<std::size_t>& sizes) -> std::unique_ptr<wide_answerer> {
        return std::make_unique<eigen_wide>(all, sizes);
    };
    return p;
}

} // namespace benchmarks
