# SPDX-License-Identifier: BSD-3-Clause
"""Files of ctnn in Python: `module.load_state_dict(load_file(path))` and `save_file(module.state_dict(), path)`.

The format is safetensors; whoever has that package can use its load_file and save_file instead.
"""
import json
import struct

import torch

types = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64}
def load_file(path):
    with open(path, "rb") as f: header, data = json.loads(f.read(*struct.unpack("<Q", f.read(8)))), f.read()
    return {name: torch.frombuffer(bytearray(data[slice(*t["data_offsets"])]), dtype=types[t["dtype"]]).reshape(t["shape"])
            for name, t in header.items() if name != "__metadata__" and not name.startswith("ctnn.")}
def save_file(state, path):
    header, data = {}, b""
    for name, t in sorted(state.items(), key=lambda item: -item[1].element_size()):
        at, data = len(data), data + t.detach().cpu().contiguous().numpy().tobytes()
        header[name] = {"dtype": next(k for k in types if types[k] == t.dtype), "shape": list(t.shape), "data_offsets": [at, len(data)]}
    open(path, "wb").write(struct.pack("<Q", len(text := json.dumps(header).encode())) + text + data)
