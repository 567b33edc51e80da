// SPDX-License-Identifier: BSD-3-Clause
/// What ctnn makes of a type before the program runs: its schedule, and the plans of three modes. The README
/// beside it says what to see in it. It looks into `detail`, which programs otherwise leave alone.
#include <cstdio>
#include <string>

#include <ctnn/ctnn.hpp>

using namespace ctnn;

using Net = Sequential<Embedding<27, 8, 3>, Flatten, Linear<24, 16>, Tanh,
                       Residual<LayerNorm<16>, Linear<16, 16>, ReLU>, Linear<16, 5>>;

constexpr auto& schedule = detail::schedule_of<Net>;
constexpr auto& shapes = detail::shapes_of<Net>;
using training = detail::plan<Net, float, detail::purpose{.rows = 32, .element = 4, .trains = true}>;
using answering = detail::plan<Net, float, detail::purpose{.rows = 1, .element = 4}>;

// What a program may not do is found here, while it compiles: this is the whole of `is_sound`.
static_assert(shapes.what == detail::fault::none && shapes.at[schedule.outputs[0]] == extents{5});

/// "64" for a place in the workspace, "in" and "out" for the caller's own arrays.
std::string where(const detail::place& p)
{
    if (p.base == training::base::workspace) return std::to_string(p.offset);
    return p.base >= training::base::output ? "out" : "in";
}

/// A line for each node: what runs, where it writes, and whose activation it applies on the way.
template <class Plan>
void print_plan(const char* title)
{
    constexpr auto& table = Plan::value;
    std::printf("\n%s: %zu bytes\n", title, table.bytes - table.scratch_bytes); // scratch: as the CPU is
    for (std::size_t i = 0; i < schedule.size.nodes; ++i) {
        if (Plan::passes_through(i) || !table.runs[i]) continue;
        const std::size_t activation = table.applies[i];
        const std::string applied =
            activation == Plan::none ? "" : ", then " + detail::name_of_node<Net>(activation);
        std::printf("  node %zu to %s%s\n", i, where(table.value[schedule.nodes[i].gives]).c_str(),
                    applied.c_str());
    }
}

/// From the last node to the first: what it does with the gradient of what it read.
template <class Plan>
void print_backward()
{
    constexpr auto& table = Plan::value;
    constexpr const char* does[] = {"leaves", "sets", "adds to"};
    std::printf("\nbackward\n");
    for (std::size_t i = schedule.size.nodes; i-- > 0;) {
        if (!table.runs_backward[i]) continue;
        std::printf("  node %zu", i);
        for (std::size_t k = 0; k < schedule.nodes[i].reads.count; ++k) {
            const std::size_t read = schedule.nodes[i].reads.first + k;
            std::printf(" %s that of %zu", does[static_cast<int>(table.dx_write[read])], schedule.read(i, k));
            if (table.dx_write[read] != write_mode::skip)
                std::printf(" at %s", where(table.dx[read]).c_str());
        }
        std::printf("\n");
    }
}

int main()
{
    std::printf("schedule\n");
    for (std::size_t i = 0; i < schedule.size.nodes; ++i) {
        std::string reads;
        for (std::size_t k = 0; k < schedule.nodes[i].reads.count; ++k)
            reads += (k == 0 ? "" : ", ") + std::to_string(schedule.read(i, k));
        const std::size_t gives = schedule.nodes[i].gives;
        std::printf("  node %zu  %-19s %-4s reads %-5s gives %zu of %s\n", i,
                    detail::name_of_node<Net>(i).c_str(), std::string(schedule.path(i)).c_str(),
                    reads.c_str(), gives, shape_text(shapes.at[gives]).c_str());
    }
    print_plan<training>("training, 32 rows");
    print_backward<training>();
    print_plan<answering>("eval, a row");
}
