// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>
#include <ctnn/io/pick_model.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <limits>

#ifndef _WIN32
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#include <doctest/doctest.h>

#include "../../support/files.hpp"
#include "../../support/random.hpp"
#include "../../support/random_nets.hpp"

using namespace ctnn;
using support::bytes_of;
using support::Folder;
using support::write_bytes;

namespace {

using Net = Sequential<Embedding<7, 3>, Linear<6, 5>, BatchNorm<5>, Tanh, Linear<5, 4, NoBias>>;

/// All numbers of a model as bits.
template <class M>
std::vector<std::uint32_t> bits_of(const M& model)
{
    std::vector<std::uint32_t> bits;
    for (const auto& a : detail::arrays_of<const std::byte>(model, {}))
        for (std::size_t i = 0; i < a.bytes(); i += 4) {
            bits.push_back(0);
            std::memcpy(&bits.back(), a.data + i, 4);
        }
    return bits;
}

/// A file made by hand.
std::string file_of(const std::string& header, const std::string& data)
{
    const std::uint64_t length = header.size();
    std::string file(8, '\0');
    std::memcpy(file.data(), &length, 8);
    return file + header + data;
}

using One = Sequential<Linear<2, 3>>; // bias: 12 bytes, weight: 24

/// What loading these bytes says; the model must stay as it was.
std::string complaint(const Folder& folder, const std::string& bytes)
{
    const std::string path = folder.file("bad.safetensors");
    write_bytes(path, bytes);
    Generator g{3};
    Model<One, Eval> model{g};
    const auto before = bits_of(model);
    std::string text = "nothing";
    try {
        load(model, path);
    } catch (const Error& error) {
        text = error.what();
        CHECK(error.id() == "ctnn.load");
        CHECK(text.find(path) != std::string::npos);
    }
    if (text != "nothing") CHECK(bits_of(model) == before);
    return text;
}

} // namespace

TEST_CASE("a file holds the names, shapes and layouts of torch.nn.Sequential, and a second reader agrees")
{
    const Folder folder;
    Generator g{1};
    const Model<Net, Train<4>> model{g};
    save(model, folder.file("a"));
    const std::string bytes = bytes_of(folder.file("a"));
    const auto tensors = support::simple_safetensors(bytes);
    CHECK(tensors.size() == 8);
    CHECK(tensors.at("0.weight").shape == std::vector<std::size_t>{7, 3});
    CHECK(tensors.at("1.weight").shape == std::vector<std::size_t>{5, 6});
    CHECK(tensors.at("1.bias").shape == std::vector<std::size_t>{5});
    CHECK(tensors.at("2.running_var").type == "F32");
    const auto weight = model.parameter<"1.weight">();
    float in_file[30];
    std::memcpy(in_file, tensors.at("1.weight").data.data(), sizeof in_file);
    for (std::size_t i = 0; i < 6; ++i)
        for (std::size_t o = 0; o < 5; ++o) CHECK(in_file[o * 6 + i] == weight(i, o));
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    CHECK(length % 8 == 0); // padded, so that the data is aligned
    CHECK(bytes.size() == 8 + length + 4 * bits_of(model).size());
}

TEST_CASE("random networks: saved, loaded and saved again is the same file")
{
    support::for_each_seed([](Generator& g) {
        const Folder folder;
        support::for_each_random_net<20>([&]<class Any> {
            CAPTURE(signature<Any>());
            const Model<Any, Eval> model{g};
            Model<Any, Eval> other;
            save(model, folder.file("a"));
            load(other, folder.file("a"));
            CHECK(bits_of(other) == bits_of(model));
            save(other, folder.file("b"));
            CHECK(bytes_of(folder.file("a")) == bytes_of(folder.file("b")));
        });
        CHECK(folder.files() == 2);
    });
}

TEST_CASE("every pattern of bits comes back, when it is asked for")
{
    const Folder folder;
    Model<Sequential<Linear<64, 8, NoBias>>, Eval> model, other;
    Generator g{2};
    auto weight = model.parameter<"0.weight">();
    const std::uint32_t special[] = {0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffffffff,
                                     0x80000000, 1,          0x80000001, 0x7f7fffff};
    for (std::size_t i = 0; i < weight.size(); ++i)
        weight.data()[i] = std::bit_cast<float>(
            i < 9 ? special[i] : static_cast<std::uint32_t>(g.randint(0, std::int64_t{1} << 32)));
    CHECK_THROWS_WITH_AS(save(model, folder.file("a")),
                         doctest::Contains("number 0 of '0.weight' is infinite"), Error);
    CHECK(folder.files() == 0);
    save(model, folder.file("a"), {.allow_non_finite = true});
    CHECK_THROWS_WITH_AS(load(other, folder.file("a")), doctest::Contains("of tensor '0.weight' is infinite"),
                         Error);
    for (const float x : other.parameter<"0.weight">()) CHECK(x == 0);
    load(other, folder.file("a"), {.allow_non_finite = true});
    CHECK(bits_of(other) == bits_of(model));
    save(other, folder.file("b"), {.allow_non_finite = true});
    CHECK(bytes_of(folder.file("a")) == bytes_of(folder.file("b")));
}

