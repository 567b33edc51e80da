// SPDX-License-Identifier: BSD-3-Clause
/// The arrays of a program, filled from a safetensors file.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ctnn/core/checksum.hpp>
#include <ctnn/io/safetensors_header.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// Fills arrays from a file: all of them, or none and an error.
///
/// Beside the arrays a file may hold PyTorch's counts (see Parameter) of layers that are asked for, and
/// where a model is loaded tensors named "ctnn." and something, which are a training's state; nothing else.
class tensor_loader final : header_client {
public:
    enum class content { model, training, part };

    [[gnu::cold]] tensor_loader(const std::string& path, std::vector<stored_array<std::byte>> wanted,
                                content wants)
        : file_(path), wanted_(std::move(wanted)), wants_(wants), spans_(wanted_.size())
    {
        header_ = read_header(file_, *this);
        for (std::size_t i = 0; i < wanted_.size(); ++i)
            if (!spans_[i].present && wanted_[i].name.starts_with("ctnn.") && settings_.empty())
                fail("it holds a model, and no training to go on with");
            else if (!spans_[i].present && wanted_[i].same_as.empty() && !has_further_name(wanted_[i].name))
                misfit("tensor '" + wanted_[i].name + "' of shape " + shape_text(wanted_[i].shape) +
                       " is missing");
        read_data();
        require_tied_equal();
    }

    /// Of the network that the file was saved from; empty when it does not say.
    [[nodiscard]] const std::string& signature() const { return signature_; }
    /// Of the training that the file is a checkpoint of; empty for a file that is no checkpoint.
    [[nodiscard]] const std::string& settings() const { return settings_; }

    /// errors : [ctnn.load] naming the first number that is NaN or infinite
    void require_finite() const
    {
        for (std::size_t i = 0; i < wanted_.size(); ++i) {
            if (!spans_[i].present) continue;
            const auto [at, value] =
                first_non_finite(data_.data() + spans_[i].place, wanted_[i].bytes(), wanted_[i].type);
            if (at < wanted_[i].bytes())
                fail("number " + std::to_string(at) + " of tensor '" + wanted_[i].name + "' is " + value +
                     ", expected finite ones" +
                     (wants_ == content::model ? " (LoadOptions::allow_non_finite takes others)" : ""));
        }
    }
    /// The bytes of the array of this name as the file has them.
    [[nodiscard]] const std::byte* bytes_of(std::string_view name) const
    {
        std::size_t i = 0;
        while (wanted_[i].name != name) ++i;
        return data_.data() + spans_[i].place;
    }
    /// Cannot fail any more.
    void put() const
    {
        for (std::size_t i = 0; i < wanted_.size(); ++i)
            if (spans_[i].present) put(i, wanted_[i].data);
    }
    /// The tensors that nobody asked for, without what belongs to a training and counts.
    [[nodiscard]] std::vector<std::string> others() const
    {
        std::vector<std::string> names;
        for (const std::string& name : extra_)
            if (!name.starts_with("ctnn.") && !is_count(name)) names.push_back(name);
        return names;
    }

    void metadata(const std::string& key, const std::string& value) override
    {
        if (key.size() > safetensors_limits::name || keys_.size() == safetensors_limits::metadata)
            fail("'__metadata__' has over " + std::to_string(safetensors_limits::metadata) +
                 " entries, or a name of over " + std::to_string(safetensors_limits::name) + " bytes");
        if (std::find(keys_.begin(), keys_.end(), key) != keys_.end())
            fail("'__metadata__' has '" + key + "' twice");
        keys_.push_back(key);
        if (key == signature_key) signature_ = value;
        if (key == settings_key) settings_ = value;
        if (key == checksum_key) checksum_ = value;
    }

