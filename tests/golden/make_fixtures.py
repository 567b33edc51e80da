#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes fixtures.txt and fixtures.bin: what PyTorch computes for nets, layers and random streams.

Run with Debian's PyTorch, from this folder: /usr/bin/python3 make_fixtures.py
Made with the versions that the first line of fixtures.txt names. The tests read the two files; nothing
needs PyTorch at run time. Every random input is drawn from a seeded generator that ctnn::Generator repeats,
so that only results are stored.
"""
import math
import random
import re

import torch
import torch.nn.functional as F

from fixture_file import put, write

torch.set_num_threads(1)


class Linear:
    def __init__(self, n_in, n_out, bias=True):
        self.parameters = {"weight": torch.zeros(n_in, n_out)}
        if bias:
            self.parameters["bias"] = torch.zeros(n_out)

    def __call__(self, x):
        w = self.parameters["weight"]
        if x.shape[-1] != w.shape[0]:
            x = x.reshape(x.shape[0], -1)
        x = x @ w
        return x + self.parameters["bias"] if "bias" in self.parameters else x


class Embedding:
    def __init__(self, classes, features):
        self.parameters = {"weight": torch.zeros(classes, features)}

    def __call__(self, x):
        return self.parameters["weight"][x]


class Tanh:
    parameters = {}

    def __call__(self, x):
        return torch.tanh(x)


class FlattenConsecutive:
    parameters = {}

    def __init__(self, n):
        self.n = n

    def __call__(self, x):
        b, t, c = x.shape
        x = x.reshape(b, t // self.n, c * self.n)
        return x.squeeze(1) if x.shape[1] == 1 else x


class BatchNorm:
    """kind: pytorch, std (the lecture's first form) or variance (its second)"""

    def __init__(self, n, kind):
        self.kind = kind
        self.parameters = {"weight": torch.ones(n), "bias": torch.zeros(n)}
        self.spread = "running_std" if kind == "std" else "running_var"
        self.buffers = {"running_mean": torch.zeros(n), self.spread: torch.ones(n)}

    def __call__(self, x, training=True):
        dims = tuple(range(x.dim() - 1))
        g, b = self.parameters["weight"], self.parameters["bias"]
        momentum, eps = (0.001, 0.0) if self.kind == "std" else (0.1, 1e-5)
        if training:
            mean = x.mean(dims)
            if self.kind == "std":
                spread = track = x.std(dims)
            elif self.kind == "variance":
                spread = track = x.var(dims, unbiased=True)
            else:
                spread, track = x.var(dims, unbiased=False), x.var(dims, unbiased=True)
            with torch.no_grad():
                for key, value in (("running_mean", mean), (self.spread, track)):
                    self.buffers[key] = (1 - momentum) * self.buffers[key] + momentum * value
        else:
            mean, spread = self.buffers["running_mean"], self.buffers[self.spread]
        if self.kind == "std":
            return g * (x - mean) / spread + b
        return g * (x - mean) / torch.sqrt(spread + eps) + b


class Norm:
    """LayerNorm, or GroupNorm with its features on the last axis."""

    def __init__(self, n, groups=None):
        self.n, self.groups = n, groups
        self.parameters = {"weight": torch.ones(n), "bias": torch.zeros(n)}

    def __call__(self, x):
        g, b = self.parameters["weight"], self.parameters["bias"]
        if self.groups is None:
            return F.layer_norm(x, (self.n,), g, b)
        if x.dim() == 2:
            return F.group_norm(x, self.groups, g, b)
        return F.group_norm(x.movedim(-1, 1), self.groups, g, b).movedim(1, -1)


class Standardise:
    """(x - mean) / std, at first with 0 and 1."""

    parameters = {}

    def __init__(self, n):
        self.buffers = {"mean": torch.zeros(n), "std": torch.ones(n)}

    def __call__(self, x, training=True):
        return (x - self.buffers["mean"]) / self.buffers["std"]


class RmsNorm:
    """torch.nn.RMSNorm, which PyTorch has from 2.4 on."""

    def __init__(self, n, eps=torch.finfo(torch.float32).eps):
        self.eps = eps
        self.parameters = {"weight": torch.ones(n)}

    def __call__(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.parameters["weight"]


class Then:
    """One layer after another, of which the first has parameters."""

    def __init__(self, first, second):
        self.first, self.second, self.parameters = first, second, first.parameters

    def __call__(self, x):
        return self.second(self.first(x))


class Position:
    def __init__(self, t, c):
        self.parameters = {"weight": torch.zeros(t, c)}

    def __call__(self, x):
        return x + self.parameters["weight"]


def causal_mean(x):
    return x.cumsum(1) / torch.arange(1, x.shape[1] + 1).view(1, -1, 1)


class Attention:
    """softmax(q k^T / sqrt(D)) v, usually with a causal mask, of q, k, v beside each other."""

    parameters = {}

    def __init__(self, heads, causal=True):
        self.heads, self.causal = heads, causal

    def __call__(self, x):
        b, t, c = x.shape
        q, k, v = (p.view(b, t, self.heads, -1).transpose(1, 2) for p in x.split(c // 3, 2))
        z = (q @ k.transpose(-2, -1)) / q.shape[-1] ** 0.5
        if self.causal:
            z = z.masked_fill(torch.ones(t, t).tril() == 0, -torch.inf)
        return (torch.softmax(z, -1) @ v).transpose(1, 2).reshape(b, t, c // 3)


class Multihead:
    """torch.nn.MultiheadAttention(c, heads, batch_first=True) of x alone."""

    def __init__(self, c, heads, causal=False):
        self.heads, self.causal, self.padding = heads, causal, None
        self.parameters = {
            "in_proj_weight": torch.zeros(c, 3 * c),
            "in_proj_bias": torch.zeros(3 * c),
            "out_proj.weight": torch.zeros(c, c),
            "out_proj.bias": torch.zeros(c),
        }

    def __call__(self, x):
        p, t, x = self.parameters, x.shape[1], x.transpose(0, 1)
        y, _ = F.multi_head_attention_forward(
            x, x, x, x.shape[-1], self.heads, p["in_proj_weight"].T, p["in_proj_bias"], None, None, False,
            0.0, p["out_proj.weight"].T, p["out_proj.bias"], key_padding_mask=self.padding,
            attn_mask=torch.ones(t, t).tril() == 0 if self.causal else None,
        )  # fmt: skip
        return y.transpose(0, 1)


class PReLU:
    def __init__(self, n):
        self.parameters = {"weight": torch.zeros(n)}

    def __call__(self, x):
        return F.prelu(x.reshape(-1, x.shape[-1]), self.parameters["weight"]).view_as(x)


class Conv:
    """A convolution of signals or pictures with their channels on the last axis.

    shape: of our weight, (channels in, window..., channels out), those of one group where it reads them
    """

    def __init__(self, f, shape, bias=True, past=0, **options):
        self.f, self.past, self.options = f, past, options
        self.parameters = {"weight": torch.zeros(shape)}
        if bias:
            turned = f in (F.conv_transpose1d, F.conv_transpose2d)
            n = shape[0] * options.get("groups", 1) if turned else shape[-1]
            self.parameters["bias"] = torch.zeros(n)

    def __call__(self, x):
        x, w = F.pad(x.movedim(-1, 1), (self.past, 0)), self.parameters["weight"].movedim(-1, 0)
        return self.f(x, w, self.parameters.get("bias"), **self.options).movedim(1, -1)


def over_channels(f, *arguments, **options):
    """A function of PyTorch whose channels are axis 1, for those that are on the last one."""
    return Function(lambda x: f(x.movedim(-1, 1), *arguments, **options).movedim(1, -1))


class Module:
    """A recurrent module of PyTorch with its weights as ours: transposed. It gives every h."""

    def __init__(self, module, start=()):
        self.module = module
        self.parameters = {k: torch.zeros(v.shape[::-1]) for k, v in module.named_parameters()}
        self.start = list(start)
        for key in start:
            self.parameters[key] = torch.zeros(1, module.hidden_size)

    def __call__(self, x):
        p = {k: v.T if "weight" in k else v for k, v in self.parameters.items()}
        starts = tuple(p[k].expand(x.shape[0], -1).unsqueeze(0).contiguous() for k in self.start)
        self.module._flat_weights = [p[k] for k in self.module._flat_weights_names]
        return self.module(x, *(starts if len(starts) < 2 else [starts]))[0]


class ConcatRnn:
    """makemore.py's cells: [x, h] through a Linear for each sum."""

    def __init__(self, n_in, n, sums):
        self.n, self.sums, self.parameters = n, sums, {}
        for name in sums:
            self.parameters[f"cell.xh_to_{name}.weight"] = torch.zeros(n_in + n, n)
            self.parameters[f"cell.xh_to_{name}.bias"] = torch.zeros(n)
        self.parameters["start"] = torch.zeros(1, n)

    def sum(self, name, x, h):
        p = self.parameters
        return torch.cat([x, h], 1) @ p[f"cell.xh_to_{name}.weight"] + p[f"cell.xh_to_{name}.bias"]

    def __call__(self, x):
        h, all = self.parameters["start"].expand(x.shape[0], -1), []
        for t in range(x.shape[1]):
            now = x[:, t]
            if self.sums == ["h"]:
                h = torch.tanh(self.sum("h", now, h))
            else:
                z, r = torch.sigmoid(self.sum("z", now, h)), torch.sigmoid(self.sum("r", now, h))
                h = (1 - z) * h + z * torch.tanh(self.sum("hbar", now, r * h))
            all.append(h)
        return torch.stack(all, 1)


def recurrent(kind, n_in, n, start=(), **options):
    return Module(getattr(torch.nn, kind)(n_in, n, batch_first=True, **options), start)


class Function:
    parameters = {}

    def __init__(self, f):
        self.f = f

    def __call__(self, x):
        torch.manual_seed(99)  # for dropout
        return self.f(x)


def named(layers, what="parameters"):
    return {f"{i}.{k}": (layer, k) for i, layer in enumerate(layers) for k in getattr(layer, what, {})}


def forward(layers, x, training=True):
    for layer in layers:
        x = layer(x) if training or not isinstance(layer, BatchNorm) else layer(x, False)
    return x


def net(case, layers, context, initialise, steps=100):
    """One step with every gradient, then `steps` steps of SGD in all; batches of 32 random samples."""
    g = torch.Generator().manual_seed(2147483647)
    initialise(layers, g)
    for layer, key in named(layers).values():
        layer.parameters[key].requires_grad_()
    losses = []
    for step in range(steps):
        x = torch.randint(0, 27, (32, context), generator=g)
        y = torch.randint(0, 27, (32,), generator=g)
        logits = forward(layers, x)
        loss = F.cross_entropy(logits, y)
        for layer, key in named(layers).values():
            layer.parameters[key].grad = None
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            put(f"{case}/logits", logits)
            for name, (layer, key) in named(layers).items():
                put(f"{case}/gradient/{name}", layer.parameters[key].grad)
        for layer, key in named(layers).values():
            layer.parameters[key].data += -0.1 * layer.parameters[key].grad
    put(f"{case}/losses", torch.tensor(losses, dtype=torch.float32))
    for name, (layer, key) in named(layers).items():
        put(f"{case}/weight/{name}", layer.parameters[key])
    for name, (layer, key) in named(layers, "buffers").items():
        put(f"{case}/weight/{name}", layer.buffers[key])
    with torch.no_grad():
        put(f"{case}/eval", forward(layers, torch.randint(0, 27, (32, context), generator=g), training=False))


def scaled_weights(layers, g):
    """randn for tables, randn / sqrt(fan_in) for weights; everything else as it is."""
    for layer, key in named(layers).values():
        w = layer.parameters[key]
        if isinstance(layer, Embedding):
            layer.parameters[key] = torch.randn(w.shape, generator=g)
        if isinstance(layer, Linear) and key == "weight":
            layer.parameters[key] = torch.randn(w.shape, generator=g) / w.shape[0] ** 0.5


net(
    "net_a",
    [Embedding(27, 10), Linear(30, 200, False), BatchNorm(200, "std"), Tanh(), Linear(200, 27)],
    3,
    scaled_weights,
)
deep = [Embedding(27, 10)]
for n_in, n_out in ((30, 100), (100, 100), (100, 100), (100, 100), (100, 100)):
    deep += [Linear(n_in, n_out, False), BatchNorm(n_out, "variance"), Tanh()]
net("net_b", deep + [Linear(100, 27, False), BatchNorm(27, "variance")], 3, scaled_weights)
tree = [Embedding(27, 24)]
for n_in in (48, 256, 256):
    tree += [FlattenConsecutive(2), Linear(n_in, 128, False), BatchNorm(128, "pytorch"), Tanh()]
net("hierarchical", tree + [Linear(128, 27)], 8, scaled_weights)


def layer(case, one, shape, classes=0):
    """One layer alone: parameters randn, then x, then dy; its output, dx and every gradient."""
    g = torch.Generator().manual_seed(42)
    for key in one.parameters:
        one.parameters[key] = torch.randn(one.parameters[key].shape, generator=g).requires_grad_()
    x = (
        torch.randint(0, classes, shape, generator=g)
        if classes
        else torch.randn(shape, generator=g).requires_grad_()
    )
    y = one(x)
    y.backward(torch.randn(y.shape, generator=g))
    put(f"layer/{case}/y", y)
    if not classes:
        put(f"layer/{case}/dx", x.grad)
    for key, value in one.parameters.items():
        put(f"layer/{case}/gradient/{key}", value.grad)
    if hasattr(one, "buffers"):
        for key, value in one.buffers.items():
            put(f"layer/{case}/buffer/{key}", value)
        put(f"layer/{case}/eval", one(x, False))


layer("embedding", Embedding(11, 19), (7, 5), 11)
# The others are the lines of a file that the tests read too.
for line in re.sub(r",\n +", ", ", open("../support/layers.def").read()).splitlines():
    macro = "(?:LAYER|WINDOW|RECURRENT|STACKED|BRANCHES)"
    if found := re.match(macro + r'\((\w+), "(.*?)", (\d+), \(([\d, ]+)\),', line):
        name, text, rows, sample = found.groups()
        layer(name, eval(text), (int(rows), *eval(f"({sample},)")))
    elif found := re.match(r'ACTIVATION\((\w+), "(.*?)", ', line):
        layer(found[1], Function(eval(f"lambda x: {found[2]}")), (7, 37))

masked = Multihead(8, 2)
masked.padding = torch.tensor([[t >= n for t in range(5)] for n in (5, 1, 3, 4)])
layer("masked_attention", masked, (4, 5, 8))

# Checks that the form above called "pytorch" is torch.nn.BatchNorm1d.
check = torch.nn.BatchNorm1d(37)
x = torch.randn(11, 37, generator=torch.Generator().manual_seed(1))
ours = BatchNorm(37, "pytorch")
assert torch.allclose(check(x), ours(x), rtol=1e-5, atol=1e-6) and torch.allclose(
    check.running_var, ours.buffers["running_var"]
)

g = torch.Generator().manual_seed(42)
logits = (torch.randn(19, 27, generator=g) * 10).requires_grad_()
loss = F.cross_entropy(logits, torch.randint(0, 27, (19,), generator=g))
loss.backward()
put("cross_entropy/loss", loss)
put("cross_entropy/dlogits", logits.grad)

for n in (1, 2, 3, 17, 1000, 5400):
    g = torch.Generator().manual_seed(42)
    x = torch.randn(n, generator=g)
    case = f"statistics/{n}"
    # In double: the mean and spread of these very floats, not the rounding of a float sum.
    put(f"{case}/mean", x.double().mean())
    put(f"{case}/std", x.double().std())
    put(f"{case}/ends", torch.stack([x.min(), x.max()]))
    put(f"{case}/norm", x.double().norm())
    put(f"{case}/saturated", torch.stack([(x.abs() > t).double().mean() for t in (0.97, 0.99)]))
    for kind, options in {
        "auto": {"bins": 50},
        "range": {"bins": 37, "range": (-1.0, 1.5)},
        "density": {"bins": 37, "range": (-1.0, 1.5), "density": True},
    }.items():
        counts, edges = torch.histogram(x, **options)
        put(f"{case}/{kind}/counts", counts)
        put(f"{case}/{kind}/edges", edges)
same = torch.full((5,), 3.0)
counts, edges = torch.histogram(same, bins=10)
put("statistics/same/counts", counts)
put("statistics/same/edges", edges)

torch.manual_seed(42)
default = torch.nn.Sequential(
    torch.nn.Embedding(27, 10),
    torch.nn.Flatten(),
    torch.nn.Linear(30, 50),
    torch.nn.Linear(50, 27, bias=False),
)
for name, value in default.state_dict().items():
    put(f"default/{name}", value.T if value.dim() == 2 and not name.startswith("0") else value)
torch.manual_seed(42)
for i, module in enumerate(
    [
        torch.nn.RNN(3, 5),
        torch.nn.LSTM(5, 4, num_layers=2),
        torch.nn.GRU(4, 3, num_layers=2, bidirectional=True),
        torch.nn.Linear(6, 8),
        torch.nn.MultiheadAttention(8, 2),
        torch.nn.PReLU(8),
    ]
):
    for name, value in module.state_dict().items():
        put(f"sequence/{i + 1}.{name}", value.T if value.dim() == 2 else value)
for name, fill in {
    "kaiming_normal": lambda w: torch.nn.init.kaiming_normal_(w, nonlinearity="relu"),
    "kaiming_uniform": lambda w: torch.nn.init.kaiming_uniform_(w, nonlinearity="tanh"),
    "xavier_normal": lambda w: torch.nn.init.xavier_normal_(w, gain=1.5),
    "xavier_uniform": lambda w: torch.nn.init.xavier_uniform_(w),
    "normal": lambda w: torch.nn.init.normal_(w, mean=1.0, std=2.0),
    "uniform": lambda w: torch.nn.init.uniform_(w, -1.0, 3.0),
    "trunc_normal": lambda w: torch.nn.init.trunc_normal_(w, mean=0.5, std=1.5, a=-2.0, b=2.5),
    "orthogonal_rows": lambda w: torch.nn.init.orthogonal_(w, gain=1.5),
}.items():
    torch.manual_seed(42)
    # ours is (In, Out); PyTorch counts the last axis as inputs, so the transposed shape keeps the fans and
    # the order of draws
    w = torch.empty(30, 50)
    if "kaiming" in name or "xavier" in name:
        t = torch.empty(50, 30)
        fill(t)
        w = t.reshape(30, 50)
    else:
        fill(w)
    put(f"init/{name}", w)

for seed in (0, 1, 42, 2147483647, 2**32 + 5):
    for n in (1, 2, 15, 16, 17, 27, 31, 32, 100, 270, 5400, 6000):
        g = torch.Generator().manual_seed(seed)

        # Longer tensors are kept as their ends and a sum: the numbers between decide the ones at the end of
        # the stream.
        def cut(t):
            return t if n <= 100 else torch.cat([t[:20], t[-20:]])

        case = f"generator/{seed}/{n}"
        put(f"{case}/randn", cut(torch.randn(n, generator=g)))
        put(f"{case}/rand", cut(torch.rand(n, generator=g)))
        put(f"{case}/randint", cut(torch.randint(0, 182625, (n,), generator=g)))
        put(f"{case}/randn64", cut(torch.randn(n, generator=g, dtype=torch.float64)))
        put(f"{case}/randint64", cut(torch.randint(-5, 2**40, (n,), generator=g)))
        p = torch.rand(n, generator=g)
        put(f"{case}/multinomial", torch.cat([torch.multinomial(p, 1, generator=g) for _ in range(8)]))
        put(f"{case}/multinomial_some", torch.multinomial(p, min(n, 5), generator=g))
        put(f"{case}/multinomial_one_replaced", torch.multinomial(p, 1, replacement=True, generator=g))
        put(f"{case}/multinomial_many", torch.multinomial(p, 20, replacement=True, generator=g))
        put(f"{case}/after", torch.randint(0, 182625, (3,), generator=g))
for seed in (0, 1, 42, 2**32 + 5):
    order = list(range(1000))
    random.seed(seed)
    random.shuffle(order)
    put(f"shuffle/{seed}", torch.tensor(order))

write("fixtures")