TEST_CASE("doubles have their own type, names can be other ones")
{
    const Folder folder;
    Generator g{5};
    Model<One, Eval, double> model{g}, other;
    const auto renamed = [](std::string_view name) { return std::string("encoder.").append(name); };
    save(model, folder.file("a"), {.name_in_file = renamed});
    CHECK(support::simple_safetensors(bytes_of(folder.file("a"))).at("encoder.0.bias").type == "F64");
    CHECK_THROWS_WITH_AS(load(other, folder.file("a")),
                         doctest::Contains("tensor 'encoder.0.bias' of shape (3,) is not in the model"),
                         Error);
    load(other, folder.file("a"), {.name_in_file = renamed});
    CHECK(other.parameter<"0.weight">() == model.parameter<"0.weight">());
    Model<One, Eval> narrow;
    CHECK_THROWS_WITH_AS(load(narrow, folder.file("a"), {.name_in_file = renamed}),
                         doctest::Contains("has the type F64, the model needs F32"), Error);
    CHECK_THROWS_WITH_AS(
        save(model, folder.file("b"), {.name_in_file = [](auto) { return std::string("same"); }}),
        doctest::Contains("'same'"), Error);
    CHECK_THROWS_WITH_AS(
        save(model, folder.file("b"), {.name_in_file = [](auto n) { return std::string("\xff").append(n); }}),
        doctest::Contains("UTF-8"), Error);
    save(model, folder.file("b"), {.name_in_file = [](auto n) { return std::string("\"\n{\\").append(n); }});
    load(other, folder.file("b"), {.name_in_file = [](auto n) { return std::string("\"\n{\\").append(n); }});
}

TEST_CASE("another network's file is refused, and pick_model finds the network")
{
    using Relu = Sequential<Embedding<7, 3>, Linear<6, 5>, BatchNorm<5>, ReLU, Linear<5, 4, NoBias>>;
    const Folder folder;
    Generator g{1};
    const Model<Net, Train<4>> model{g};
    save(model, folder.file("a"));
    Model<Relu, Eval> relu;
    CHECK_THROWS_WITH_AS(
        load(relu, folder.file("a")),
        doctest::Contains("Tanh, Linear<5, 4, NoBias>>, the model is a Sequential<Embedding<7, 3>"), Error);
    load(relu, folder.file("a"), {.any_signature = true});
    Model<Sequential<Linear<2, 3>>, Eval> smaller;
    CHECK_THROWS_WITH_AS(load(smaller, folder.file("a")),
                         doctest::Contains("tensor '0.weight' has shape (7, 3), the model needs (3, 2); the "
                                           "file holds a Sequential<Embedding<7, 3>"),
                         Error);

    const auto picked = pick_model<Relu, One, Net>(folder.file("a"));
    CHECK(picked.index() == 2);
    CHECK(bits_of(std::get<2>(picked)) == bits_of(model));
    CHECK_THROWS_WITH_AS(
        ((void)pick_model<Relu, One>(folder.file("a"))),
        doctest::Contains("compiled in:\n  Sequential<Embedding<7, 3>, Linear<6, 5>, BatchNorm<5>, ReLU"),
        Error);
    write_bytes(folder.file("b"), file_of(R"({"0.bias":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}})",
                                          std::string(12, '\0')));
    CHECK_THROWS_WITH_AS((void)pick_model<One>(folder.file("b")),
                         doctest::Contains("no signature, but the tensors\n  0.bias F32 (3,)"), Error);
    // Without a signature: by names and shapes, where they leave one network.
    write_bytes(folder.file("c"),
                file_of(R"({"0.bias":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},)"
                        R"("0.weight":{"dtype":"F32","shape":[3,2],"data_offsets":[12,36]}})",
                        std::string(36, '\0')));
    CHECK((pick_model<Net, One, Relu>(folder.file("c"))).index() == 1);
    using OneMore = Sequential<Linear<2, 3>, Tanh>;
    CHECK_THROWS_WITH_AS(((void)pick_model<One, OneMore>(folder.file("c"))),
                         doctest::Contains("fit several of those compiled in"), Error);
    CHECK_THROWS_WITH_AS((void)pick_model<One>(folder.file("no")), doctest::Contains("No such file"), Error);
    // What is wrong with the file of a network is said of that network.
    const std::string two = R"({"0.bias":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},)"
                            R"("0.weight":{"dtype":"F32","shape":[3,2],"data_offsets":[12,36]}})";
    write_bytes(folder.file("nan"), file_of(two, std::string(36, '\xff')));
    CHECK_THROWS_WITH_AS(((void)pick_model<Net, One>(folder.file("nan"))),
                         doctest::Contains("number 0 of tensor '0.weight' is NaN"), Error);
    CHECK((pick_model<Net, One>(folder.file("nan"), {.allow_non_finite = true})).index() == 1);
    write_bytes(folder.file("short"), file_of(two, std::string(32, '\0')));
    CHECK_THROWS_WITH_AS(((void)pick_model<Net, One>(folder.file("short"))),
                         doctest::Contains("it has 32 bytes of data"), Error);
    // A network that starts as another does: the file has the tensors of both, and is of the longer one.
    using Longer = Sequential<Linear<2, 3>, Tanh, Linear<3, 2>>;
    const Model<Longer, Eval> longer{g};
    save(longer, folder.file("longer"));
    using LongerRelu = Sequential<Linear<2, 3>, ReLU, Linear<3, 2>>;
    CHECK_THROWS_WITH_AS(((void)pick_model<One, LongerRelu>(folder.file("longer"))),
                         doctest::Contains("holds\n  Sequential<Linear<2, 3>, Tanh"), Error);
    CHECK((pick_model<One, LongerRelu>(folder.file("longer"), {.any_signature = true})).index() == 1);
    const auto renamed = [](std::string_view name) { return "net." + std::string(name); };
    write_bytes(folder.file("theirs"),
                file_of(R"({"net.0.bias":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},)"
                        R"("net.0.weight":{"dtype":"F32","shape":[3,2],"data_offsets":[12,36]}})",
                        std::string(36, '\0')));
    CHECK((pick_model<Net, One>(folder.file("theirs"), {.name_in_file = renamed})).index() == 1);
    CHECK_THROWS_WITH_AS(((void)pick_model<Net, One>(folder.file("theirs"))),
                         doctest::Contains("net.0.weight F32 (3, 2)"), Error);
}

