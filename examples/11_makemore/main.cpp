// SPDX-License-Identifier: BSD-3-Clause
/// Names from a character-level network: the third makemore lecture as a program.
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#ifndef _WIN32
#include <fcntl.h>
#include <unistd.h>
#endif

#include <ctnn/report/report.hpp>

#include "sweep.hpp"
#include "training.hpp"

namespace {

using namespace makemore;

/// A whole number from low to high, all digits, nothing else.
CLI::Validator whole_number(std::uint64_t low, std::uint64_t high)
{
    return {[=](const std::string& text) -> std::string {
                std::uint64_t value = 0;
                const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
                if (error == std::errc{} && end == text.data() + text.size() && value >= low && value <= high)
                    return {};
                return fmt::format("'{}' is not a whole number from {} to {}", text, low, high);
            },
            ""};
}
/// An option for such a number, which has a default.
template <class Number>
CLI::Option& add_number(CLI::App& command, const std::string& name, Number& value, const std::string& meaning,
                        std::uint64_t low, std::uint64_t high)
{
    return *command.add_option(name, value, meaning)
                ->check(whole_number(low, high))
                ->capture_default_str()
                ->type_name("N");
}
/// A learning rate that a float can hold.
CLI::Validator learning_rate()
{
    return {[](const std::string& text) -> std::string {
                char* end = nullptr;
                const double value = std::strtod(text.c_str(), &end);
                if (!text.empty() && *end == '\0' && value >= 0 && value <= 3.4e38) return {};
                return fmt::format("'{}' is not a number from 0 to 3.4e38", text);
            },
            ""};
}

/// A path, or nothing said at all.
CLI::Validator some_path()
{
    return {[](const std::string& text) -> std::string { return text.empty() ? "the path is empty" : ""; },
            ""};
}

constexpr std::uint64_t most = 1'000'000'000'000; // steps, names: more would not end
constexpr std::uint64_t any_seed = std::numeric_limits<std::uint64_t>::max();

CLI::Option& add_common_options(CLI::App& command, Options& options, const std::string& default_steps,
                                const std::string& default_rate = "0.1")
{
    command
        .add_option("--data", options.data, "File of words, one a line, of at most 26 different characters")
        ->capture_default_str()
        ->type_name("FILE");
    command
        .add_option("--steps,--max-steps", options.steps,
                    "Training steps of 32 samples [default: " + default_steps + "]")
        ->check(whole_number(1, most))
        ->type_name("N");
    command
        .add_option("--learning-rate", options.learning_rate, "Learning rate [default: " + default_rate + "]")
        ->check(learning_rate())
        ->type_name("X");
    add_number(command, "--decay-at", options.decay_at, "Step from which on the learning rate is a tenth", 0,
               most);
    return add_number(command, "--seed", options.seed,
                      "Seed of weights and batches; names are drawn with seed + 10", 0, any_seed);
}

std::string stage_help()
{
    std::string text = "What to train:";
    for (const StageName& s : stage_names) text += fmt::format("\n  {:<12} {}", s.name, s.meaning);
    return text + "\n ";
}

void print_result(const Result& r)
{
    fmt::print("\nloss in eval mode   train {:.7f}   validation {:.7f}   test {:.7f}\n", r.train,
               r.validation, r.test);
    fmt::print("training time       {:.2f} s, {:.1f} us a step\n\n", r.seconds,
               r.seconds / static_cast<double>(std::max<std::size_t>(1, r.steps - r.first)) * 1e6);
    if (r.run)
        fmt::print("layers in the last step\n{}\nparameters in the last step\n{}\n{}\n",
                   text_table(r.run->activations), text_table(r.run->parameters), text_of(r.run->verdicts));
    std::fflush(stdout);
}

void finish_report(const Options& options, const std::vector<Run>& runs)
{
    const std::string missing = write_report(options.report, runs);
    fmt::print("\nreport: {}/report.html\n", options.report);
    if (!missing.empty()) std::fprintf(stderr, "makemore: %s\n", missing.c_str());
}

/// No file is lost that somebody may want, and what cannot be written is found before the training.
///   from : what the command line calls options.resume
void check_files(const Options& options, const char* from)
{
    const std::string& goes_on = options.resume;
    for (const auto& [name, checkpoint] : {std::pair{"--checkpoint", &options.checkpoint}, {from, &goes_on}})
        require_different({{"--data", options.data},
                           {"--metrics", options.metrics},
                           {name, *checkpoint},
                           {"--header", options.header}});
    if (!goes_on.empty() && !options.report.empty())
        throw Failure(1, "--report needs the whole training: what an observer saw before a checkpoint is not "
                         "in it; leave out --resume or --report");
    require_writable(options.checkpoint);
    require_writable(options.header);
    if (options.overwrite) return;
    if (is_of_others(options.header, "// Written by ctnn "))
        throw Failure(
            4, fmt::format("'{}' is there already, and is no exported header; say --overwrite to lose it",
                           options.header));
    if (is_of_others(options.metrics, goes_on.empty() ? "" : "{\"step\": "))
        throw Failure(4, fmt::format("'{}' is there already{}; say --overwrite to lose it", options.metrics,
                                     goes_on.empty() ? "" : ", and has no metrics"));
    if (std::error_code unknown; !options.checkpoint.empty() &&
                                 std::filesystem::exists(options.checkpoint, unknown) &&
                                 !same_file(options.checkpoint, goes_on))
        throw Failure(4, fmt::format("'{}' is there already; take it up with --resume {}, or name another "
                                     "file, or say --overwrite",
                                     options.checkpoint, options.checkpoint));
}

void prepare_report(const Options& options)
{
    if (!options.report.empty())
        ctnn::prepare_report(options.report, {{"--data", options.data},
                                              {"--metrics", options.metrics},
                                              {"--checkpoint", options.checkpoint},
                                              {"--resume", options.resume},
                                              {"--header", options.header}});
}

void run_train(Stage stage, Options options)
{
    check_files(options, "--resume");
    if (options.checkpoint.empty()) options.checkpoint = options.resume;
    prepare_report(options);
    const Data data = load(options.data);
    const SignalWatch watch; // from here on something can be saved
    const StageName& name = stage_names[static_cast<std::size_t>(stage)];
    fmt::print("{}: {} samples to train on, {} to validate, {} to test\n", name.name, data.train.size(),
               data.validation.size(), data.test.size());
    std::fflush(stdout);
    const Result result = train(stage, data, options, false, print_result);
    if (result.run) finish_report(options, {*result.run});
    if (!result.diverged.empty()) throw Failure(3, result.diverged);
    if (!result.output_error.empty()) throw Failure(4, result.output_error);
}

/// One of the models of makemore.py, whose seed is another.
void run_model(Options options, bool seed_is_given)
{
    check_files(options, "--resume");
    if (options.checkpoint.empty()) options.checkpoint = options.resume;
    if (!options.report.empty() || !options.header.empty())
        throw Failure(1,
                      "--report and --header are for stages; take the checkpoint of a model on with your own "
                      "program");
    if (options.decay_at != Options{}.decay_at)
        throw Failure(1, "--decay-at is for stages; the models of makemore.py keep their learning rate");
    if (!seed_is_given) options.seed = 3407;
    run_family(options);
}

/// A line for each stage.
void run_stages(const std::vector<Stage>& stages, Options options)
{
    prepare_report(options);
    const Data data = load(options.data);
    const SignalWatch watch;
    const bool draws = !options.report.empty();
    if (!draws) options.samples = 0;
    options.prints_names = false;
    std::vector<Run> runs;
    fmt::print("{:<12} {:>12} {:>12} {:>12} {:>10}\n", "stage", "initial loss", "train", "validation",
               "seconds");
    for (const Stage stage : stages) {
        const Result result = train(stage, data, options, true, [&](const Result& r) {
            fmt::print("{:<12} {:>12.4f} {:>12.4f} {:>12.4f} {:>10.1f}\n",
                       stage_names[static_cast<std::size_t>(stage)].name, r.initial_loss, r.train,
                       r.validation, r.seconds);
            std::fflush(stdout);
        });
        if (result.run) runs.push_back(*result.run);
    }
    if (!draws) return;
    for (const Run& r : runs) fmt::print("\n{}\n{}", r.name, text_of(r.verdicts));
    finish_report(options, runs);
}

#ifdef _WIN32
void leave_at_signals() {} // the system says all there is to say
void keep_standard_descriptors() {}
#else
/// Until a SignalWatch lives, SIGINT and SIGTERM end the program where it stands: nothing has begun that
/// could be saved.
void leave_at_signals()
{
    struct sigaction action {};
    action.sa_handler = [](int signal) {
        constexpr char text[] = "\nmakemore: stopped by a signal before it began; nothing is lost\n";
        [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, sizeof text - 1);
        ::_exit(128 + signal);
    };
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

/// A descriptor that is closed would be given to the next file that is opened, and our lines would go there:
/// one that cannot be written takes its place.
void keep_standard_descriptors()
{
    for (int number = 0; number < 3; ++number)
        if (::fcntl(number, F_GETFD) < 0) (void)::open("/dev/null", O_RDONLY);
}
#endif

/// What the commands read from the command line.
struct Arguments {
    Options options;
    std::string stage = "batchnorm", model_file, report_folder = "report";
    std::vector<std::string> compared;
    Sweep sweep;
    std::string seeds = "1..4", part;
};

/// A command, and what it does once the command line has been read.
struct Command {
    const CLI::App* app;
    std::function<void()> run;
};

std::vector<std::string> names_of_stages()
{
    std::vector<std::string> names;
    for (const StageName& s : stage_names) names.emplace_back(s.name);
    return names;
}

Stage stage_named(const std::string& wanted)
{
    std::size_t i = 0;
    while (stage_names[i].name != wanted) ++i; // CLI11 has checked that it is one of them
    return static_cast<Stage>(i);
}

CLI::Option& add_path(CLI::App& command, const std::string& name, std::string& path,
                      const std::string& meaning, const char* type = "FILE")
{
    return *command.add_option(name, path, meaning)->check(some_path())->type_name(type);
}

/// Options that would do nothing are a mistake, or the name of a file is missing.
void check_use(const Options& options, bool every_is_given)
{
    if (every_is_given && options.checkpoint.empty() && options.resume.empty())
        throw Failure(1, "--every needs --checkpoint or --resume, the file that is written so often");
    if (options.overwrite && options.checkpoint.empty() && options.header.empty() && options.metrics.empty())
        throw Failure(1, "--overwrite needs --checkpoint, --header or --metrics, the file to write over");
}

Command train_command(CLI::App& app, Arguments& arguments)
{
    Options& options = arguments.options;
    CLI::App& command =
        *app.add_subcommand("train", "Train one stage of the lecture, print its losses and sample names");
    command.add_option("--stage", arguments.stage, stage_help())
        ->check(CLI::IsMember(names_of_stages()))
        ->capture_default_str()
        ->type_name("STAGE");
    CLI::Option& model =
        *command
             .add_option(
                 "--model", options.model,
                 "Train one of the models of makemore.py instead of a stage, as it does: bigram, mlp, "
                 "rnn, gru, bow or transformer")
             ->check(CLI::IsMember({"bigram", "mlp", "rnn", "gru", "bow", "transformer"}))
             ->excludes("--stage")
             ->type_name("MODEL");
    const auto of_model = [&](CLI::Option& option) { option.needs(&model); };
    of_model(add_number(command, "--n-layer", options.layers, "Blocks of a transformer: 4, or 2", 1, most));
    of_model(add_number(command, "--n-embd", options.features, "Features: 64, of 2 blocks 32", 1, most));
    of_model(add_number(command, "--top-k", options.top_k, "Draw from so many likeliest letters; 0: all", 0,
                        most));
    of_model(
        add_number(command, "--log-every", options.log_every, "Steps between two lines of losses", 1, most));
    of_model(*command.add_option("--weight-decay", options.weight_decay, "Weight decay of AdamW")
                  ->check(learning_rate())
                  ->capture_default_str()
                  ->type_name("X"));
    const CLI::Option& seed = add_common_options(
        command, options, "200000; 1001 for stage deep, 5001 for a model", "0.1; 0.0005 for a model");
    command
        .add_option("--metrics", options.metrics,
                    "File for one JSON object a step: step, loss, learning_rate [default: none]")
        ->type_name("FILE");
    add_number(command, "--samples", options.samples, "Names to draw at the end", 0, most);
    add_path(command, "--report", options.report,
             "Folder for report.html, a page of pictures and verdicts, and their data; other files "
             "in it stay [default: none]",
             "DIR");
    add_path(command, "--checkpoint", options.checkpoint,
             "File (safetensors) for the whole state of the training, written at its start, each --every "
             "steps, at a signal and at the end; the file of another training is not written over [default: "
             "none]");
    const CLI::Option& every =
        add_number(command, "--every", options.every, "Steps between two checkpoints", 1, most);
    add_path(command, "--resume", options.resume,
             "Checkpoint to go on from, with the same options; and to go on saving to [default: none]");
    add_path(
        command, "--header", options.header,
        "C++ header to write the trained network to, for examples/13_embed; namespace names [default: none]");
    command.add_flag("--int8", options.int8, "Weights of one byte in that header; prints what they cost")
        ->needs("--header");
    command.add_flag("--overwrite", options.overwrite, "Write over a file that is there already");
    return {&command, [&arguments, &every, &seed] {
                check_use(arguments.options, every.count() > 0);
                if (arguments.options.model.empty())
                    run_train(stage_named(arguments.stage), arguments.options);
                else run_model(arguments.options, seed.count() > 0);
            }};
}

Command sample_command(CLI::App& app, Arguments& arguments)
{
    Options& options = arguments.options;
    CLI::App& command =
        *app.add_subcommand("sample", "Draw names from a checkpoint, whichever stage it is of");
    add_path(command, "file", arguments.model_file, "Checkpoint of train").required();
    command
        .add_option("--data", options.data,
                    "The file of words that it was trained on: its characters are asked for")
        ->capture_default_str()
        ->type_name("FILE");
    add_number(command, "--samples", options.samples, "Names to draw", 0, most);
    add_number(command, "--top-k", options.top_k, "Draw from so many likeliest letters; 0: all", 0, most);
    add_path(command, "--header", options.header,
             "C++ header to write the network to, for examples/13_embed [default: none]");
    command.add_flag("--int8", options.int8, "Weights of one byte in that header")->needs("--header");
    command.add_flag("--overwrite", options.overwrite, "Write over a file that is there already")
        ->needs("--header");
    add_number(command, "--seed", options.seed, "Names are drawn with seed + 10, as after a training", 0,
               any_seed);
    return {&command, [&arguments] {
                arguments.options.resume = arguments.model_file;
                check_files(arguments.options, "FILE");
                sample_from(arguments.model_file, arguments.options);
            }};
}

Command stages_command(CLI::App& app, Arguments& arguments)
{
    CLI::App& command = *app.add_subcommand("stages", "Train stages 1 to 5 and compare them in a table");
    add_common_options(command, arguments.options, "200000");
    return {&command, [&arguments] {
                run_stages(
                    {Stage::baseline, Stage::calm_output, Stage::calm_tanh, Stage::kaiming, Stage::batchnorm},
                    arguments.options);
            }};
}

Command inspect_command(CLI::App& app, Arguments& arguments)
{
    CLI::App& command = *app.add_subcommand(
        "inspect", "Train the lecture's deep net for 1001 steps, print what is inside, write the report");
    command.add_option("--data", arguments.options.data, "File of words, one a line")
        ->capture_default_str()
        ->type_name("FILE");
    add_number(command, "--seed", arguments.options.seed, "Seed of weights and batches", 0, any_seed);
    add_path(command, "--report", arguments.report_folder, "Folder for report.html", "DIR")
        .capture_default_str();
    return {&command, [&arguments] {
                arguments.options.report = arguments.report_folder;
                run_train(Stage::deep, arguments.options);
            }};
}

Command compare_command(CLI::App& app, Arguments& arguments)
{
    CLI::App& command =
        *app.add_subcommand("compare", "Train several stages and put them side by side in one report");
    command.add_option("stages", arguments.compared, "Two or more stages of train --stage")
        ->check(CLI::IsMember(names_of_stages()))
        ->required()
        ->expected(1, 8)
        ->type_name("STAGE");
    add_common_options(command, arguments.options, "each stage's own");
    add_path(command, "--report", arguments.report_folder, "Folder for report.html", "DIR")
        .capture_default_str();
    return {&command, [&arguments] {
                if (arguments.compared.size() < 2)
                    throw Failure(1, "compare needs two stages or more, to compare them");
                std::vector<Stage> stages;
                for (const std::string& wanted : arguments.compared) {
                    if (std::find(stages.begin(), stages.end(), stage_named(wanted)) != stages.end())
                        throw Failure(1, "compare: stage '" + wanted + "' is named twice");
                    stages.push_back(stage_named(wanted));
                }
                arguments.options.report = arguments.report_folder;
                run_stages(stages, arguments.options);
            }};
}

/// "3/64" as part 3 of 64.
void take_part(const std::string& text, Sweep& sweep)
{
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, sweep.part);
    const bool has_slash = first.ec == std::errc{} && first.ptr != end && *first.ptr == '/';
    const auto second = std::from_chars(has_slash ? first.ptr + 1 : end, end, sweep.parts);
    if (!has_slash || second.ec != std::errc{} || second.ptr != end || sweep.part < 1 ||
        sweep.part > sweep.parts)
        throw Failure(1, fmt::format("--part '{}' is not a part such as 3/64, the third of 64", text));
}

Command sweep_command(CLI::App& app, Arguments& arguments)
{
    CLI::App& command = *app.add_subcommand(
        "sweep", "Train a stage with several learning rates and seeds, on all cores, and compare them");
    Options& options = arguments.options;
    Sweep& sweep = arguments.sweep;
    command.add_option("--stage", arguments.stage, stage_help())
        ->check(CLI::IsMember(names_of_stages()))
        ->capture_default_str()
        ->type_name("STAGE");
    command.add_option("--data", options.data, "File of words, one a line")
        ->capture_default_str()
        ->type_name("FILE");
    command.add_option("--learning-rate", sweep.rates, "Learning rates: 0.03,0.1,0.3")
        ->delimiter(',')
        ->check(learning_rate())
        ->capture_default_str()
        ->type_name("X,...");
    command.add_option("--seeds", arguments.seeds, "Seeds of weights and batches: 1..8, or 1,5,7")
        ->capture_default_str()
        ->type_name("N..N");
    command
        .add_option("--steps,--max-steps", options.steps,
                    "Training steps of 32 samples [default: 200000; 1001 for stage deep]")
        ->check(whole_number(1, most))
        ->type_name("N");
    add_number(command, "--decay-at", options.decay_at, "Step from which on the learning rate is a tenth", 0,
               most);
    add_path(command, "--output", sweep.output,
             "File for a JSON object a finished training; those that it has are not done again [default: "
             "none]");
    command
        .add_option("--part", arguments.part,
                    "Only part I of N, for a job of an array; its file is the output with .part-I-of-N")
        ->needs("--output")
        ->type_name("I/N");
    add_number(command, "--workers", sweep.workers, "Trainings at the same time; 0: one for each core", 0,
               1024);
    add_path(command, "--report", options.report, "Folder for report.html [default: none]", "DIR");
    return {&command, [&arguments] {
                std::vector<double>& rates = arguments.sweep.rates;
                std::sort(rates.begin(), rates.end());
                if (std::adjacent_find(rates.begin(), rates.end()) != rates.end())
                    throw Failure(1, "--learning-rate: a rate is named twice");
                arguments.sweep.seeds = numbers_from(arguments.seeds);
                if (!arguments.part.empty()) take_part(arguments.part, arguments.sweep);
                require_different({{"--data", arguments.options.data}, {"--output", arguments.sweep.output}});
                prepare_report(arguments.options);
                run_sweep(stage_named(arguments.stage), arguments.options, arguments.sweep);
            }};
}

/// CLI11 would say of a word that is no command that one is required.
bool is_unknown_command(const std::vector<Command>& commands, const char* word)
{
    if (word == nullptr || word[0] == '-' ||
        std::any_of(commands.begin(), commands.end(),
                    [&](const Command& c) { return c.app->check_name(word); }))
        return false;
    std::string known;
    for (const Command& command : commands) known += " " + command.app->get_name();
    std::fprintf(stderr, "makemore: there is no command '%s'; the commands are%s\n", word, known.c_str());
    return true;
}

/// Runs the command that was given. What goes wrong is said in a line, and is a number for scripts.
int run(const std::vector<Command>& commands)
{
    try {
        leave_at_signals();
        for (const Command& command : commands)
            if (command.app->parsed()) command.run();
        stop_if_asked("at the end");
        if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
            throw Failure(4, "cannot write to the standard output");
        return 0;
    } catch (const Failure& failure) {
        std::fprintf(stderr, "makemore: %s\n", failure.what());
        return failure.code;
    } catch (const ctnn::Error& error) {
        const bool diverged = error.id() == "ctnn.diverged";
        const bool was_cut_off =
            stop_signal() != 0 && error.id() != "ctnn.stopped"; // what waited is an error
        std::fprintf(stderr, "makemore: %s%s%s%s\n", was_cut_off ? "stopped by a signal: " : "",
                     diverged ? "diverged: " : "", error.what(),
                     diverged ? "; try a smaller --learning-rate" : "");
        if (stop_signal() != 0) return 128 + stop_signal();
        return error.id() == "ctnn.option" ? 1 : diverged ? 3 : error.id() == "ctnn.save" ? 4 : 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "makemore: %s\n", error.what());
        return 4;
    }
}

} // namespace

int main(int argc, char** argv)
{
    keep_standard_descriptors();
    CLI::App app{"Trains a character-level network on a list of words and makes up new ones.", "makemore"};
    app.require_subcommand(1);
    app.get_formatter()->column_width(26);
    Arguments arguments;
    const std::vector<Command> commands{train_command(app, arguments),   sample_command(app, arguments),
                                        stages_command(app, arguments),  inspect_command(app, arguments),
                                        compare_command(app, arguments), sweep_command(app, arguments)};
    if (is_unknown_command(commands, argc > 1 ? argv[1] : nullptr)) return 1;
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 1;
    }
    return run(commands);
}
