#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The training of main.cpp in PyTorch, one thread: `fashion.py FOLDER [EPOCHS]` with the folder of the IDX
files. It prints the accuracy and the seconds of each epoch."""
import struct
import sys
import time

import torch

nn = torch.nn
torch.set_num_threads(1)
torch.manual_seed(2147483647)
folder, epochs, batch = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10, 64


def read_idx(path):
    data = open(path, "rb").read()
    shape = struct.unpack_from(f">{data[3]}I", data, 4)
    return torch.frombuffer(bytearray(data[4 + 4 * len(shape) :]), dtype=torch.uint8).view(shape)


def clothes(part):
    pixels = read_idx(f"{folder}/{part}-images-idx3-ubyte").float()
    labels = read_idx(f"{folder}/{part}-labels-idx1-ubyte").long()
    return ((pixels / 255 - 0.2860) / 0.3530).unsqueeze(1), labels


def block(n_in, n):
    return [nn.Conv2d(n_in, n, 3, padding="same", bias=False), nn.BatchNorm2d(n), nn.ReLU()]


def moved(x):
    y = torch.zeros_like(x)
    for i, (down, right) in enumerate(torch.randint(-1, 2, (len(x), 2)).tolist()):
        rows, columns = slice(max(down, 0), 28 + min(down, 0)), slice(max(right, 0), 28 + min(right, 0))
        from_rows = slice(max(-down, 0), 28 + min(-down, 0))
        from_columns = slice(max(-right, 0), 28 + min(-right, 0))
        y[i, :, rows, columns] = x[i, :, from_rows, from_columns]
    flips = torch.randint(0, 2, (len(x),)) == 1
    y[flips] = y[flips].flip(-1)
    return y


x, t = clothes("train")
test_x, test_t = clothes("t10k")
pool = nn.MaxPool2d(2)
model = nn.Sequential(
    *block(1, 16), pool, *block(16, 32), pool, *block(32, 64), nn.Flatten(), nn.Dropout(0.25),
    nn.Linear(3136, 10),
)  # fmt: skip
adam_w = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.02)
criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
steps = (len(x) + batch - 1) // batch
cycle = torch.optim.lr_scheduler.OneCycleLR(adam_w, 5e-3, epochs * steps, cycle_momentum=False)
for epoch in range(epochs):
    start, moving = time.perf_counter(), 0.0
    model.train()
    for rows in torch.randperm(len(x)).split(batch):
        before = time.perf_counter()
        seen = moved(x[rows])
        moving += time.perf_counter() - before
        loss = criterion(model(seen), t[rows])
        adam_w.zero_grad()
        loss.backward()
        adam_w.step()
        cycle.step()
    seconds = time.perf_counter() - start
    model.eval()
    with torch.no_grad():
        answers = torch.cat([model(some).argmax(1) for some in test_x.split(500)])
        right = (answers == test_t).sum().item()
    print(f"epoch {epoch + 1}: accuracy {right / len(test_x):.4f}, {seconds:.1f} s, moving {moving:.1f} s")