TEST_CASE("a file is not written that could not be read")
{
    const Folder folder;
    Generator g{1};
    const Model<One, Eval> model{g};
    const auto named = [&](const std::string& name) {
        save(model, folder.file("a"),
             {.name_in_file = [&](std::string_view n) { return n == "0.bias" ? name : std::string(n); }});
    };
    CHECK_THROWS_WITH_AS(named(""), doctest::Contains("'' cannot be the name of a tensor"), Error);
    CHECK_THROWS_WITH_AS(named("__metadata__"), doctest::Contains("'__metadata__' cannot be the name"),
                         Error);
    CHECK_THROWS_WITH_AS(named(std::string(17000, 'x')),
                         doctest::Contains("has 17002 bytes, a reader takes 16384"), Error);
    CHECK_THROWS_WITH_AS(named(std::string(9000, '"')),
                         doctest::Contains("has 18002 bytes, a reader takes 16384"), Error);
    CHECK(folder.files() == 0);
}

#ifndef _WIN32
TEST_CASE("the file that a link names is replaced, the link stays")
{
    const Folder folder;
    Generator g{1};
    const Model<One, Eval> model{g};
    save(model, folder.file("real"));
    std::filesystem::create_symlink("real", folder.file("link"));
    std::filesystem::create_symlink("nothing", folder.file("dangling"));
    const Model<One, Eval> other{g};
    save(other, folder.file("link"));
    CHECK(std::filesystem::is_symlink(folder.file("link")));
    Model<One, Eval> loaded;
    load(loaded, folder.file("real"));
    CHECK(bits_of(loaded) == bits_of(other));
    CHECK_THROWS_WITH_AS(save(other, folder.file("dangling")),
                         doctest::Contains("dangling': No such file or directory"), Error);
    CHECK(folder.files() == 3);
}
#endif

TEST_CASE("PyTorch's files load, with what its BatchNorm counts")
{
    const std::string header =
        R"({"0.weight":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
        R"("0.bias":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},)"
        R"("0.running_mean":{"dtype":"F32","shape":[2],"data_offsets":[16,24]},)"
        R"("0.running_var":{"dtype":"F32","shape":[2],)"
        R"("data_offsets":[24,32]},"NAME":{"dtype":"I64","shape":[],"data_offsets":[32,40]}})";
    const Folder folder;
    const auto with = [&](const std::string& name) {
        std::string text = header;
        text.replace(text.find("NAME"), 4, name);
        write_bytes(folder.file("a"), file_of(text, std::string(40, '\0')));
        Model<Sequential<Input<2>, BatchNorm<2>>, Eval> model;
        load(model, folder.file("a"),
             {.name_in_file = [](std::string_view n) { return std::string("0").append(n.substr(1)); }});
        CHECK(model.parameter<"1.running_var">()(0) == 0);
    };
    with("0.num_batches_tracked");
    CHECK_THROWS_WITH_AS(with("1.num_batches_tracked"), doctest::Contains("not in the model"), Error);
}

TEST_CASE("every prefix of a file, every flipped bit: an error, and the model as it was")
{
    const Folder folder;
    Generator g{1};
    save(Model<One, Eval>{g}, folder.file("good"));
    const std::string good = bytes_of(folder.file("good"));
    for (std::size_t n = 0; n < good.size(); ++n) CHECK(complaint(folder, good.substr(0, n)) != "nothing");
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
        std::string bad = good;
        bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
        CAPTURE(bit);
        CHECK(complaint(folder, bad) != "nothing");
    }
    CHECK(complaint(folder, good) == "nothing"); // that it is the bits
    CHECK(complaint(folder, good + '\0').find("bytes of data") != std::string::npos);
}

