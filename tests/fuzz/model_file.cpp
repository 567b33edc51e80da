// SPDX-License-Identifier: BSD-3-Clause
/// libFuzzer: any bytes as a model file. An error leaves the model as it was; what loads, saves and loads
/// again as the same.
#include <ctnn/ctnn.hpp>
#include <ctnn/io/pick_model.hpp>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

namespace {

using Net = ctnn::Sequential<ctnn::Embedding<3, 2>, ctnn::Linear<4, 3>, ctnn::BatchNorm<3>, ctnn::Tanh>;
constexpr std::size_t numbers = 6 + 15 + 12;

void require(bool holds)
{
    if (!holds) std::abort();
}

/// A file without a disk.
class MemoryFile {
public:
    MemoryFile(const void* data, std::size_t size)
        : file_(memfd_create("fuzz", 0)), path_("/proc/self/fd/" + std::to_string(file_))
    {
        require(file_ >= 0 && ::write(file_, data, size) == static_cast<ssize_t>(size));
    }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    ~MemoryFile() { ::close(file_); }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    int file_;
    std::string path_;
};

std::string bytes(const ctnn::Model<Net, ctnn::Eval>& model)
{
    return ctnn::detail::safetensors_bytes(ctnn::detail::arrays_of<const std::byte>(model, {}),
                                           ctnn::signature<Net>());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const std::string before = bytes(ctnn::Model<Net, ctnn::Eval>{});
    const MemoryFile file(data, size);
    ctnn::Model<Net, ctnn::Eval> model;
    try {
        ctnn::load(model, file.path(), {.any_signature = size % 2 == 0});
        const std::string loaded = bytes(model);
        const MemoryFile again(loaded.data(), loaded.size());
        ctnn::Model<Net, ctnn::Eval> other;
        ctnn::load(other, again.path());
        require(bytes(other) == loaded && loaded.size() > numbers * sizeof(float));
    } catch (const ctnn::Error& error) {
        require(error.id() == "ctnn.load" && bytes(model) == before);
    }
    try {
        (void)ctnn::pick_model<Net>(file.path());
    } catch (const ctnn::Error& error) {
        require(error.id() == "ctnn.load");
    }
    try { // a part of it, and its tensors one by one
        ctnn::Model<Net, ctnn::Eval> part;
        const std::string first = bytes(part);
        try {
            (void)ctnn::load(part, file.path(), {.only = "*weight"});
        } catch (const ctnn::Error& error) {
            require(error.id() == "ctnn.load" && bytes(part) == first);
        }
        for (const ctnn::TensorInfo& t : ctnn::tensors_in(file.path()))
            (void)ctnn::load_tensor<float, 2>(file.path(), t.name);
    } catch (const ctnn::Error& error) {
        require(error.id() == "ctnn.load");
    }
    return 0;
}

/// Half of the inputs get the checksum that fits them, or the fuzzer would hardly come past it.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t capacity);
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t capacity,
                                               unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, capacity);
    std::string file(reinterpret_cast<const char*>(data), size);
    const std::string key = "\"ctnn.checksum\":\"";
    const std::size_t at = file.find(key);
    if (seed % 2 == 0 || at == std::string::npos || at + key.size() + 16 > size) return size;
    file.replace(at + key.size(), 16, 16, '0');
    ctnn::detail::checksum sum;
    sum.add(file);
    std::memcpy(data + at + key.size(), sum.text().data(), 16);
    return size;
}
