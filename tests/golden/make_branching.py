#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes branching.txt and branching.bin: what PyTorch computes for networks that branch, share and fix
weights, take several inputs and give several outputs, and for a last batch that is not full. And
named.safetensors, the file of a module with attributes.

Run with Debian's PyTorch, from this folder: /usr/bin/python3 make_branching.py
Initial weights, inputs, targets and dropout are all drawn from one seeded generator, which ctnn::Generator
repeats.
"""
import sys

import torch
import torch.nn.functional as F

from fixture_file import put, write

sys.path.append("../../examples/00_from_pytorch")
from ctnn_files import load_file, save_file

nn = torch.nn
torch.set_num_threads(1)


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


class Branches(nn.ModuleList):
    """Every branch reads x."""

    def __init__(self, *branches):
        super().__init__(branches)

    def forward(self, x):
        return self.join([branch(x) for branch in self])


class Concat(Branches):
    def join(self, y):
        return torch.cat(y, -1)


class Sum(Branches):
    def join(self, y):
        return sum(y[1:], y[0])


class Multiply(Branches):
    def join(self, y):
        return y[0] * y[1]


class Outputs(Branches):
    def join(self, y):
        return tuple(y)


class Inputs(nn.ModuleList):
    def __init__(self, *branches):
        super().__init__(branches)

    def forward(self, *x):
        return torch.cat([branch(one) for branch, one in zip(self, x)], -1)


class Row(nn.Sequential):
    """A Sequential whose first module may read several inputs."""

    def forward(self, *x):
        for module in self:
            x = (module(*x),)
        return x[0]


class Tied(nn.Module):
    """The layers of a network whose last one uses the weight of the first."""

    def __init__(self, *layers):
        super().__init__()
        for n, layer in enumerate(layers):
            self.add_module(str(n), layer)
        layers[-1].weight = layers[0].weight

    def forward(self, x):
        for layer in self.children():
            x = layer(x)
        return x


def name_and_value(model):
    """Every parameter once, as ctnn has it: a Linear's weight with its inputs first, unless it is a table."""
    linear = {f"{path}.weight" for path, module in model.named_modules() if isinstance(module, nn.Linear)}
    for name, value in model.named_parameters():
        yield name, value, name in linear


def case(name, make, inputs, classes, options, sizes=lambda step: 32):
    """100 steps of SGD: the first one's outputs and gradients, all losses, the last weights, and eval."""
    torch.manual_seed(42)
    model = make()
    for parameter, value, turned in name_and_value(model):
        put(f"{name}/initial/{parameter}", value.T if turned else value)
    learning = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(learning, **options)
    losses = []
    for step in range(100):
        rows = sizes(step)
        x = [torch.randint(0, -n, (rows, m)) if n < 0 else torch.randn(rows, n) for n, m in inputs]
        targets = [torch.randint(0, c, (rows,)) for c in classes]
        y = model(*x)
        y = y if isinstance(y, tuple) else (y,)
        loss = sum(F.cross_entropy(one, t) for one, t in zip(y, targets))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        losses.append(loss.item())
        if step == 0 or rows < 32 and len(losses) == 3:
            for k, one in enumerate(y):
                put(f"{name}/{step}/y{k}", one)
            for parameter, value, turned in name_and_value(model):
                if value.requires_grad:
                    put(f"{name}/{step}/gradient/{parameter}", value.grad.T if turned else value.grad)
        optimizer.step()
    put(f"{name}/losses", torch.tensor(losses, dtype=torch.float32))
    for parameter, value, turned in name_and_value(model):
        put(f"{name}/weight/{parameter}", value.T if turned else value)
    for buffer, value in model.named_buffers():
        if value.dtype == torch.float32:
            put(f"{name}/weight/{buffer}", value)
    model.eval()
    y = model(*[torch.randint(0, -n, (7, m)) if n < 0 else torch.randn(7, n) for n, m in inputs])
    for k, one in enumerate(y if isinstance(y, tuple) else (y,)):
        put(f"{name}/eval/y{k}", one)


def block():
    return Residual(nn.LayerNorm(32), nn.Linear(32, 64), nn.GELU(), nn.Linear(64, 32))


