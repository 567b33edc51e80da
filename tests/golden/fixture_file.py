# SPDX-License-Identifier: BSD-3-Clause
"""The two files of a set of golden numbers, NAME.txt and NAME.bin: names, types and shapes, and the bytes."""
import sys

import numpy
import torch

index, blob = [
    f"# torch {torch.__version__}, numpy {numpy.__version__}, python {sys.version.split()[0]}"
], bytearray()


def put(name, value):
    value = value.detach() if isinstance(value, torch.Tensor) else torch.tensor(value)
    kind = {torch.float32: "f32", torch.float64: "f64", torch.int64: "i64"}[value.dtype]
    index.append(" ".join([name, kind] + [str(n) for n in value.shape]))
    blob.extend(value.contiguous().numpy().tobytes())


def write(name):
    open(f"{name}.txt", "w").write("\n".join(index) + "\n")
    open(f"{name}.bin", "wb").write(blob)
    print(len(index) - 1, "tensors,", len(blob), "bytes")
