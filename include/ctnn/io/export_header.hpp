// SPDX-License-Identifier: BSD-3-Clause
/// A trained network as a C++ header that needs ctnn/embed and the standard library, and nothing else.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ctnn/core/index.hpp>
#include <ctnn/core/type_name.hpp>
#include <ctnn/core/version.hpp>
#include <ctnn/io/file.hpp>
#include <ctnn/io/int8.hpp>
#include <ctnn/model/freeze.hpp>
#include <ctnn/model/stream.hpp>
#include <ctnn/model/summary.hpp>

namespace ctnn::inline CTNN_ARCH {

/// What goes into the header beside the network.
struct ExportOptions {
    /// of a vocabulary: class 0 is the end of a word, these are the classes from 1
    std::string characters = {};
    /// weights of one byte and a scale for each row, a quarter of the size; `with_int8_weights` shows the
    /// loss
    bool int8 = false;
    bool allow_non_finite = false; ///< write NaN and infinite numbers
};

namespace detail {

// Shown by a compile error; never true.
template <class Location, class L>
inline constexpr bool has_embedded_form = false;
/// The facts are template parameters, because clang prints a condition as it is spelled.
template <class Location, class L>
struct report_not_embedded {
    static_assert(has_embedded_form<Location, L>,
                  "[ctnn.layer] the layer at this position has no form for embedding, or stands in a branch: "
                  "it needs an export_rule; see ctnn/core/roles.hpp");
};
template <class L>
concept embeddable = requires { export_rule<L>::type(extents{}); };

/// One array of an exported layer.
struct exported_array {
    std::string path, name;
    std::vector<double> values;
    std::size_t last_extent = 0;
    layout in_files = layout::same;
};
struct exported_layer {
    std::string type;
    std::vector<exported_array> arrays;
    bool int8 = false; ///< the first array in bytes
};

/// A path as a part of a name in C++.
inline std::string as_identifier(std::string_view path)
{
    std::string name;
    for (const char c : path) {
        const bool fits =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        name += fits ? c : '_';
    }
    return name;
}

/// The layer's next arrays, as they are declared.
[[gnu::cold]] inline void add_arrays(exported_layer& layer, std::span<const Parameter> declared,
                                     layer_values& values, const std::string& path)
{
    for (const Parameter& p : declared) {
        const std::string name(p.name);
        layer.arrays.push_back({path + "_" + as_identifier(name), name,
                                std::move(values[layer.arrays.size()]), p.shape.last(), p.in_files});
    }
}

/// The layer of a node as one that computes what `Form` does for samples of shape x: L itself, or what does a
/// step of it.
template <class L, class Form, class M>
[[gnu::cold]] exported_layer exported(const M& model, std::size_t node, const extents& x,
                                      const std::string& path, bool int8)
{
    using T = typename M::scalar;
    exported_layer layer;
    if constexpr (embeddable<Form>) {
        layer_values values = values_of_layer(model, node);
        using rule = export_rule<Form>;
        if constexpr (requires { rule::template values<T>(values); }) {
            static_assert(!has_int8_form<Form>,
                          "[ctnn.layer] what an export_rule's values give is exported as "
                          "floats: leave out type(x, int8)");
            layer.type = rule::type(x);
            for (auto& array : rule::template values<T>(values))
                layer.arrays.push_back(
                    {path + "_" + std::to_string(layer.arrays.size()), {}, std::move(array)});
        } else {
            layer.int8 = int8 && has_int8_form<Form>;
            if constexpr (has_int8_form<Form>) layer.type = rule::type(x, int8);
            else layer.type = rule::type(x);
            add_arrays(layer, {facts<L>.parameter, facts<L>.parameters}, values, path);
            add_arrays(layer, {facts<L>.buffer, facts<L>.buffers}, values, path);
        }
    }
    return layer;
}
/// What computes the layers of a network in a mode: in a stream what does a step of them.
template <class Net, class M>
struct embedded_forms {
    template <std::size_t I>
    using form = layer_at<Net, I>;
    static constexpr bool runs(std::size_t i)
    {
        return !shapes_of<Net>.facts[i]->reshapes_only && !shapes_of<Net>.facts[i]->training_only;
    }
    static constexpr const extents& shape(std::size_t i) { return shape_read<Net>(i); }
    static constexpr std::size_t answer = output_shape<Net>::size;
    static constexpr std::string_view type = "network", how = "forward({...})", header = "network.hpp";
};
template <class Net>
struct embedded_forms<Net, Stream> {
    using trace = stream_trace<Net>;
    template <std::size_t I>
    using form = typename trace::template at<I>::type;
    static constexpr bool runs(std::size_t i) { return trace::runs(i); }
    static constexpr const extents& shape(std::size_t i)
    {
        return trace::steps.shape[schedule_of<Net>.read(i)];
    }
    static constexpr std::size_t answer = trace::steps.shape[schedule_of<Net>.outputs[0]].size();
    static constexpr std::string_view type = "streaming_network", how = "step({...}, state)",
                                      header = "streaming.hpp";
};

/// The first layer that runs and has no form for embedding, or does not read what the one before it gives;
/// the number of nodes if every layer fits.
template <class Net, class M>
constexpr std::size_t first_not_embedded()
{
    using forms = embedded_forms<Net, M>;
    constexpr auto& t = shapes_of<Net>;
    constexpr auto& s = schedule_of<Net>;
    constexpr auto has_form = with_indices<s.size.nodes>(
        [](auto... i) { return std::array{embeddable<typename forms::template form<i()>>...}; });
    std::size_t i = 0, value = s.inputs[0];
    for (; i < s.size.nodes; ++i) {
        if (s.read(i) != value || t.facts[i]->inputs != 1) break;
        if (forms::runs(i) && !has_form[i]) break;
        value = s.nodes[i].gives;
    }
    return i < s.size.nodes || (s.size.outputs == 1 && s.outputs[0] == value) ? i : i - 1;
}

/// A float as C++ writes it in base 16, in every locale and to the last bit.
inline std::string float_text(float x)
{
    if (std::isnan(x)) return "std::numeric_limits<float>::quiet_NaN()";
    if (std::isinf(x)) return std::string(x > 0 ? "" : "-").append("std::numeric_limits<float>::infinity()");
    char digits[40];
    const char* end = std::to_chars(digits, digits + sizeof digits, std::fabs(x), std::chars_format::hex).ptr;
    return std::string(std::signbit(x) ? "-0x" : "0x")
        .append(std::string_view(digits, static_cast<std::size_t>(end - digits)))
        .append("F");
}

/// `alignas(64) inline constexpr type name[] = {...};`
template <class Numbers, class Text>
void append_array(std::string& to, const std::string& type, const std::string& name, const Numbers& numbers,
                  Text text)
{
    to.append("alignas(64) inline constexpr ")
        .append(type)
        .append(" ")
        .append(name)
        .append("[")
        .append(std::to_string(numbers.size()))
        .append("] = {");
    std::size_t column = 200;
    for (const auto x : numbers) {
        const std::string word = text(x);
        if (column + word.size() > 138) {
            to += "\n    ";
            column = 4;
        }
        to.append(word).append(", ");
        column += word.size() + 2;
    }
    to += "\n};\n";
}

/// Text as a C++ string literal, whatever bytes it has.
inline std::string literal(std::string_view text)
{
    std::string s = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\' && c != '?') s += c;
        else
            s.append("\\").append({static_cast<char>('0' + byte / 64), static_cast<char>('0' + byte / 8 % 8),
                                   static_cast<char>('0' + byte % 8)});
    }
    return s + "\"";
}

inline void require_namespace(const std::string& name)
{
    bool good = !name.empty(), starts = true;
    for (std::size_t i = 0; good && i < name.size(); ++i) {
        const char c = name[i];
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_',
                   digit = c >= '0' && c <= '9';
        if (!starts && name.compare(i, 2, "::") == 0) {
            starts = true;
            ++i;
        } else {
            good = letter || (digit && !starts);
            starts = false;
        }
    }
    constexpr std::string_view words =
        " alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t "
        "char32_t class co_await co_return co_yield compl concept const const_cast consteval constexpr "
        "constinit continue decltype default delete do double dynamic_cast else enum explicit export extern "
        "false float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr "
        "operator or or_eq private protected public register reinterpret_cast requires return short signed "
        "sizeof static static_assert static_cast struct switch template this thread_local throw true try "
        "typedef typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq std "
        "ctnn ";
    for (std::size_t at = 0; good && at < name.size();) {
        const std::size_t end = std::min(name.find("::", at), name.size());
        good = words.find(std::string(" ").append(name, at, end - at).append(" ")) == std::string_view::npos;
        at = end + 2;
    }
    if (!good || starts)
        throw Error("ctnn.option",
                    "'" + name + "' is no name for a namespace, expected one such as 'names' or 'my::names'");
}

[[gnu::cold]] inline std::string header_text(const std::vector<exported_layer>& layers,
                                             const std::string& signature, const std::string& name,
                                             std::size_t classes, const std::string& path,
                                             const ExportOptions& options, std::string_view type,
                                             std::string_view how, std::string_view header)
{
    require_namespace(name);
    if (options.characters.size() >= classes + (options.characters.empty() ? 1 : 0))
        throw Error("ctnn.option", "there are " + std::to_string(options.characters.size()) +
                                       " characters, and the network has " + std::to_string(classes) +
                                       " classes with the end of a word, expected fewer");
    for (std::size_t i = 0; i < options.characters.size(); ++i)
        if (options.characters[i] == '\0' ||
            options.characters.find(options.characters[i], i + 1) != std::string::npos)
            throw Error("ctnn.option",
                        "the characters of the vocabulary hold a byte of 0, or one twice, at " +
                            std::to_string(i));
    if (layers.empty())
        throw Error("ctnn.option", "no layer of the network computes anything: there is nothing to export");
    std::string arrays, network;
    std::size_t bytes = 0;
    for (const exported_layer& layer : layers) {
        std::string arguments;
        const auto add_argument = [&](const std::string& member, const std::string& value) {
            arguments += arguments.empty() ? "" : ", ";
            if (layer.int8)
                arguments.append(".").append(member).append(
                    " = "); // the scale stands after members that may be left out
            arguments += value;
        };
        for (const exported_array& a : layer.arrays) {
            for (std::size_t i = 0; i < a.values.size(); ++i)
                if (!options.allow_non_finite && !std::isfinite(static_cast<float>(a.values[i])))
                    throw Error("ctnn.save", "'" + path + "' is not written: number " + std::to_string(i) +
                                                 " of " + a.path +
                                                 " is NaN, infinite or too large for a float "
                                                 "(ExportOptions::allow_non_finite writes such numbers)");
            add_argument(a.name, a.path);
            if (layer.int8 && &a == layer.arrays.data()) {
                const int8_matrix m = to_int8(a.values, a.last_extent, a.in_files);
                append_array(arrays, "::std::int8_t", a.path, m.numbers,
                             [](std::int8_t x) { return std::to_string(x); });
                append_array(arrays, "float", a.path + "_scale", m.scale, float_text);
                bytes += m.numbers.size() + 4 * m.scale.size();
            } else {
                append_array(arrays, "float", a.path, a.values,
                             [](double x) { return float_text(static_cast<float>(x)); });
                bytes += 4 * a.values.size();
            }
        }
        if (layer.int8) add_argument("scale", layer.arrays[0].path + "_scale");
        network.append(network.empty() ? "" : ",")
            .append("\n    ")
            .append(layer.type)
            .append("{")
            .append(arguments)
            .append("}");
    }
    std::string text = "// Written by ctnn ";
    text.append(CTNN_VERSION)
        .append(" from a trained\n//   ")
        .append(signature)
        .append("\n// ")
        .append(std::to_string(bytes))
        .append(" bytes of weights");
    text.append(options.int8 ? ", of one byte where they are many, with a scale for each row" : "")
        .append(".\n// clang-format off\n#pragma once\n\n");
    text.append("#include <ctnn/embed/")
        .append(header)
        .append(">\n\nnamespace ")
        .append(name)
        .append(" {\n\n")
        .append(arrays);
    if (!options.characters.empty())
        text.append("\n/// One for each class; the first is the end of a word.\ninline constexpr char "
                    "characters[] = ")
            .append(literal("." + options.characters))
            .append(";\n");
    text.append("\n/// `")
        .append(name)
        .append("::model.")
        .append(how)
        .append("`; see ctnn/embed/")
        .append(header)
        .append(".\ninline constexpr ::ctnn::embed::")
        .append(type)
        .append(" model{")
        .append(network);
    return text.append("};\n\n} // namespace ").append(name).append("\n");
}

} // namespace detail

