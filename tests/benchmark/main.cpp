// SPDX-License-Identifier: BSD-3-Clause
/// ctnn beside its peers, in one table: the same work, checked to give the same numbers before it is timed.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "ours.hpp"
#include "parts.hpp"
#include "table.hpp"

namespace {

using namespace benchmarks;

constexpr std::size_t batches = 64, many = 1024;
constexpr float rate = 0.1F;
const Generator seed{42};

/// Batches of random ids and targets, the same for everybody.
struct batch_of_ids {
    std::vector<std::int32_t> ids, targets;
};
std::vector<batch_of_ids> random_batches(std::size_t count, std::size_t rows, std::size_t context)
{
    Generator generator{7};
    std::vector<batch_of_ids> all(count);
    for (batch_of_ids& b : all) {
        for (std::size_t i = 0; i < rows * context; ++i)
            b.ids.push_back(static_cast<std::int32_t>(generator.randint(0, vocabulary)));
        for (std::size_t i = 0; i < rows; ++i)
            // learnable
            b.targets.push_back((b.ids[i * context] * 5 + 1) % static_cast<std::int32_t>(vocabulary));
    }
    return all;
}

[[noreturn]] void disagree(const char* who, const std::string& what, float ours, float theirs)
{
    std::fprintf(stderr, "%s does other work than ctnn in %s: %.7g against %.7g\n", who, what.c_str(),
                 static_cast<double>(theirs), static_cast<double>(ours));
    std::exit(1);
}

void measure(const std::string& name, std::function<void()> f)
{
    benchmark::RegisterBenchmark(name.c_str(), [f = std::move(f)](benchmark::State& state) {
        for (auto _ : state) {
            f();
            benchmark::ClobberMemory();
        }
    })->UseRealTime();
}

void measure_steps(const std::string& name, std::shared_ptr<trainer> t,
                   std::shared_ptr<std::vector<batch_of_ids>> data)
{
    measure(name, [t, data, i = std::size_t{0}]() mutable {
        const batch_of_ids& b = (*data)[i++ % data->size()];
        benchmark::DoNotOptimize(t->step(b.ids.data(), b.targets.data(), 1e-3F));
    });
}

/// The most there is: independent fused multiply-adds in registers, and nothing else.
constexpr std::size_t peak_chains = simd::width<float> == 16 ? 24 : 12, peak_rounds = 1000;
double operations_of_peak()
{
    return 2. * static_cast<double>(peak_chains * peak_rounds * simd::width<float>);
}
void run_peak()
{
    using V = simd::vec<float>;
    V sum[peak_chains];
    const V x(0.999F), y(1e-3F);
    CTNN_UNROLL
    for (std::size_t i = 0; i < peak_chains; ++i) sum[i] = V(static_cast<float>(i));
    for (std::size_t k = 0; k < peak_rounds; ++k) {
        CTNN_UNROLL
        for (std::size_t i = 0; i < peak_chains; ++i) sum[i] = simd::fma(sum[i], x, y);
    }
    V total = sum[0];
    CTNN_UNROLL
    for (std::size_t i = 1; i < peak_chains; ++i) total = total + sum[i];
    benchmark::DoNotOptimize(simd::sum(total));
}

double peak_operations_per_nanosecond()
{
    std::array<double, 9> nanoseconds{};
    for (double& t : nanoseconds) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < 100; ++i) run_peak();
        t = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / 100;
    }
    std::nth_element(nanoseconds.begin(), nanoseconds.begin() + 4, nanoseconds.end());
    return operations_of_peak() / nanoseconds[4];
}

using make_trainer = std::unique_ptr<trainer> (*peer::*)(const parameters&);