    [[gnu::cold]] void tensor(const described_tensor& t) override
    {
        const auto at =
            std::find_if(wanted_.begin(), wanted_.end(), [&](const auto& a) { return a.name == t.name; });
        if (at == wanted_.end()) return extra(t);
        span& s = spans_[static_cast<std::size_t>(at - wanted_.begin())];
        if (s.present) fail("it has tensor '" + t.name + "' twice");
        if (t.type != at->type)
            misfit("tensor '" + t.name + "' has the type " + t.type + ", the model needs " +
                   std::string(at->type));
        if (!std::equal(at->shape.begin(), at->shape.end(), t.extent.begin(),
                        t.extent.begin() + static_cast<std::ptrdiff_t>(t.rank)))
            misfit("tensor '" + t.name + "' has shape " + t.shape_text() + ", the model needs " +
                   shape_text(at->shape));
        s = {t.offsets[0], t.offsets[1], 0, true};
        if (s.begin > s.end || s.end - s.begin != at->bytes())
            fail("tensor '" + t.name + "' has the data_offsets " + std::to_string(s.begin) + " and " +
                 std::to_string(s.end) + ", expected " + std::to_string(at->bytes()) + " bytes");
    }

    [[noreturn, gnu::cold]] void fail(const std::string& what) const
    {
        throw Error("ctnn.load", "'" + file_.path() + "' cannot be loaded: " + what);
    }

private:
    /// An error that also tells which network the file is of, if it says so.
    [[noreturn, gnu::cold]] void misfit(const std::string& text) const
    {
        const bool trains = wants_ == content::training && !settings_.empty();
        fail(text + (signature_.empty() ? "" : "; the file holds a " + signature_) +
             (trains ? ", in a training with " + settings_ : ""));
    }

    struct span {
        std::uint64_t begin = 0, end = 0;
        std::size_t place = 0; ///< in data_
        bool present = false;
    };
    input_file file_;
    std::vector<stored_array<std::byte>> wanted_;
    content wants_;
    std::vector<span> spans_; ///< of the arrays, then of what else there is
    std::vector<std::string> extra_, keys_;
    std::string header_, signature_, settings_, checksum_;
    std::vector<std::byte> data_;

    /// Whether it is the name of a count beside an array that is asked for.
    [[nodiscard]] bool is_count(std::string_view name) const
    {
        return std::any_of(wanted_.begin(), wanted_.end(), [&](const auto& a) { return a.count == name; });
    }
    /// An array of the file as the program has it.
    void put(std::size_t i, std::byte* to) const
    {
        const auto& a = wanted_[i];
        const std::size_t columns = a.numbers_of_first();
        copy_array(to, data_.data() + spans_[i].place, columns > 0 ? a.shape[0] : 0, columns, a);
    }
    /// Whether the file has a tied weight under another name of it.
    [[nodiscard]] bool has_further_name(std::string_view name) const
    {
        bool any = false;
        for (std::size_t i = 0; i < wanted_.size(); ++i)
            any = any || (wanted_[i].same_as == name && spans_[i].present);
        return any;
    }
    [[gnu::cold]] void require_tied_equal() const
    {
        for (std::size_t i = 0; i < wanted_.size(); ++i) {
            if (!spans_[i].present || wanted_[i].same_as.empty()) continue;
            std::size_t first = 0;
            while (first < wanted_.size() && wanted_[first].name != wanted_[i].same_as) ++first;
            if (!spans_[first].present) continue;
            std::vector<std::byte> one(wanted_[i].bytes()), other(wanted_[i].bytes());
            put(i, one.data());
            put(first, other.data());
            if (one != other)
                fail("tensors '" + wanted_[first].name + "' and '" + wanted_[i].name +
                     "' differ; in the model they are one weight, expected equal ones");
        }
    }

