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

peer eigen_peer() { return peer_of<eigen>("Eigen"); }

} // namespace benchmarks
