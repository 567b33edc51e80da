#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A training step of makemore.py's models in one run: PyTorch's time, and that of `makemore train --model`.

  /usr/bin/python3 family.py MAKEMORE NAMES [steps]

Both on one thread, batches of 32 names, AdamW; the median of the steps after the tenth, taken in turns.
"""
import os
import re
import statistics
import subprocess
import sys
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
import torch

from make_family import BATCH, loss_of, models, rows_of

program, names = sys.argv[1:3]
steps = int(sys.argv[3]) if len(sys.argv) > 3 else 200
words = [w.strip() for w in open(names).read().splitlines() if w.strip()]
x, y = rows_of(words, {c: i for i, c in enumerate(["."] + sorted(set("".join(words))))})


def pytorch(kind):
    torch.manual_seed(3407)
    model = models[kind]()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4, betas=(0.9, 0.99), weight_decay=0.01)
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        chosen = torch.randint(0, len(x), (BATCH,))
        loss = loss_of(model, x[chosen], y[chosen])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        loss.item()
        times.append((time.perf_counter() - start) * 1e6)
    return statistics.median(times[10:])


def ours(kind):
    command = [program, "train", "--model", "transformer" if kind == "small" else kind, "--data", names]
    command += ["--steps", str(steps), "--log-every", "1", "--samples", "0"]
    command += ["--n-layer", "2", "--n-embd", "32"] if kind == "small" else []
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return statistics.median([float(t) * 1000 for t in re.findall(r"step time ([\d.]+)ms", text)][10:])


print(f"{'':12} {'ctnn, us':>10} {'PyTorch, us':>12} {'times':>6}")
for kind in models:
    pairs = [(ours(kind), pytorch(kind)) for _ in range(3)]
    a, b = (min(p[i] for p in pairs) for i in (0, 1))
    print(f"{kind:12} {a:10.0f} {b:12.0f} {b / a:6.1f}", flush=True)
