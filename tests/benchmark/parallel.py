# SPDX-License-Identifier: BSD-3-Clause
"""PyTorch's step of 128 samples with one and two threads, and with two processes over gloo (DDP): the peer of
ctnn_parallel, which calls it. Alone: `/usr/bin/python3 tests/benchmark/parallel.py`."""
import os
import subprocess
import sys
import time

import torch
import torch.distributed
import torch.nn.functional as F
from torch import nn
from torch.nn.parallel import DistributedDataParallel


def hidden(inputs, outputs):
    return [nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.Tanh()]


class Rows(nn.Module):
    """Rows of so many numbers: the positions of a sample are rows of batch normalisation."""

    def __init__(self, numbers):
        super().__init__()
        self.numbers = numbers

    def forward(self, x):
        return x.reshape(-1, self.numbers)


def network(name):
    if name == "hierarchical":
        layers = [nn.Embedding(27, 24)]
        for numbers in (48, 256, 256):
            layers += [Rows(numbers), *hidden(numbers, 128)]
        return nn.Sequential(*layers, nn.Linear(128, 27))
    layers = [nn.Embedding(27, 10), nn.Flatten()]
    if name == "lecture":
        return nn.Sequential(*layers, *hidden(30, 200), nn.Linear(200, 27))
    for inputs in (30, 100, 100, 100, 100):
        layers += hidden(inputs, 100)
    return nn.Sequential(*layers, nn.Linear(100, 27, bias=False), nn.BatchNorm1d(27))


NETWORKS = {"lecture": 3, "deep": 3, "hierarchical": 8}  # and their contexts


def median_step(model, name, batch, steps=400):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x, targets = torch.randint(0, 27, (batch, NETWORKS[name])), torch.randint(0, 27, (batch,))
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        optimizer.zero_grad()
        F.cross_entropy(model(x), targets).backward()
        optimizer.step()
        times.append(1e6 * (time.perf_counter() - start))
    return sorted(times[steps // 4:])[3 * steps // 8]


def of_rank():
    """One of the processes of a DDP training."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo")
    for name in NETWORKS:
        torch.manual_seed(1)
        batch = 128 // int(os.environ["WORLD_SIZE"])
        median = median_step(DistributedDataParallel(network(name)), name, batch)
        if os.environ["RANK"] == "0":
            print(f"{name}, 2 processes over gloo: {median:.0f} us a step", flush=True)
    torch.distributed.destroy_process_group()


def main():
    if "RANK" in os.environ:
        return of_rank()
    for name in NETWORKS:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            torch.manual_seed(1)
            median = median_step(network(name), name, 128)
            print(f"{name}, {threads} threads: {median:.0f} us a step", flush=True)
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29517", "WORLD_SIZE": "2"}
    ranks = [subprocess.Popen([sys.executable, __file__], env={**os.environ, **place, "RANK": str(rank)})
             for rank in range(2)]
    return max(rank.wait() for rank in ranks)


if __name__ == "__main__":
    sys.exit(main())