template <class Net>
void add_steps(const std::string& name, const std::vector<peer>& peers, make_trainer make)
{
    const auto data =
        std::make_shared<std::vector<batch_of_ids>>(random_batches(batches, batch, input_shape<Net>::size));
    const auto ours = std::make_shared<our_trainer<Net>>(seed);
    const parameters start = ours->start();
    std::vector<float> losses;
    for (const batch_of_ids& b : *data) losses.push_back(ours->step(b.ids.data(), b.targets.data(), rate));
    measure_steps("step " + name + " ctnn", ours, data);
    for (const peer& p : peers) {
        std::shared_ptr<trainer> theirs = (p.*make)(start);
        for (std::size_t i = 0; i < data->size(); ++i) {
            const float loss = theirs->step((*data)[i].ids.data(), (*data)[i].targets.data(), rate);
            if (!(std::abs(loss - losses[i]) <= 1e-3F))
                disagree(p.name, "step " + std::to_string(i) + " of " + name, losses[i], loss);
        }
        measure_steps("step " + name + " " + p.name, theirs, data);
    }
    std::printf("%s: losses of %zu steps agree, %.4f to %.4f\n", name.c_str(), losses.size(),
                static_cast<double>(losses.front()), static_cast<double>(losses.back()));
}

/// Eval of 256 rows of a wide network, beside its own training forward.
template <class Net>
void add_wide(const std::string& name, const std::vector<std::size_t>& sizes, const std::vector<peer>& peers)
{
    constexpr std::size_t rows = wide_answerer::rows;
    Generator generator{7};
    const auto trained = std::make_shared<Model<Net, Train<rows>>>(generator);
    const auto eval = std::make_shared<Model<Net, Eval>>(*trained);
    const auto x = std::make_shared<xt::xtensor<float, 2>>(generator.randn(rows, sizes.front()));
    const auto y =
        std::make_shared<xt::xtensor<float, 2>>(xt::xtensor<float, 2>::from_shape({rows, sizes.back()}));
    const xt::xtensor<float, 2> expected = eval->forward(*x);
    measure("wide " + name + " ctnn", [eval, x, y] { eval->forward(*x, *y); });
    measure("wide " + name + " ctnn, training forward",
            [trained, x] { benchmark::DoNotOptimize(trained->forward(*x)(0, 0)); });
    for (const peer& p : peers) {
        if (p.wide == nullptr) continue;
        const std::shared_ptr<wide_answerer> theirs = p.wide(parameters_of_model(*trained), sizes);
        theirs->run(y->data(), x->data());
        for (std::size_t i = 0; i < y->size(); ++i)
            if (!(std::abs(y->data()[i] - expected.data()[i]) <= 1e-4F))
                disagree(p.name, "eval of " + name, expected.data()[i], y->data()[i]);
        measure("wide " + name + " " + p.name, [theirs, x, y] { theirs->run(y->data(), x->data()); });
    }
}

void add_eval(const std::vector<peer>& peers)
{
    const batch_of_ids data = random_batches(1, many, 3).front();
    const our_trainer<Lecture> start(seed);
    const auto logits = std::make_shared<std::vector<float>>(many * vocabulary),
               ours_logits = std::make_shared<std::vector<float>>(many * vocabulary);
    const auto add = [&](const char* name, std::shared_ptr<answerer> a, float* out) {
        a->run(out, data.ids.data(), many);
        std::array<float, vocabulary> alone{};
        a->run(alone.data(), data.ids.data(), 1);
        for (std::size_t c = 0; c < vocabulary; ++c)
            if (!(std::abs(alone[c] - out[c]) <= 1e-4F))
                disagree(name, "eval of one sample", out[c], alone[c]);
        measure(std::string("eval one ") + name, [a, logits, ids = data.ids, i = std::size_t{0}]() mutable {
            a->run(logits->data(), ids.data() + 3 * (i++ % many), 1);
        });
        measure(std::string("eval many ") + name,
                [a, logits, ids = data.ids] { a->run(logits->data(), ids.data(), many); });
    };
    const auto add_peer = [&](const char* name, std::shared_ptr<answerer> a) {
        add(name, std::move(a), logits->data());
        for (std::size_t i = 0; i < logits->size(); ++i)
            if (!(std::abs((*logits)[i] - (*ours_logits)[i]) <= 1e-4F))
                disagree(name, "eval", (*ours_logits)[i], (*logits)[i]);
    };
    add("ctnn", std::make_shared<our_answerer>(seed), ours_logits->data());
    add_peer("embedded", std::make_shared<embedded_answerer>(seed));
    for (const peer& p : peers)
        if (p.frozen != nullptr) add_peer(p.name, p.frozen(start.start()));
}

constexpr std::array form_names{"x w", "x^T dy", "dy w^T"};

