# SPDX-License-Identifier: BSD-3-Clause
"""Files of ctnn in PyTorch, and PyTorch's in ctnn.

    from ctnn_files import load_file, save_file
    module.load_state_dict(load_file("names.safetensors"))
    save_file(module.state_dict(), "names.safetensors")

The format is safetensors. Who has that package can use its load_file and save_file instead.
"""
import json
import struct

import torch

TYPES = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64}
NAMES = {dtype: name for name, dtype in TYPES.items()}


def load_file(path):
    """The tensors of a file by name, without the state of a training that a checkpoint holds besides."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or name.startswith("ctnn."):
            continue
        begin, end = entry["data_offsets"]
        flat = torch.frombuffer(bytearray(data[begin:end]), dtype=TYPES[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"])
    return tensors


def save_file(tensors, path):
    """Writes tensors by name; the widest type stands first, so that each is aligned."""
    header, data = {}, b""
    for name, tensor in sorted(tensors.items(), key=lambda item: -item[1].element_size()):
        begin = len(data)
        data += tensor.detach().cpu().contiguous().numpy().tobytes()
        header[name] = {
            "dtype": NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [begin, len(data)],
        }
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
