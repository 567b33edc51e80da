// SPDX-License-Identifier: BSD-3-Clause
/// A program outside the project that reads files, knows the report and has workers: with the components io,
/// report and parallel.
#include <ctnn/ctnn.hpp>
#include <ctnn/io/model_file.hpp>
#include <ctnn/parallel/workers.hpp>
#include <ctnn/report/run.hpp>

int main()
try {
    ctnn::Model<ctnn::Sequential<ctnn::Linear<2, 3>>, ctnn::Eval> model;
    ctnn::load(model, "no such file");
    return 1;
} catch (const ctnn::Error&) {
    int done = 0;
    ctnn::Workers{1}.run([&](std::size_t) { done = 1; });
    return done == 1 && ctnn::Run{.name = "first"}.name == "first" ? 0 : 1;
}