struct shape_of_product {
    std::size_t rows, in, out;
    [[nodiscard]] std::string name(std::size_t form) const
    {
        return std::to_string(rows) + "x" + std::to_string(in) + "x" + std::to_string(out) + " " +
               form_names[form];
    }
    [[nodiscard]] double operations() const { return 2. * static_cast<double>(rows * in * out); }
};
template <class... S>
std::vector<shape_of_product> list_shapes(list_of_shapes<S...>)
{
    return {{S::rows, S::in, S::out}...};
}
template <class... S>
product_function our_product(std::size_t form, std::size_t shape, list_of_shapes<S...>)
{
    const std::array<std::array<product_function, 3>, sizeof...(S)> all{
        {{our_products<S>::forward, our_products<S>::weight_gradient, our_products<S>::input_gradient}...}};
    return all[shape][form];
}

void add_products(const std::vector<peer>& peers)
{
    const auto list = list_shapes(shapes{});
    for (std::size_t s = 0; s < list.size(); ++s) {
        const auto [rows, in, out] = list[s];
        const std::size_t y_size[] = {rows * out, in * out, rows * in},
                          x_size[] = {rows * in, rows * in, rows * out},
                          w_size[] = {in * out, rows * out, in * out};
        for (std::size_t form = 0; form < 3; ++form) {
            Generator generator{9};
            using aligned_array = xt::xtensor<float, 1>;
            const auto random = [&](std::size_t n) {
                return std::make_shared<aligned_array>(generator.rand(n));
            };
            const auto x = random(x_size[form]), w = random(w_size[form]), y = random(y_size[form]);
            const product_function ours = our_product(form, s, shapes{});
            ours(y->data(), x->data(), w->data());
            measure("product " + list[s].name(form) + " ctnn",
                    [=] { ours(y->data(), x->data(), w->data()); });
            for (const peer& p : peers) {
                if (p.product == nullptr) continue;
                const product_function theirs = p.product(static_cast<product>(form), s);
                const auto z = random(y_size[form]);
                theirs(z->data(), x->data(), w->data());
                for (std::size_t i = 0; i < z->size(); ++i)
                    if (!(std::abs((*z)[i] - (*y)[i]) <= 1e-5F * std::abs((*y)[i])))
                        disagree(p.name, list[s].name(form), (*y)[i], (*z)[i]);
                measure("product " + list[s].name(form) + " " + p.name,
                        [=] { theirs(z->data(), x->data(), w->data()); });
            }
        }
    }
}

// How the cost of a step grows: the lecture's net in another batch and width, and with more hidden layers of
// 100.
template <std::size_t Width>
using Wide = Sequential<Embedding<27, 10>, Hidden<30, Width>, Linear<Width, 27>>;
template <std::size_t>
using HiddenAgain = Hidden<100, 100>;
template <class>
struct deeper;
template <std::size_t... I>
struct deeper<std::index_sequence<I...>> {
    using type = Sequential<Embedding<27, 10>, Linear<30, 100, NoBias>, BatchNorm<100>, Tanh,
                            HiddenAgain<I>..., Linear<100, 27>>;
};
template <std::size_t Hiddens>
using Deeper = typename deeper<std::make_index_sequence<Hiddens - 1>>::type;

struct growth {
    std::string axis, size;
    double multiply_adds;
};
std::vector<growth> grown;
template <class Net, std::size_t B>
void add_growth(const char* axis, std::size_t size)
{
    grown.push_back({axis, std::to_string(size), 3. * static_cast<double>(B * multiply_adds<Net>)});
    measure_steps("growth " + grown.back().axis + " " + grown.back().size,
                  std::make_shared<our_trainer<Net, B>>(seed),
                  std::make_shared<std::vector<batch_of_ids>>(random_batches(batches, B, 3)));
}
template <std::size_t... N>
void add_batches()
{
    (add_growth<Lecture, N>("batch", N), ...);
}
template <std::size_t... N>
void add_widths()
{
    (add_growth<Wide<N>, batch>("width", N), ...);
}
template <std::size_t... N>
void add_depths()
{
    (add_growth<Deeper<N>, batch>("depth", N), ...);
}