    [[gnu::cold]] void extra(const described_tensor& t)
    {
        const bool counts = t.type == "I64" && t.rank == 0 && is_count(t.name);
        const bool trains = wants_ == content::training, is_part = wants_ == content::part;
        if (trains && t.name == "ctnn.optimizer.velocity")
            fail("ctnn 0.1 wrote it, which kept the momentum of all parameters as one block; this version "
                 "can load the model from it, but not go on with its training");
        if (!counts && !is_part && (trains || !t.name.starts_with("ctnn.")))
            misfit("tensor '" + t.name + "' of shape " + t.shape_text() + " is not in the " +
                   (trains ? "training" : "model"));
        if ((extra_.size() == safetensors_limits::extra && !is_part) ||
            t.name.size() > safetensors_limits::name)
            fail("it has over " + std::to_string(safetensors_limits::extra) +
                 " tensors that are not in the model, or a name of over " +
                 std::to_string(safetensors_limits::name) + " bytes");
        if (std::find(extra_.begin(), extra_.end(), t.name) != extra_.end())
            fail("it has tensor '" + t.name + "' twice");
        if (t.offsets[0] > t.offsets[1])
            fail("tensor '" + t.name + "' has the data_offsets " + std::to_string(t.offsets[0]) + " and " +
                 std::to_string(t.offsets[1]));
        extra_.push_back(t.name);
        spans_.push_back({t.offsets[0], t.offsets[1], 0, true});
    }

    [[nodiscard]] const std::string& name_of(std::size_t i) const
    {
        return i < wanted_.size() ? wanted_[i].name : extra_[i - wanted_.size()];
    }

    /// The data in the order it has in the file: what is wanted to memory, the rest through a buffer; every
    /// byte belongs to one tensor.
    [[gnu::cold]] void read_data()
    {
        const std::uint64_t start = 8 + header_.size(), size = file_.size() - start;
        std::vector<std::size_t> order(spans_.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            return spans_[a].begin != spans_[b].begin ? spans_[a].begin < spans_[b].begin
                                                      : spans_[a].end < spans_[b].end;
        });
        std::uint64_t end = 0;
        for (const std::size_t i : order) {
            if (spans_[i].begin != end)
                fail("tensor '" + name_of(i) + "' starts at byte " + std::to_string(spans_[i].begin) +
                     " of the data, expected " + std::to_string(end) + ", where the one before it ends");
            end = spans_[i].end;
        }
        if (end != size)
            fail("it has " + std::to_string(size) + " bytes of data after byte " + std::to_string(start) +
                 ", its tensors have " + std::to_string(end));
        std::size_t wanted_bytes = 0;
        for (const auto& a : wanted_) wanted_bytes += a.bytes();
        if (wants_ != content::part) extra_ = {}; // before the data: they count as memory too
        keys_ = {};
        data_.resize(wanted_bytes);
        class checksum sum;
        const bool is_ours = !signature_.empty() || !checksum_.empty();
        if (is_ours) {
            const std::string entry = "\"" + std::string(checksum_key) + "\":\"" + checksum_ + "\"";
            const std::size_t at = header_.find(entry);
            if (checksum_.size() != no_checksum.size() || at == std::string::npos)
                fail("its checksum is missing or not as ctnn writes it; a program that rewrites a file "
                     "leaves out what starts with ctnn. in __metadata__");
            header_.replace(at + entry.size() - 1 - no_checksum.size(), no_checksum.size(), no_checksum);
            const std::uint64_t length = header_.size();
            sum.add(&length, 8);
            sum.add(header_);
        }
        std::size_t place = 0;
        for (const std::size_t i : order) {
            std::uint64_t left = spans_[i].end - spans_[i].begin;
            spans_[i].place = place;
            // one name of a tied weight, which the file leaves out
            if (i < wanted_.size() && !spans_[i].present) continue;
            if (i < wanted_.size()) {
                file_.read(data_.data() + place, wanted_[i].bytes());
                sum.add(data_.data() + place, wanted_[i].bytes());
                place += wanted_[i].bytes();
            } else {
                for (std::array<std::byte, 4096> buffer; left > 0;) {
                    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size()));
                    file_.read(buffer.data(), n);
                    sum.add(buffer.data(), n);
                    left -= n;
                }
            }
        }
        if (is_ours && sum.text() != checksum_)
            fail("its checksum is " + sum.text() + ", the file says " + checksum_ +
                 ": something changed it since ctnn wrote it");
    }
};

} // namespace ctnn::inline CTNN_ARCH::detail
