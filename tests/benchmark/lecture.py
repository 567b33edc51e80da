#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Times the lecture's own form of stage `batchnorm` in PyTorch on one thread: the peer of `makemore train`.

Run with Debian's PyTorch: /usr/bin/python3 tests/benchmark/lecture.py [names.txt] [steps]
Prints the losses it passes on the way, so that the work is seen to be the same, and the median time of a
step of 5 runs.
"""
import random
import statistics
import sys
import time

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
path = sys.argv[1] if len(sys.argv) > 1 else "examples/data/names.txt"
steps = int(sys.argv[2]) if len(sys.argv) > 2 else 20000

words = open(path).read().split()
ids = {c: i + 1 for i, c in enumerate(sorted(set("".join(words))))}
random.seed(42)
random.shuffle(words)
contexts, targets = [], []
for word in words[: int(0.8 * len(words))]:
    context = [0, 0, 0]
    for i in [ids[c] for c in word] + [0]:
        contexts.append(context)
        targets.append(i)
        context = context[1:] + [i]
X, Y = torch.tensor(contexts), torch.tensor(targets)


def run():
    g = torch.Generator().manual_seed(2147483647)
    C = torch.randn((27, 10), generator=g)
    W1 = torch.randn((30, 200), generator=g) * (5 / 3) / 30**0.5
    W2 = torch.randn((200, 27), generator=g) * 0.01
    b2 = torch.randn(27, generator=g) * 0
    gain, shift = torch.ones((1, 200)), torch.zeros((1, 200))
    mean_running, std_running = torch.zeros((1, 200)), torch.ones((1, 200))
    parameters = [C, W1, W2, b2, gain, shift]
    for p in parameters:
        p.requires_grad = True
    printed, start = [], time.perf_counter()
    for step in range(steps):
        ix = torch.randint(0, X.shape[0], (32,), generator=g)
        hidden = C[X[ix]].view(32, -1) @ W1
        mean, std = hidden.mean(0, keepdim=True), hidden.std(0, keepdim=True)
        hidden = gain * (hidden - mean) / std + shift
        with torch.no_grad():
            mean_running = 0.999 * mean_running + 0.001 * mean
            std_running = 0.999 * std_running + 0.001 * std
        loss = F.cross_entropy(torch.tanh(hidden) @ W2 + b2, Y[ix])
        for p in parameters:
            p.grad = None
        loss.backward()
        for p in parameters:
            p.data += -0.1 * p.grad
        if step % 10000 == 0:
            printed.append(f"{loss.item():.4f}")
    return (time.perf_counter() - start) / steps * 1e6, printed


times = []
for _ in range(5):
    microseconds, printed = run()
    times.append(microseconds)
print("losses:", *printed)
print(f"median of 5 runs of {steps} steps: {statistics.median(times):.1f} us a step")