TEST_CASE("bad files by hand")
{
    const Folder folder;
    const std::string bias = R"("0.bias":{"dtype":"F32","shape":[3],"data_offsets":[0,12]})",
                      weight = R"("0.weight":{"dtype":"F32","shape":[3,2],"data_offsets":[12,36]})";
    const std::string data(36, '\0');
    REQUIRE(complaint(folder, file_of("{" + bias + "," + weight + "}", data)).find("nothing") == 0);
    REQUIRE(
        complaint(folder,
                  file_of("{" + weight + ", \"__metadata__\" : {\"a\":\"b\"},\n" + bias + "}      ", data))
            .find("nothing") == 0);
    struct Bad {
        std::string header, expected;
    };
    const auto with_weight = [&](const std::string& rest) {
        return "{" + bias + ",\"0.weight\":" + rest + "}";
    };
    const auto with_metadata = [&](const std::string& rest) {
        return "{\"__metadata__\":" + rest + "," + bias + "," + weight + "}";
    };
    std::string many_metadata = "{", many_tensors = "{" + bias + "," + weight;
    for (int i = 0; i < 33; ++i) many_metadata += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":\"\"";
    for (int i = 0; i < 257; ++i)
        many_tensors +=
            ",\"ctnn." + std::to_string(i) + R"(":{"dtype":"I64","shape":[0],"data_offsets":[36,36]})";
    const Bad list[] = {
        {"", "byte 8"},
        {"{", "not JSON at byte"},
        {"{}", "tensor '0.weight' of shape (3, 2) is missing"},
        {"[]", "byte 8, where its header starts, is not '{'"},
        {" {}", "is not '{'"},
        {"{" + bias + "}", "'0.weight' of shape (3, 2) is missing"},
        {"{" + bias + "," + weight + "}}", "not JSON"},
        {"{" + bias + "," + weight + "}x", "not JSON"},
        {"{" + bias + "," + weight + "},", "not JSON"},
        {"{" + bias + "," + weight + "}\n\t{", "not JSON"},
        {"{" + bias + "," + weight + "}" + std::string(1, '\0') + "x", "a byte of 0"},
        {"{" + bias + ",," + weight + "}", "not JSON"},
        {"{" + bias + "," + weight + ",}", "not JSON"},
        {"{" + bias + "," + bias + "," + weight + "}", "tensor '0.bias' twice"},
        {"{" + bias + "," + weight + R"(,"x":{"dtype":"F32","shape":[],"data_offsets":[36,40]}})",
         "tensor 'x' of shape () is not in the model"},
        {"{" + bias + "," + weight +
             R"(,"0.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[36,44]}})",
         "not in the model"},
        {"{" + bias + "," + weight + R"(,"ctnn.x":{"dtype":"I64","shape":[],"data_offsets":[36,44]}})",
         "36 bytes of data"},
        {"{" + bias + "," + weight + R"(,"ctnn.x":{"dtype":"I64","shape":[],"data_offsets":[36,35]}})",
         "data_offsets 36 and 35"},
        {"{" + bias + "," + weight +
             R"(,"ctnn.x":{"dtype":"I64","shape":[],"data_offsets":[36,36]},)"
             R"("ctnn.x":{"dtype":"I64","shape":[],"data_offsets":[36,36]}})",
         "'ctnn.x' twice"},
        {many_tensors + "}", "over 128 tensors"},
        {"{" + bias + "," + weight + ",\"" + "ctnn." + std::string(200, 'x') +
             R"(":{"dtype":"I64","shape":[],"data_offsets":[36,36]}})",
         "a name of over 96 bytes"},
        {with_weight("null"), "has null as '0.weight'"},
        {with_weight("true"), "has true or false as"},
        {with_weight("5"), "has a number as"},
        {with_weight("-5"), "has a negative number as"},
        {with_weight("\"x\""), "has a string as"},
        {with_weight("[]"), "has an array as"},
        {with_weight("{}"), "'0.weight' is not complete"},
        {with_weight(R"({"dtype":"F32","shape":[3,2]})"), "is not complete"},
        {with_weight(R"({"dtype":"F32","data_offsets":[12,36]})"), "is not complete"},
        {with_weight(R"({"shape":[3,2],"data_offsets":[12,36]})"), "is not complete"},
        {with_weight(R"({"dtype":"F32","shape":[3,2],"data_offsets":[12]})"), "is not complete"},
        {with_weight(R"({"dtype":"F32","shape":[3,2],"data_offsets":[12,36,48]})"), "over two data_offsets"},
        {with_weight(R"({"dtype":"F32","shape":[3,2],"data_offsets":[12,36],"more":1})"),
         "'0.weight' has 'more'"},
        {with_weight(R"({"dtype":"F32","dtype":"F32","shape":[3,2],"data_offsets":[12,36]})"),
         "has 'dtype' twice"},
        {with_weight(R"({"dtype":"F32","shape":[3,2],"shape":[3,2],"data_offsets":[12,36]})"),
         "has 'shape' twice"},
        {with_weight(R"({"dtype":"F32","shape":[3,2],"data_offsets":[12,36],"data_offsets":[12,36]})"),
         "has 'data_offsets' twice"},
        {with_weight(R"({"dtype":"F64","shape":[3,2],"data_offsets":[12,36]})"),
         "has the type F64, the model needs F32"},
        {with_weight(R"({"dtype":"f32","shape":[3,2],"data_offsets":[12,36]})"), "has the type f32"},
        {with_weight(R"({"dtype":"","shape":[3,2],"data_offsets":[12,36]})"), "has the type"},
        {with_weight(R"({"dtype":["F32"],"shape":[3,2],"data_offsets":[12,36]})"), "has an array as 'dtype'"},
        {with_weight(R"({"dtype":32,"shape":[3,2],"data_offsets":[12,36]})"), "has a number as 'dtype'"},
        {with_weight(R"({"dtype":"F32","shape":[2,3],"data_offsets":[12,36]})"),
         "has shape (2, 3), the model needs (3, 2)"},
        {with_weight(R"({"dtype":"F32","shape":[6],"data_offsets":[12,36]})"),
         "has shape (6,), the model needs (3, 2)"},
        {with_weight(R"({"dtype":"F32","shape":[3,2,1],"data_offsets":[12,36]})"), "has shape (3, 2, 1)"},
        {with_weight(R"({"dtype":"F32","shape":[],"data_offsets":[12,36]})"), "has shape ()"},
        {with_weight(R"({"dtype":"F32","shape":[0],"data_offsets":[12,12]})"), "has shape (0,)"},
        {with_weight(R"({"dtype":"F32","shape":[1,1,1,1,1,1,6],"data_offsets":[12,36]})"), "over 6 axes"},
        {with_weight(R"({"dtype":"F32","shape":[-3,2],"data_offsets":[12,36]})"), "has a negative number"},
        {with_weight(R"({"dtype":"F32","shape":[3.0,2],"data_offsets":[12,36]})"),
         "a number that is not a whole one"},
        {with_weight(R"({"dtype":"F32","shape":[3e0,2],"data_offsets":[12,36]})"),
         "a number that is not a whole one"},
        {with_weight(R"({"dtype":"F32","shape":[18446744073709551616,2],"data_offsets":[12,36]})"),
         "a number that is not a whole one below 2^64"},
        {with_weight(R"({"dtype":"F32","shape":[18446744073709551615,2],"data_offsets":[12,36]})"),
         "has shape (18446744073709551615, 2)"},
        {with_weight(R"({"dtype":"F32","shape":["3",2],"data_offsets":[12,36]})"), "has a string"},
        {with_weight(R"({"dtype":"F32","shape":[[3],2],"data_offsets":[12,36]})"), "has an array"},
        {with_weight(R"({"dtype":"F32","shape":{"0":3},"data_offsets":[12,36]})"), "has an object"},
        {with_weight(R"({"dtype":"F32","shape":[3,2],"data_offsets":[13,37]})"),
         "starts at byte 13 of the data, expected 12"},
        {with_weight(R"({"dtype":"F32","shape":[3,2],"data_offsets":[8,32]})"),
         "starts at byte 8 of the data, expected 12"},
        {with_weight(R"({"dtype":"F32","shape":[3,2],"data_offsets":[36,12]})"),
         "data_offsets 36 and 12, expected 24 bytes"},
        {with_weight(R"({"dtype":"F32","shape":[3,2],"data_offsets":[12,40]})"), "expected 24 bytes"},
        {with_weight(R"({"dtype":"F32","shape":[3,2],"data_offsets":[18446744073709551600,8]})"),
         "expected 24 bytes"},
        {with_weight(
             R"({"dtype":"F32","shape":[3,2],"data_offsets":[18446744073709551591,18446744073709551615]})"),
         "starts at byte 18446744073709551591"},
        {with_weight(R"({"dtype":"F32","shape":[3,2],"data_offsets":[-12,12]})"), "has a negative number"},
        {with_metadata("{\"a\":1}"), "'__metadata__' has a number as 'a'"},
        {with_metadata("{\"a\":{}}"), "'__metadata__' has an object as 'a'"},
        {with_metadata("[]"), "has an array as '__metadata__'"},
        {with_metadata("\"x\""), "has a string as '__metadata__'"},
        {with_metadata("{\"a\":\"1\",\"a\":\"2\"}"), "'__metadata__' has 'a' twice"},
        {with_metadata("{\"a\":\"1\"},\"__metadata__\":{}"), "has '__metadata__' twice"},
        {with_metadata("{\"a\":\"\xff\"}"), "not JSON"},
        {with_metadata("{\"a\":\"\n\"}"), "not JSON"},
        {with_metadata("{\"a\":\"\\ud800\"}"), "not JSON"},
        {with_metadata(many_metadata + "}"), "over 32 entries"},
        {with_metadata("{\"" + std::string(129, 'k') + "\":\"\"}"), "a name of over 96 bytes"},
        {with_metadata("{\"a\":\"" + std::string(17000, 'v') + "\"}"), "a word of over 16384 bytes"},
        {"{" + std::string(17000, ' ') + bias + "," + weight + "}", "a word of over 16384 bytes"},
        {"{" + std::string(60000, '[') + "}", "not JSON at byte 10"},
        {with_weight(std::string(1000, '[')), "has an array"},
        {with_metadata(R"({"ctnn.signature":"Sequential<Linear<2, 3>>"})"), "checksum is missing"},
        {with_metadata(R"({"ctnn.checksum":"0123456789abcdef"})"), "its checksum is"},
        {with_metadata(R"({"ctnn.checksum":"0123"})"), "checksum is missing or not as"},
        {with_metadata(R"({"ctnn.checksum":"\u0030123456789abcdef"})"), "checksum is missing or not as"},
        {"{" + bias + "," + weight + "}" + std::string(70000, ' '), "expected at most 65536"},
    };
    static_assert(std::size(list) >= 60);
    for (const Bad& bad : list) {
        const std::string text = complaint(folder, file_of(bad.header, data));
        CHECK_MESSAGE(text.find(bad.expected) != std::string::npos, text, " does not say '", bad.expected,
                      "'");
    }
    // Lengths that lie, data that is too short or too long.
    const std::string good = file_of("{" + bias + "," + weight + "}", data);
    for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{65537},
                                       ~std::uint64_t{0}, std::uint64_t{1} << 63, std::uint64_t{60000}}) {
        std::string bad = good;
        std::memcpy(bad.data(), &length, 8);
        CHECK(complaint(folder, bad) != "nothing");
    }
    CHECK(complaint(folder, file_of("{" + bias + "," + weight + "}", std::string(35, '\0')))
              .find("35 bytes of data") != std::string::npos);
    CHECK(complaint(folder, file_of("{" + bias + "," + weight + "}", std::string(37, '\0')))
              .find("37 bytes of data") != std::string::npos);
}

