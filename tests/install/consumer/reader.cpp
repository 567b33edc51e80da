// SPDX-License-Identifier: BSD-3-Clause
/// A program outside the project that reads files and knows the report, with the components io and report.
#include <ctnn/ctnn.hpp>
#include <ctnn/io/model_file.hpp>
#include <ctnn/report/run.hpp>

int main()
try {
    ctnn::Model<ctnn::Sequential<ctnn::Linear<2, 3>>, ctnn::Eval> model;
    ctnn::load(model, "no such file");
    return 1;
} catch (const ctnn::Error&) {
    return ctnn::Run{.name = "first"}.name == "first" ? 0 : 1;
}
