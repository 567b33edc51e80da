#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes family.txt: what the six models of makemore.py come to in 1,001 steps, computed by PyTorch.

Run with Debian's PyTorch, from this folder: /usr/bin/python3 make_family.py NAMES [LECTURE_NAMES]
where NAMES is examples/data/names.txt and the other the lecture's own list. The models, the order of the
random draws and the defaults are those of karpathy's makemore.py (github.com/karpathy/makemore, MIT), written
here with PyTorch's functions. A line is: list, model, what, step, number or word.
"""
import math
import sys

import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(1)
T, C, V, BATCH = 16, 64, 27, 32


class Bigram(nn.Module):
    def __init__(self):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(V, V))

    def forward(self, x):
        return self.logits[x]


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(V + 1, C)
        self.mlp = nn.Sequential(nn.Linear(T * C, C), nn.Tanh(), nn.Linear(C, V))

    def forward(self, x):
        before = [x]
        for _ in range(T - 1):
            blank = torch.full_like(x[:, :1], V)
            before.append(torch.cat([blank, before[-1][:, :-1]], 1))
        return self.mlp(torch.cat([self.wte(b) for b in before], -1))


class Recurrent(nn.Module):
    def __init__(self, sums):
        super().__init__()
        self.start = nn.Parameter(torch.zeros(1, C))
        self.wte = nn.Embedding(V, C)
        self.cell = nn.ModuleDict({f"xh_to_{s}": nn.Linear(2 * C, C) for s in sums})
        self.lm_head = nn.Linear(C, V)

    def forward(self, x):
        h, all = self.start.expand(x.shape[0], -1), []
        of = lambda s, now, h: self.cell[f"xh_to_{s}"](torch.cat([now, h], 1))
        for now in self.wte(x).unbind(1):
            if "xh_to_h" in self.cell:
                h = torch.tanh(of("h", now, h))
            else:
                z, r = torch.sigmoid(of("z", now, h)), torch.sigmoid(of("r", now, h))
                h = (1 - z) * h + z * torch.tanh(of("hbar", now, r * h))
            all.append(h)
        return self.lm_head(torch.stack(all, 1))


class Part(nn.ModuleDict):
    """Modules under names that makemore.py has, and the mask that it keeps as a buffer."""

    def __init__(self, parts, mask=None):
        super().__init__(parts)
        if mask:
            self.register_buffer("bias", torch.ones(mask[-2:]).tril().view(mask))


class Bow(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(V, C), nn.Embedding(T, C)
        mlp = Part({"c_fc": nn.Linear(C, C), "c_proj": nn.Linear(C, C)})
        self.context_block = Part({"cbow": Part({}, (1, T, T)), "mlp": mlp})
        self.lm_head = nn.Linear(C, V)

    def forward(self, x):
        t, mask, mlp = x.shape[1], self.context_block["cbow"].bias[0], self.context_block["mlp"]
        x = self.wte(x) + self.wpe(torch.arange(t))
        x = x + torch.softmax(torch.zeros(t, t).masked_fill(mask[:t, :t] == 0, -math.inf), -1) @ x
        return self.lm_head(x + mlp["c_proj"](torch.tanh(mlp["c_fc"](x))))


class Block(nn.Module):
    def __init__(self, c, heads):
        super().__init__()
        self.heads, self.ln_1 = heads, nn.LayerNorm(c)
        self.attn = Part({"c_attn": nn.Linear(c, 3 * c), "c_proj": nn.Linear(c, c)}, (1, 1, T, T))
        self.ln_2 = nn.LayerNorm(c)
        self.mlp = Part({"c_fc": nn.Linear(c, 4 * c), "c_proj": nn.Linear(4 * c, c)})

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = (
            p.view(b, t, self.heads, -1).transpose(1, 2)
            for p in self.attn["c_attn"](self.ln_1(x)).split(c, 2)
        )
        z = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        z = z.masked_fill(self.attn.bias[:, :, :t, :t] == 0, -math.inf)
        x = x + self.attn["c_proj"]((torch.softmax(z, -1) @ v).transpose(1, 2).reshape(b, t, c))
        return x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh"))


class Transformer(nn.Module):
    def __init__(self, blocks=4, c=C):
        super().__init__()
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(V, c),
                "wpe": nn.Embedding(T, c),
                "h": nn.ModuleList([Block(c, 4) for _ in range(blocks)]),
                "ln_f": nn.LayerNorm(c),
            }
        )
        self.lm_head = nn.Linear(c, V, bias=False)

    def forward(self, x):
        parts = self.transformer
        x = parts["wte"](x) + parts["wpe"](torch.arange(x.shape[1]))
        for block in parts["h"]:
            x = block(x)
        return self.lm_head(parts["ln_f"](x))


models = {
    "bigram": Bigram,
    "mlp": Mlp,
    "rnn": lambda: Recurrent(["h"]),
    "gru": lambda: Recurrent(["z", "r", "hbar"]),
    "bow": Bow,
    "transformer": Transformer,
    "small": lambda: Transformer(2, 32),
}


def seed_of_loader():
    torch.empty((), dtype=torch.int64).random_()  # for workers, unused
    return torch.Generator().manual_seed(int(torch.empty((), dtype=torch.int64).random_()))


def rows_of(words, ids):
    x, y = torch.zeros(len(words), T, dtype=torch.int64), torch.full((len(words), T), -1)
    for i, word in enumerate(words):
        row = torch.tensor([ids[c] for c in word])
        x[i, 1 : len(row) + 1] = row
        y[i, : len(row)] = row
        y[i, len(row)] = 0
    return x, y


def loss_of(model, x, y):
    return F.cross_entropy(model(x).view(-1, V), y.view(-1), ignore_index=-1)


@torch.no_grad()
def evaluate(model, x, y):
    order = torch.randperm(len(x), generator=seed_of_loader())
    return torch.stack([loss_of(model, x[b], y[b]) for b in order.split(100)[:11]]).mean().item()


@torch.no_grad()
def names(model, letters, top_k=0):
    x = torch.zeros(10, 1, dtype=torch.int64)
    for _ in range(T - 1):
        logits = model(x)[:, -1]
        if top_k:
            logits[logits < torch.topk(logits, top_k)[0][:, [-1]]] = -math.inf
        x = torch.cat([x, torch.multinomial(torch.softmax(logits, -1), 1)], 1)
    return ["".join(letters[i] for i in row[1:]).split(".")[0] for row in x.tolist()]


def run(source, path, kind, out):
    words = [w.strip() for w in open(path).read().splitlines() if w.strip()]
    letters = ["."] + sorted(set("".join(words)))
    ids = {c: i for i, c in enumerate(letters)}
    torch.manual_seed(3407)
    order = torch.randperm(len(words)).tolist()
    x, y = rows_of([words[i] for i in order[:-1000]], ids)
    tests = rows_of([words[i] for i in order[-1000:]], ids)
    model = models[kind]()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4, betas=(0.9, 0.99), weight_decay=0.01)
    batches = seed_of_loader()
    say = lambda what, step, value: out.append(f"{source} {kind} {what} {step} {value}")
    for step in range(1001):
        chosen = torch.randint(0, len(x), (BATCH,), generator=batches)
        loss = loss_of(model, x[chosen], y[chosen])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            say("loss", step, f"{loss.item():.9g}")
        if step > 0 and step % 500 == 0:
            say("train", step, f"{evaluate(model, x, y):.9g}")
            say("test", step, f"{evaluate(model, *tests):.9g}")
        if step > 0 and step % 200 == 0:
            say("names", step, ",".join(names(model, letters)))
    for top_k in (0, 5):
        torch.manual_seed(42)
        say(f"top{top_k}", 1001, ",".join(names(model, letters, top_k)))


def main():
    lines = [f"# torch {torch.__version__}, python {sys.version.split()[0]}"]
    for source, path in zip(("bundled", "lecture"), sys.argv[1:]):
        for kind in models:
            run(source, path, kind, lines)
            print(lines[-2])
    open("family.txt", "w").write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
