#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Files between ctnn and PyTorch, both ways; and the files that the tests keep of that.

Run by hand with Debian 12's PyTorch 1.13: `cd tests/golden && /usr/bin/python3 torch_files.py`. Builds
torch_files.cpp, and
 - has it save 50 random networks, makes a torch.nn.Sequential of each signature, loads the file with
   strict=True, saves what PyTorch holds, and has that loaded and saved by ctnn again: the first and the last
   file are the same;
 - the same with recurrent layers and attention, with the models of makemore.py, and with a small ResNet and a
   network of signals, which PyTorch draws, by their own names; all give the same answers on both sides;
 - writes theirs.safetensors and theirs.expected.safetensors, a network that PyTorch drew, with an input and
   its output.
"""
import re
import subprocess
import sys
import tempfile

import torch

sys.path.append("../../examples/00_from_pytorch")
from ctnn_files import load_file, save_file
from make_family import models


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


class Recurrent(nn.Sequential):
    """Every layer that gives a tuple; batches first."""

    def __init__(self):
        super().__init__(
            nn.Embedding(27, 6),
            nn.LSTM(6, 5, num_layers=2, batch_first=True),
            nn.GRU(5, 4, num_layers=2, bidirectional=True, batch_first=True),
            nn.MultiheadAttention(8, 2, batch_first=True),
            nn.RNN(8, 3, nonlinearity="relu", batch_first=True),
            nn.PReLU(),
            nn.Linear(3, 2),
        )

    def forward(self, x):
        for layer in self:
            x = layer(x, x, x) if isinstance(layer, nn.MultiheadAttention) else layer(x)
            x = x[0] if isinstance(x, tuple) else x
        return x


class Block(nn.Module):
    """torchvision's BasicBlock."""

    def __init__(self, n_in, n, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(n)
        self.conv2 = nn.Conv2d(n, n, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(n)
        if n_in != n:
            self.downsample = nn.Sequential(nn.Conv2d(n_in, n, 1, stride, bias=False), nn.BatchNorm2d(n))

    def forward(self, x):
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (y + (self.downsample(x) if hasattr(self, "downsample") else x)).relu()


class SmallResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.layer1 = nn.Sequential(Block(8, 8), Block(8, 8))
        self.layer2 = nn.Sequential(Block(8, 17, 2), Block(17, 17))
        self.fc = nn.Linear(17, 10)

    def forward(self, x):
        x = nn.functional.max_pool2d(self.bn1(self.conv1(x)).relu(), 3, 2, 1)
        return self.fc(self.layer2(self.layer1(x)).mean((2, 3)))


def signal_net():
    return nn.Sequential(
        nn.Identity(),
        nn.Identity(),
        nn.Conv1d(2, 6, 5, stride=2, padding=2),
        nn.BatchNorm1d(6),
        nn.Tanh(),
        nn.Conv1d(6, 6, 3, padding="same", dilation=2, groups=3),
        nn.MaxPool1d(2),
        nn.Conv1d(6, 6, 3, groups=6, bias=False),
        nn.AvgPool1d(2),
        nn.ConvTranspose1d(6, 3, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.Identity(),
        nn.Flatten(),
        nn.Linear(18, 4),
    )


def windows(program, folder):
    """The same with pictures and signals."""
    makers = {"resnet": (SmallResNet, (5, 3, 12, 10)), "signal": (signal_net, (5, 2, 32))}
    theirs = {}
    for name, (make, shape) in makers.items():
        theirs[name] = make()
        for _ in range(3):
            theirs[name](torch.randn(shape))  # running statistics that are not 0 and 1
        theirs[name].eval()
        save_file(theirs[name].state_dict(), f"{folder}/{name}.safetensors")
        x = torch.randn(shape)
        with torch.no_grad():
            save_file({"input": x, "output": theirs[name](x)}, f"{folder}/{name}.expected.safetensors")
    subprocess.run([program, "windows", folder], check=True)
    for name, (make, _) in makers.items():
        back = make()
        back.load_state_dict(load_file(f"{folder}/{name}.again.safetensors"), strict=True)
        for key, value in theirs[name].state_dict().items():
            if not key.endswith("num_batches_tracked"):
                assert torch.equal(value, back.state_dict()[key]), (name, key)
    print(f"{len(makers)} models of pictures and signals there and back with strict=True")


def sequences(program, folder):
    """Models that PyTorch draws, their answers, and what comes back from ctnn."""
    makers = {**models, "recurrent": Recurrent}
    theirs = {}
    ids = torch.randint(0, 27, (3, 16))
    for name, make in makers.items():
        theirs[name] = make().eval()
        save_file(theirs[name].state_dict(), f"{folder}/{name}.safetensors")
        with torch.no_grad():
            save_file({"input": ids, "output": theirs[name](ids)}, f"{folder}/{name}.expected.safetensors")
    subprocess.run([program, "sequences", folder], check=True)
    for name, make in makers.items():
        back = make()
        back.load_state_dict(load_file(f"{folder}/{name}.again.safetensors"), strict=True)
        for key, value in theirs[name].state_dict().items():
            assert torch.equal(value, back.state_dict()[key]), (name, key)
    print(f"{len(makers)} models of sequences there and back with strict=True, every tensor the same")


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
        with torch.random.fork_rng():
            sequences(program, folder)
            windows(program, folder)

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
