#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""main.cpp in PyTorch, the same seed: the loss of each step, and the time. python3 digits.py [EPOCHS]"""
import pathlib
import sys
import time

import numpy as np
import torch
from torch import nn

data = pathlib.Path(__file__).parent.parent / "data"
pixels = np.frombuffer((data / "digits-images-idx3-ubyte").read_bytes()[16:], np.uint8).reshape(-1, 64)
x = torch.tensor(pixels) / 16
y = torch.tensor(np.frombuffer((data / "digits-labels-idx1-ubyte").read_bytes()[8:], np.uint8)).long()

torch.set_num_threads(1)
torch.manual_seed(2147483647)
train = torch.utils.data.random_split(x, [0.7, 0.1, 0.2])[0].indices
x, y = x[train], y[train]
net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(1 / 5), nn.Linear(64, 10))
optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)
start, steps = time.time(), 0
for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 5):
    for rows in torch.randperm(len(x)).split(32):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        steps += 1
        print(f"{loss.item():.7f}")
print(f"{(time.time() - start) / steps * 1e6:.1f} us a step", file=sys.stderr)
