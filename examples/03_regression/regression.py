#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""main.cpp in PyTorch: the same seed, the same numbers. python3 regression.py"""
import torch
from torch import nn
from torch.utils.data import TensorDataset, random_split

g = torch.Generator().manual_seed(42)
x = torch.rand(512, 1, generator=g) * 4 - 2
y = torch.randn(512, 1, generator=g) * 0.1 + torch.sin(3 * x) + x / 2
train, held_out = random_split(TensorDataset(x, y), [0.8, 0.2], generator=g)
net = nn.Sequential(nn.Linear(1, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
for layer in net:
    for p in layer.parameters():  # as nn.Linear draws them, but from our generator
        p.data.uniform_(-(layer.in_features**-0.5), layer.in_features**-0.5, generator=g)
steps = 200 * ((len(train) + 31) // 32)
optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
tx, ty = x[train.indices], y[train.indices]
hx, hy = x[held_out.indices], y[held_out.indices]
for epoch in range(1, 201):
    total = 0.0
    for rows in torch.randperm(len(train), generator=g).split(32):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(tx[rows]), ty[rows])
        loss.backward()
        optimizer.step()
        schedule.step()
        total += loss.item() * len(rows)
    if epoch == 1 or epoch % 40 == 0:
        with torch.no_grad():
            squares = nn.functional.mse_loss(net(hx), hy)
        r2 = 1 - squares / hy.var(unbiased=False)
        loss = total / len(train)
        print(f"epoch {epoch:3d}: loss {loss:.4f}, held out: error {squares.sqrt():.4f}, R2 {r2:.4f}")
