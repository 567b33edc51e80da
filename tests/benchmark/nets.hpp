// SPDX-License-Identifier: BSD-3-Clause
/// The three networks that everybody trains here, as plain descriptions: a peer needs nothing of ctnn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace benchmarks {

#if !defined(CTNN_BENCHMARK_BATCH)
#define CTNN_BENCHMARK_BATCH 32
#endif
inline constexpr std::size_t batch = CTNN_BENCHMARK_BATCH, vocabulary = 27;
inline constexpr float epsilon = 1e-5F, momentum = 0.1F; // of batch normalisation

/// Linear<In, Out>, then BatchNorm<Out> and Tanh where asked for.
template <std::size_t In, std::size_t Out, bool Bias, bool Norm, bool Tanh>
struct dense {
    static constexpr std::size_t in = In, out = Out;
    static constexpr bool bias = Bias, norm = Norm, tanh = Tanh;
};
/// Embedding<27, C> of T characters, then dense layers; a layer of In numbers cuts what comes into rows of
/// In.
template <std::size_t T, std::size_t C, class... Dense>
struct mlp {
    static constexpr std::size_t context = T, features = C;
};

template <std::size_t In, std::size_t Out>
using hidden = dense<In, Out, false, true, true>;

using lecture = mlp<3, 10, hidden<30, 200>, dense<200, 27, true, false, false>>;
using deep = mlp<3, 10, hidden<30, 100>, hidden<100, 100>, hidden<100, 100>, hidden<100, 100>,
                 hidden<100, 100>, dense<100, 27, false, true, false>>;
using hierarchical =
    mlp<8, 24, hidden<48, 128>, hidden<256, 128>, hidden<256, 128>, dense<128, 27, true, false, false>>;

/// All parameters of a network, in order: the table; then for each dense layer weight (In, Out), bias, gain,
/// shift, as far as it has them.
using parameters = std::vector<std::vector<float>>;

/// One way to train one of the networks.
struct trainer {
    trainer() = default;
    trainer(const trainer&) = delete;
    trainer& operator=(const trainer&) = delete;
    virtual ~trainer() = default;
    /// One step of SGD on one batch: ids (batch, context), targets (batch). Returns the loss before the step.
    virtual float step(const std::int32_t* ids, const std::int32_t* targets, float rate) = 0;
};
/// One way to run the lecture's network with frozen statistics: logits (n, 27) of ids (n, 3).
struct answerer {
    answerer() = default;
    answerer(const answerer&) = delete;
    answerer& operator=(const answerer&) = delete;
    virtual ~answerer() = default;
    virtual void run(float* logits, const std::int32_t* ids, std::size_t n) = 0;
};

/// Eval of 256 rows of numbers through linear layers with ReLU between them.
struct wide_answerer {
    static constexpr std::size_t rows = 256;
    wide_answerer() = default;
    wide_answerer(const wide_answerer&) = delete;
    wide_answerer& operator=(const wide_answerer&) = delete;
    virtual ~wide_answerer() = default;
    virtual void run(float* y, const float* x) = 0;
};

/// The three products of a linear layer.
enum class product { forward, weight_gradient, input_gradient };
/// y, x, w as the product names them; the three sizes are known to whoever made it.
using product_function = void (*)(float* y, const float* x, const float* w);

/// A linear layer of In x Out applied to Rows rows.
template <std::size_t Rows, std::size_t In, std::size_t Out>
struct linear_shape {
    static constexpr std::size_t rows = Rows, in = In, out = Out;
};
template <class... S>
struct list_of_shapes {
    static constexpr std::size_t count = sizeof...(S);
};
/// Those of the three networks, two of odd sizes, and one that no cache of the first level holds.
using shapes =
    list_of_shapes<linear_shape<32, 30, 200>, linear_shape<32, 200, 27>, linear_shape<32, 30, 100>,
                   linear_shape<32, 100, 100>, linear_shape<32, 100, 27>, linear_shape<128, 48, 128>,
                   linear_shape<64, 256, 128>, linear_shape<32, 256, 128>, linear_shape<32, 128, 27>,
                   linear_shape<31, 199, 31>, linear_shape<37, 29, 101>, linear_shape<256, 512, 512>>;

/// What a library can be asked for; a null pointer where it takes no part.
struct peer {
    const char* name;
    std::unique_ptr<trainer> (*lecture)(const parameters&);
    std::unique_ptr<trainer> (*deep)(const parameters&);
    std::unique_ptr<trainer> (*hierarchical)(const parameters&);
    std::unique_ptr<answerer> (*frozen)(const parameters&);
    product_function (*product)(benchmarks::product, std::size_t shape); ///< by position in `shapes`
    std::unique_ptr<wide_answerer> (*wide)(const parameters&,
                                           const std::vector<std::size_t>& sizes) = nullptr;
};

peer eigen_peer();
peer openblas_peer();
peer libxsmm_peer();
peer libtorch_peer();

// How many threads these take, in ctnn_parallel.
void set_eigen_threads(int n);
void set_libtorch_threads(int n);

} // namespace benchmarks