/// The lecture's own code in PyTorch, by the script beside this file; microseconds a step, or 0 without it.
double pytorch_step()
{
#if defined(CTNN_BENCHMARK_PYTHON)
    double best = 0;
    if (FILE* script = popen(CTNN_BENCHMARK_PYTHON " '" CTNN_BENCHMARK_SOURCE
                                                   "/lecture.py' '" CTNN_BENCHMARK_NAMES "' 3000",
                             "r")) {
        char line[512];
        while (std::fgets(line, sizeof line, script) != nullptr)
            if (const char* colon = std::strstr(line, " steps: ")) best = std::atof(colon + 8);
        pclose(script);
    }
    return best;
#else
    return 0;
#endif
}

void print_steps(const medians& median, const std::vector<peer>& peers)
{
    constexpr std::array nets{"lecture", "deep", "hierarchical"};
    std::printf("\nA training step, batch 32: us, and times as long as ctnn\n%-22s %18s %18s %18s\n", "",
                "lecture (12,097)", "deep (47,024)", "hierarchical (76,579)");
    const auto row = [&](const std::string& name, const std::string& shown) {
        std::printf("%-22s", shown.c_str());
        for (const char* net : nets) {
            const double t = median("step " + std::string(net) + " " + name),
                         ours = median("step " + std::string(net) + " ctnn");
            if (t > 0 && ours > 0) std::printf(" %9.1f %7.2fx", t / 1e3, t / ours);
            else if (t > 0) std::printf(" %9.1f %8s", t / 1e3, "");
            else std::printf(" %18s", "");
        }
        std::printf("\n");
    };
    row("ctnn", "ctnn");
    for (const peer& p : peers) row(p.name, p.name);
    if (median("step lecture PyTorch") > 0) row("PyTorch", "PyTorch, lecture code");
}

void print_eval(const medians& median, const std::vector<peer>& peers)
{
    std::printf("\nEval of the lecture's net: ns a sample, and times as long as ctnn\n%-22s %18s %18s\n", "",
                "one", "1024 at once");
    const auto row = [&](const std::string& name) {
        if (!median.any("eval one " + name) && !median.any("eval many " + name)) return;
        std::printf("%-22s", name.c_str());
        for (const auto& [what, samples] : {std::pair{"eval one ", std::size_t{1}}, {"eval many ", many}}) {
            const double t = median(what + name), ours = median(std::string(what) + "ctnn");
            if (t > 0 && ours > 0) std::printf(" %9.0f %7.2fx", t / static_cast<double>(samples), t / ours);
            else std::printf(" %18s", "");
        }
        std::printf("\n");
    };
    row("ctnn");
    row("embedded");
    for (const peer& p : peers) row(p.name);
}

void print_wide(const medians& median)
{
    const std::string nets[] = {"784-512-10", "784-1024-1024-10"};
    std::printf("\nEval of 256 rows of wide networks: us a row, and times as long as ctnn\n%-22s %18s %18s\n",
                "", nets[0].c_str(), nets[1].c_str());
    for (const char* who : {"ctnn", "ctnn, training forward", "Eigen", "libtorch"}) {
        if (!median.any("wide " + nets[0] + " " + who)) continue;
        std::printf("%-22s", who);
        for (const std::string& net : nets) {
            const double t = median("wide " + net + " " + who), ours = median("wide " + net + " ctnn");
            std::printf(" %9.2f %7.2fx", t / 1e3 / wide_answerer::rows, t / ours);
        }
        std::printf("\n");
    }
}

void print_products(const medians& median, const std::vector<peer>& peers)
{
    const double peak = peak_operations_per_nanosecond();
    std::printf(
        "\nMatrix products, rows x in x out: GFLOP/s; the peak is %.0f, measured in this run\n%-22s %8s %6s",
        peak, "", "ctnn", "peak");
    for (const peer& p : peers)
        if (p.product != nullptr) std::printf(" %9s", p.name);
    std::printf(" %14s\n", "best peer");
    for (const shape_of_product& s : list_shapes(shapes{}))
        for (std::size_t form = 0; form < 3; ++form) {
            const std::string name = "product " + s.name(form) + " ";
            const double ours = s.operations() / median(name + "ctnn");
            if (median(name + "ctnn") == 0) continue;
            std::printf("%-22s %8.1f %5.0f%%", s.name(form).c_str(), ours, 100 * ours / peak);
            double best = 0;
            for (const peer& p : peers)
                if (p.product != nullptr) {
                    const double t = median(name + p.name), theirs = t > 0 ? s.operations() / t : 0;
                    best = std::max(best, theirs);
                    std::printf(" %9.1f", theirs);
                }
            if (best > 0) std::printf(" ctnn %5.2fx%s", ours / best, ours < 0.95 * best ? " <" : "");
            std::printf("\n");
        }
}