/// Writes a model as a C++ header: its weights as constants, bit for bit (doubles rounded to floats), and
/// `name::model`, a ctnn::embed::network that computes what `forward` does, without a heap, exceptions or
/// run-time types, and in the compiler too. A frozen model makes the smallest one. Of a Model<Net, Stream> it
/// is a ctnn::embed::streaming_network, which does what `step` does.
///
/// ```cpp
/// export_header(freeze(model), "names.hpp", "names", {.characters = vocabulary.characters()});
/// ```
///
///   name   : of a namespace, "names" or "my::names"; a name that C's library has outside of any, such as
///            exp, does not compile there
///   errors : [ctnn.save] the file cannot be written, and the old one is as it was; a weight that is NaN or
///            infinite; [ctnn.option] no name for a namespace; as many characters as classes, one of them
///            twice, or a byte of 0; NaN or infinity in a weight for one byte; nothing to export, because no
///            layer computes anything; [ctnn.layer] (compile time) a layer that has no form for embedding
template <class Net, Mode M, class T>
void export_header(const Model<Net, M, T>& model, const std::string& path, const std::string& name,
                   const ExportOptions& options = {})
{
    const detail::kept_errno keep;
    using forms = detail::embedded_forms<Net, M>;
    constexpr std::size_t without = detail::first_not_embedded<Net, M>();
    if constexpr (without < detail::schedule_of<Net>.size.nodes) {
        (void)sizeof(
            detail::report_not_embedded<detail::position_of<Net, without>, detail::layer_at<Net, without>>);
        return;
    }
    std::vector<detail::exported_layer> layers;
    std::vector<std::string> names;
    const auto add = [&](std::size_t i, auto exporter) {
        const std::string place = detail::as_identifier(detail::schedule_of<Net>.path(i));
        std::string layer = place.empty() ? "layer" : "layer_" + place;
        const bool is_taken =
            std::any_of(names.begin(), names.end(), [&](const std::string& other) { return other == layer; });
        if (is_taken) layer += "_at_" + std::to_string(i); // "a-b" and "a.b" are the same there
        names.push_back(layer);
        layers.push_back(exporter(model, i, forms::shape(i), layer, options.int8));
    };
    detail::for_each_index<detail::schedule_of<Net>.size.nodes>([&](auto i) {
        if constexpr (forms::runs(i()))
            add(i(), &detail::exported<detail::layer_at<Net, i()>, typename forms::template form<i()>,
                                       Model<Net, M, T>>);
    });
    const std::string text = detail::header_text(layers, signature<Net>(), name, forms::answer, path, options,
                                                 forms::type, forms::how, forms::header);
    detail::file_replacement file(path);
    file.write(text);
    file.commit();
}

} // namespace ctnn::inline CTNN_ARCH