TEST_CASE("a file that cannot be written leaves what is there, and nothing beside it")
{
    const Folder folder;
    Generator g{1};
    const Model<Net, Train<4>> model{g}, other{g};
    CHECK_THROWS_WITH_AS(save(model, ""), doctest::Contains("empty"), Error);
    CHECK_THROWS_WITH_AS(save(model, folder.file("")), doctest::Contains("Is a directory"), Error);
    CHECK_THROWS_WITH_AS(save(model, folder.file("no/a")),
                         doctest::Contains("no/a': No such file or directory"), Error);
    CHECK(folder.files() == 0);
    // errno is as it was.
    errno = 77;
    save(model, folder.file("a"));
    save(other, folder.file("a"));
    CHECK(errno == 77);
    CHECK(folder.files() == 1);
}

#ifndef _WIN32
TEST_CASE("what POSIX knows of files: a full disk, permissions, owners")
{
    const Folder folder;
    Generator g{1};
    const Model<Net, Train<4>> model{g}, other{g};
    CHECK_THROWS_WITH_AS(save(model, "/dev/null"), doctest::Contains("not a regular file"), Error);
    CHECK_THROWS_WITH_AS(save(model, folder.file(std::string(300, 'x'))),
                         doctest::Contains("File name too long"), Error);
    save(model, folder.file("a"));
    const std::string before = bytes_of(folder.file("a"));
    // A disk with room for 100 bytes.
    rlimit old{};
    getrlimit(RLIMIT_FSIZE, &old);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{100, old.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    CHECK_THROWS_WITH_AS(save(other, folder.file("a")), doctest::Contains("File too large"), Error);
    setrlimit(RLIMIT_FSIZE, &old);
    std::signal(SIGXFSZ, handler);
    CHECK(bytes_of(folder.file("a")) == before);
    CHECK(folder.files() == 1);

    // The new file has the permissions of the old one.
    std::filesystem::permissions(folder.file("a"), std::filesystem::perms{0640});
    save(other, folder.file("a"));
    CHECK(std::filesystem::status(folder.file("a")).permissions() == std::filesystem::perms{0640});
    CHECK(bytes_of(folder.file("a")) != before);
    CHECK(folder.files() == 1);
    // But for those that would give somebody's rights away; and the owner stays, where that is allowed.
    ::chmod(folder.file("a").c_str(), 04755);
    const bool root = ::geteuid() == 0 && ::chown(folder.file("a").c_str(), 65534, 65534) == 0;
    if (root) ::chmod(folder.file("a").c_str(), 04755); // chown has taken it away
    save(model, folder.file("a"));
    struct stat now {};
    CHECK(::stat(folder.file("a").c_str(), &now) == 0);
    CHECK((now.st_mode & 07777U) == 0755);
    if (root) CHECK(now.st_uid == 65534);
}
#endif

TEST_CASE("a file that PyTorch wrote gives PyTorch's answers")
{
    using Theirs = Sequential<Embedding<27, 4, 3>, Flatten, Linear<12, 9, NoBias>, BatchNorm<9>, Tanh,
                              Sequential<Linear<9, 6>, LayerNorm<6>, GELU>, Linear<6, 5>>;
    const std::string folder = CTNN_GOLDEN_DIR "/";
    Model<Theirs, Eval> model;
    load(model, folder + "theirs.safetensors");
    const auto expected = support::simple_safetensors(bytes_of(folder + "theirs.expected.safetensors"));
    std::int64_t ids[48];
    float output[80];
    REQUIRE(expected.at("input").data.size() == sizeof ids);
    REQUIRE(expected.at("output").data.size() == sizeof output);
    std::memcpy(ids, expected.at("input").data.data(), sizeof ids);
    std::memcpy(output, expected.at("output").data.data(), sizeof output);
    const auto y = model.forward(view_of(&ids[0], std::array<std::size_t, 2>{16, 3}));
    const auto frozen = freeze(model).forward(view_of(&ids[0], std::array<std::size_t, 2>{16, 3}));
    float largest = 0;
    for (const float x : output) largest = std::max(largest, std::fabs(x));
    for (std::size_t i = 0; i < 80; ++i) {
        CHECK(std::fabs(y.data()[i] - output[i]) <= 1e-5F * largest);
        CHECK(std::fabs(frozen.data()[i] - output[i]) <= 1e-5F * largest);
    }
}

TEST_CASE("a part of a file goes into a part of a network, and what was left out is told by name")
{
    using Old =
        Sequential<Embedding<27, 4, 3>, Flatten, Linear<12, 9, NoBias>, BatchNorm<9>, Tanh, Linear<9, 10>>;
    using New =
        Sequential<Embedding<27, 4, 3>, Flatten, Linear<12, 9, NoBias>, BatchNorm<9>, Tanh, Linear<9, 5>>;
    const Folder folder;
    Generator g{1};
    Model<Old, Train<4>> old{g};
    (void)old.forward(g.randint(0, 27, 4, 3));
    save(old, folder.file("old"));

    Model<New, Train<4>> model{g};
    const xt::xtensor<float, 2> last = model.parameter<"5.weight">();
    const LeftOut left = load(model, folder.file("old"), {.except = "5.*"});
    CHECK(left.of_model == std::vector<std::string>{"5.weight", "5.bias"});
    CHECK(left.of_file.size() == 2);
    CHECK(std::count(left.of_file.begin(), left.of_file.end(), "5.weight") == 1);
    CHECK(model.parameter<"5.weight">() == last);
    CHECK(model.parameter<"0.weight">() == old.parameter<"0.weight">());
    CHECK(model.parameter<"3.running_var">() == old.parameter<"3.running_var">());

    Model<New, Eval> first{g};
    const auto before = bits_of(first);
    const LeftOut most = load(first, folder.file("old"), {.only = "0.*"});
    CHECK(most.of_model.size() == 7);
    CHECK(first.parameter<"0.weight">() == old.parameter<"0.weight">());
    CHECK(bits_of(first) != before);

    // All or nothing holds for a part too.
    const auto then = bits_of(first);
    CHECK_THROWS_WITH_AS((void)load(first, folder.file("old"), {.only = "*weight"}),
                         doctest::Contains("tensor '5.weight' has shape (10, 9), the model needs (5, 9)"),
                         Error);
    CHECK_THROWS_WITH_AS((void)load(first, folder.file("old"), {.only = "7.*"}),
                         doctest::Contains("[ctnn.option]"), Error);
    CHECK_THROWS_WITH_AS((void)load(first, folder.file("old"), {.only = "0.*", .except = "*"}),
                         doctest::Contains("[ctnn.option]"), Error);
    CHECK_THROWS_WITH_AS((void)load(first, folder.file("old")), doctest::Contains("[ctnn.load]"), Error);
    CHECK(bits_of(first) == then);
    const auto in_file = [](std::string_view name) { return "0." + std::string(name); };
    CHECK_THROWS_WITH_AS((void)load(first, folder.file("old"), {.name_in_file = in_file, .only = "0.*"}),
                         doctest::Contains("tensor '0.0.weight' of shape (27, 4) is missing"), Error);
    CHECK(load(model, folder.file("old"), {.except = "5.*"}).of_file.size() == 2);
}

TEST_CASE("single tensors of a file")
{
    const Folder folder;
    Generator g{1};
    Model<Sequential<Linear<3, 5>, BatchNorm<5>>, Eval> model{g};
    save(model, folder.file("a"));
    const auto tensors = tensors_in(folder.file("a"));
    CHECK(tensors.size() == 6);
    CHECK(tensors[1].name == "0.weight");
    CHECK(tensors[1].type == "F32");
    CHECK(tensors[1].shape == std::vector<std::size_t>{5, 3});
    const auto w = load_tensor<float, 2>(folder.file("a"), "0.weight");
    CHECK(w(4, 2) == model.parameter<"0.weight">()(2, 4));
    CHECK(load_tensor<float, 1>(folder.file("a"), "1.running_var")(4) == 1);
    CHECK_THROWS_WITH_AS(((void)load_tensor<float, 1>(folder.file("a"), "0.weight")),
                         doctest::Contains("has shape (5, 3), expected 1 axes"), Error);
    CHECK_THROWS_WITH_AS(((void)load_tensor<double, 2>(folder.file("a"), "0.weight")),
                         doctest::Contains("has the type F32"), Error);
    CHECK_THROWS_WITH_AS(((void)load_tensor<float, 2>(folder.file("a"), "9.weight")),
                         doctest::Contains("it has no tensor '9.weight'"), Error);
    // A shape that no file can hold takes no memory.
    const std::string header =
        R"({"0.weight":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904],)"
        R"("data_offsets":[0,0]}})";
    std::string bytes(8, '\0');
    bytes[0] = static_cast<char>(header.size());
    support::write_bytes(folder.file("c"), bytes + header);
    CHECK_THROWS_WITH_AS(((void)load_tensor<float, 2>(folder.file("c"), "0.weight")),
                         doctest::Contains("which is more than the file"), Error);
    CHECK_THROWS_WITH_AS(((void)load_tensor<float, 2>(folder.file("b"), "0.weight")),
                         doctest::Contains("[ctnn.load]"), Error);
}

TEST_CASE("a tied weight stands under both names, may stand under one, and must be the same")
{
    using Shared = Sequential<Embedding<7, 5, 3>, Flatten, Linear<15, 5>, Tied<"0", Linear<5, 7>>>;
    using Apart = Sequential<Embedding<7, 5, 3>, Flatten, Linear<15, 5>, Linear<5, 7>>;
    const Folder folder;
    Generator g{1};
    const Model<Shared, Eval> model{g};
    save(model, folder.file("a"));
    const auto table = load_tensor<float, 2>(folder.file("a"), "0.weight");
    CHECK(load_tensor<float, 2>(folder.file("a"), "3.weight") == table);
    Model<Shared, Eval> again;
    load(again, folder.file("a"));
    CHECK(bits_of(again) == bits_of(model));
    CHECK(again.parameter<"3.weight">() == again.parameter<"0.weight">()); // another name of the same numbers

    Model<Apart, Eval> apart{g};
    load(apart, folder.file("a"), {.any_signature = true});
    const auto x = g.randint(0, 7, 9, 3);
    const auto y = model.forward(x), z = apart.forward(x);
    for (std::size_t i = 0; i < y.size(); ++i)
        CHECK(static_cast<double>(y.data()[i]) ==
              doctest::Approx(static_cast<double>(z.data()[i])).epsilon(1e-5));
    using Once = Sequential<Embedding<7, 5, 3>, Flatten, Linear<15, 5>, Tied<"0", Linear<5, 7, NoBias>>>;
    Model<Sequential<Embedding<7, 5, 3>, Flatten, Linear<15, 5>>, Eval> without{g};
    save(without, folder.file("once"));
    Model<Once, Eval> once;
    load(once, folder.file("once"), {.any_signature = true});
    CHECK(once.parameter<"0.weight">() == without.parameter<"0.weight">());
    CHECK(once.parameter<"2.bias">() == without.parameter<"2.bias">());
    const auto as_other = [](std::string_view name) {
        return name == "0.weight" ? std::string("3.weight") : std::string(name);
    };
    save(without, folder.file("other"), {.name_in_file = as_other});
    Model<Once, Eval> by_other;
    load(by_other, folder.file("other"), {.any_signature = true});
    CHECK(by_other.parameter<"0.weight">() == without.parameter<"0.weight">());

    // In a part the second name goes with the first.
    Model<Shared, Eval> part{g};
    const xt::xtensor<float, 2> untouched = part.parameter<"0.weight">();
    const LeftOut left = load(part, folder.file("a"), {.except = "0.*"});
    CHECK(part.parameter<"0.weight">() == untouched);
    CHECK(std::count(left.of_model.begin(), left.of_model.end(), "3.weight") == 1);
    CHECK(load(part, folder.file("a"), {.only = "0.*"}).of_model.size() == 3);
    CHECK(part.parameter<"3.weight">() == model.parameter<"0.weight">());

    apart.parameter<"3.weight">()(0, 0) += 1;
    save(apart, folder.file("b"));
    CHECK_THROWS_WITH_AS((void)load(again, folder.file("b"), {.any_signature = true}),
                         doctest::Contains("tensors '0.weight' and '3.weight' differ"), Error);
    CHECK(bits_of(again) == bits_of(model));
}

TEST_CASE("notes go with a model")
{
    const Folder folder;
    const std::string path = folder.file("m");
    Generator generator{1};
    const Model<Sequential<Linear<2, 3>>, Eval> model{generator};
    const std::map<std::string, std::string> notes{{"unit", "euro\n\"\\ \xe2\x82\xac"}, {"words", ""}};
    save(model, path, {.notes = notes});
    CHECK(notes_in(path) == notes);
    Model<Sequential<Linear<2, 3>>, Eval> again;
    load(again, path);
    CHECK(again.parameter<"0.weight">() == model.parameter<"0.weight">());
    std::string bytes = bytes_of(path); // a note is under the checksum too
    bytes[bytes.find("euro")] = 'E';
    write_bytes(path, bytes);
    CHECK_THROWS_WITH_AS(load(again, path), doctest::Contains("checksum"), Error);
    save(model, path);
    CHECK(notes_in(path).empty());
    for (const char* name : {"", "format", "ctnn.settings"})
        CHECK_THROWS_WITH_AS(save(model, path, {.notes = {{name, "x"}}}), doctest::Contains("a note"), Error);
    CHECK_THROWS_WITH_AS(save(model, path, {.notes = {{"x", "\xff"}}}), doctest::Contains("not UTF-8"),
                         Error);
    std::map<std::string, std::string> many;
    for (int i = 0; i < 28; ++i) many[std::to_string(i)] = "x";
    save(model, path, {.notes = many});
    CHECK(notes_in(path) == many);
    many["more"] = "x";
    CHECK_THROWS_WITH_AS(save(model, path, {.notes = many}), doctest::Contains("29 notes"), Error);
    CHECK(notes_in(path).size() == 28);
}