void print_growth(const medians& median)
{
    std::printf(
        "\nHow a step of ctnn grows: us, and GFLOP/s over the matrix products of a full backward pass\n");
    for (const growth& g : grown) {
        const double t = median("growth " + g.axis + " " + g.size);
        if (t > 0)
            std::printf("%-8s %6s %10.1f us %8.1f GFLOP/s\n", g.axis.c_str(), g.size.c_str(), t / 1e3,
                        2 * g.multiply_adds / t);
    }
}

template <class Net>
void print_parts(const char* name, const cpu_limits& limits)
{
    const auto data = random_batches(batches, batch, input_shape<Net>::size);
    parts_of_step<Net> parts(seed);
    for (std::size_t i = 0; i < 3000; ++i) {
        const batch_of_ids& b = data[i % data.size()];
        parts.step(b.ids.data(), b.targets.data(), rate / 100);
    }
    parts.print(name, limits);
}

} // namespace

int main(int argc, char** argv)
{
    if (argc == 2 && std::string(argv[1]) == "--parts") {
        const cpu_limits limits{peak_operations_per_nanosecond(), copied_bytes_per_nanosecond()};
        std::printf("limits: %.0f GFLOP/s, %.0f bytes/ns read and written\n", limits.operations,
                    limits.bytes);
        print_parts<Lecture>("lecture", limits);
        print_parts<Deep>("deep", limits);
        print_parts<Hierarchical>("hierarchical", limits);
        return 0;
    }
    // The defaults come first, so that the same option on the command line wins.
    std::vector<std::string> arguments{argv[0], "--benchmark_repetitions=9", "--benchmark_min_time=0.01",
                                       "--benchmark_enable_random_interleaving=true"};
    arguments.insert(arguments.end(), argv + 1, argv + argc);
    std::vector<char*> pointers;
    for (std::string& a : arguments) pointers.push_back(a.data());
    int count = static_cast<int>(pointers.size());
    benchmark::Initialize(&count, pointers.data());
    if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) return 1;

    std::vector<peer> peers;
#if defined(CTNN_BENCHMARK_EIGEN)
    peers.push_back(eigen_peer());
#endif
#if defined(CTNN_BENCHMARK_OPENBLAS)
    peers.push_back(openblas_peer());
#endif
#if defined(CTNN_BENCHMARK_LIBXSMM)
    peers.push_back(libxsmm_peer());
#endif
#if defined(CTNN_BENCHMARK_LIBTORCH)
    peers.push_back(libtorch_peer());
#endif

    add_steps<Lecture>("lecture", peers, &peer::lecture);
    add_steps<Deep>("deep", peers, &peer::deep);
    add_steps<Hierarchical>("hierarchical", peers, &peer::hierarchical);
    add_eval(peers);
    add_wide<Sequential<Linear<784, 512>, ReLU, Linear<512, 10>>>("784-512-10", {784, 512, 10}, peers);
    add_wide<Sequential<Linear<784, 1024>, ReLU, Linear<1024, 1024>, ReLU, Linear<1024, 10>>>(
        "784-1024-1024-10", {784, 1024, 1024, 10}, peers);
    add_products(peers);
    add_batches<8, 16, 32, 64, 128, 256>();
    add_widths<50, 100, 200, 400, 800>();
    add_depths<1, 2, 4, 8>();

    medians median;
    benchmark::RunSpecifiedBenchmarks(&median);
    if (median("step lecture ctnn") > 0) median.add("step lecture PyTorch", pytorch_step() * 1e3);
    if (median.any("step ")) print_steps(median, peers);
    if (median.any("eval ")) print_eval(median, peers);
    if (median.any("wide ")) print_wide(median);
    if (median.any("product ")) print_products(median, peers);
    if (median.any("growth ")) print_growth(median);
}