momentum = {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-3}
case(
    "residual",
    lambda: nn.Sequential(
        nn.Linear(8, 32), nn.Sequential(*[block() for _ in range(6)]), nn.LayerNorm(32), nn.Linear(32, 5)
    ),
    [(8, 0)],
    [5],
    {"lr": 0.1},
)
case(
    "branches",
    lambda: nn.Sequential(
        nn.Linear(7, 16),
        Concat(
            nn.Sequential(nn.Linear(16, 11), nn.Tanh()),
            Multiply(
                nn.Sequential(nn.Linear(16, 13), nn.Tanh()), nn.Sequential(nn.Linear(16, 13), nn.Sigmoid())
            ),
            nn.Identity(),
        ),
        Sum(nn.Linear(40, 9), nn.Linear(40, 9, bias=False), nn.Sequential(nn.Linear(40, 9), nn.ReLU())),
        nn.Linear(9, 5),
    ),
    [(7, 0)],
    [5],
    {"lr": 0.1},
)
case(
    "tied",
    lambda: Tied(nn.Embedding(27, 12), nn.Flatten(), nn.Linear(36, 12), nn.Tanh(), nn.Linear(12, 27)),
    [(-27, 3)],
    [27],
    momentum,
)
case(
    "inputs",
    lambda: Row(
        Inputs(nn.Sequential(nn.Embedding(27, 10), nn.Flatten()), nn.Sequential(nn.Linear(5, 8), nn.Tanh())),
        nn.Linear(38, 20),
        nn.Tanh(),
        Outputs(nn.Linear(20, 6), nn.Sequential(nn.Linear(20, 11), nn.Tanh(), nn.Linear(11, 3))),
    ),
    [(-27, 3), (5, 0)],
    [6, 3],
    momentum,
)


def fixed():
    model = nn.Sequential(
        nn.Sequential(nn.Linear(9, 20), nn.BatchNorm1d(20), nn.Tanh(), nn.Linear(20, 14)),
        nn.LayerNorm(14),
        nn.Tanh(),
        nn.Linear(14, 4),
    )
    model[0].requires_grad_(False)
    return model


case("fixed", fixed, [(9, 0)], [4], momentum)
case(
    "last_batch",
    lambda: nn.Sequential(
        nn.Linear(9, 20, bias=False),
        nn.BatchNorm1d(20),
        nn.Tanh(),
        nn.Dropout(0.2),
        Residual(nn.Linear(20, 20), nn.LayerNorm(20)),
        nn.Linear(20, 4),
    ),
    [(9, 0)],
    [4],
    {"lr": 0.1},
    lambda step: 5 if step % 3 == 2 else 32,
)


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.c_fc = nn.Linear(12, 48)
        self.c_proj = nn.Linear(48, 12)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x)))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1 = nn.LayerNorm(12)
        self.mix = nn.Linear(12, 12)
        self.ln_2 = nn.LayerNorm(12)
        self.mlp = Mlp()

    def forward(self, x):
        x = x + self.mix(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Model(nn.Module):
    """A module as its author has written it by hand: attributes, a list of blocks, a shared weight."""

    def __init__(self):
        super().__init__()
        self.transformer = nn.ModuleDict(
            dict(
                wte=nn.Embedding(27, 12), h=nn.ModuleList([Block() for _ in range(3)]), ln_f=nn.LayerNorm(12)
            )
        )
        self.lm_head = nn.Linear(12, 27, bias=False)
        self.lm_head.weight = self.transformer.wte.weight

    def forward(self, ids):
        x = self.transformer.wte(ids)
        for h in self.transformer.h:
            x = h(x)
        return self.lm_head(self.transformer.ln_f(x))


torch.manual_seed(7)
model = Model()
ids = torch.randint(0, 27, (4, 5))
put("named/ids", ids)
put("named/y", model(ids))
save_file(model.state_dict(), "named.safetensors")
# And back: what ctnn saves of it, which the tests compare byte by byte, is taken with strict=True.
Model().load_state_dict(load_file("named.safetensors"), strict=True)

write("branching")
