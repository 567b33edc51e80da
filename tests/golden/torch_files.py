#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Files between ctnn and PyTorch, both ways; and the files that the tests keep of that.

Run by hand with Debian 12's PyTorch 1.13: `cd tests/golden && /usr/bin/python3 torch_files.py`. Builds
torch_files.cpp, and
 - has it save 50 random networks, makes a torch.nn.Sequential of each signature, loads the file with
   strict=True, saves what PyTorch holds, and has that loaded and saved by ctnn again: the first and the last
   file are the same;
 - writes theirs.safetensors and theirs.expected.safetensors, a network that PyTorch drew, with an input and
   its output.
"""
import re
import subprocess
import sys
import tempfile

import torch

sys.path.append("../../examples/python")
from ctnn_files import load_file, save_file


nn = torch.nn
LAYERS = {
    "Embedding": lambda v, c, t=None: nn.Embedding(v, c),
    "Linear": lambda i, o, bias=True: nn.Linear(i, o, bias=bias),
    "BatchNorm": nn.BatchNorm1d,
    "LayerNorm": nn.LayerNorm,
    "GroupNorm": nn.GroupNorm,
    "LeakySlope": lambda n, d: nn.LeakyReLU(n / d),
    "Dropout": lambda n, d: nn.Dropout(n / d),
    "Flatten": lambda: nn.Flatten(),
    "Input": lambda *shape: nn.Identity(),
    "Tanh": nn.Tanh,
    "ReLU": nn.ReLU,
    "Sigmoid": nn.Sigmoid,
    "GELU": nn.GELU,
    "Sequential": nn.Sequential,
}


def module_of(signature):
    """A signature is a Python expression, once the angles are round and names without arguments are calls."""
    text = signature.replace("<", "(").replace(">", ")").replace("NoBias", "False")
    return eval(re.sub(r"\b(Tanh|ReLU|Sigmoid|GELU|Flatten)\b", r"\1()", text), {}, LAYERS)


def main():
    torch.manual_seed(5)
    with tempfile.TemporaryDirectory() as folder:
        program = folder + "/torch_files"
        subprocess.run(
            ["g++", "-std=c++20", "-O1", "-I../../include", "torch_files.cpp", "-o", program], check=True
        )
        signatures = subprocess.run(
            [program, "write", folder], check=True, capture_output=True, text=True
        ).stdout.splitlines()
        for n, signature in enumerate(signatures):
            model = module_of(signature)
            model.load_state_dict(load_file(f"{folder}/{n}.safetensors"), strict=True)
            save_file(model.state_dict(), f"{folder}/{n}.torch.safetensors")
        print(f"PyTorch {torch.__version__}: {len(signatures)} networks loaded with strict=True")
        subprocess.run([program, "check", folder], check=True)

    model = module_of(
        "Sequential<Embedding<27, 4>, Flatten, Linear<12, 9, NoBias>, BatchNorm<9>, Tanh, "
        "Sequential<Linear<9, 6>, LayerNorm<6>, GELU>, Linear<6, 5>>"
    )
    ids = torch.randint(0, 27, (16, 3))
    for _ in range(3):
        model(ids)  # running statistics that are not 0 and 1
    save_file(model.state_dict(), "theirs.safetensors")
    save_file({"input": ids, "output": model.eval()(ids)}, "theirs.expected.safetensors")


main()
