#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes training.txt and training.bin: what PyTorch computes around a network: losses, optimizers,
schedules.

Run with Debian's PyTorch, from this folder: /usr/bin/python3 make_training.py
As in make_fixtures.py, every random input is drawn from a generator that ctnn::Generator repeats. Nothing
here multiplies matrices, so that the numbers are the same on every CPU.
"""
import warnings

import torch
import torch.nn.functional as F
from torch.optim import lr_scheduler

from fixture_file import put, write

warnings.filterwarnings("ignore")  # that a schedule was asked before the optimizer's first step
torch.set_num_threads(1)


def generator(seed=42):
    return torch.Generator().manual_seed(seed)


def loss_of(case, criterion, y, reduced=None):
    """A loss and its gradient; with `reduced`, the gradient of their sum."""
    y = y.clone().requires_grad_()
    loss = criterion(y)
    (loss if reduced is None else loss.sum()).backward()
    put(f"loss/{case}", loss.reshape(-1))
    put(f"loss/{case}/dy", y.grad)


# Of (B, T, C) logits; PyTorch has classes on axis 1.
g = generator()
logits = torch.randn(7, 5, 11, generator=g) * 3
ids = torch.randint(0, 11, (7, 5), generator=g)
shares = torch.softmax(torch.randn(7, 5, 11, generator=g), 2)
put("loss/cross_entropy/shares_given", shares)
class_weights = torch.arange(1, 12) / 4
ignored = torch.where(ids % 3 == 0, -1, ids)


def cross_entropy(targets, **options):
    if "weight" in options:
        options["weight"] = class_weights
    if targets.dim() == 3:
        targets = targets.transpose(1, 2)
    return lambda y: F.cross_entropy(y.transpose(1, 2), targets, **options)


for case, targets, options in (
    ("positions", ids, {}),
    ("ignore", ignored, {"ignore_index": -1}),
    ("weights", ids, {"weight": True}),
    ("smoothing", ids, {"label_smoothing": 0.1}),
    ("all", ignored, {"ignore_index": -1, "weight": True, "label_smoothing": 0.3}),
    ("sum", ignored, {"ignore_index": -1, "weight": True, "label_smoothing": 0.3, "reduction": "sum"}),
    ("shares", shares, {}),
    ("shares_all", shares, {"weight": True, "label_smoothing": 0.2}),
):
    loss_of(f"cross_entropy/{case}", cross_entropy(targets, **options), logits)
loss_of(
    "cross_entropy/none",
    cross_entropy(ignored, ignore_index=-1, weight=True, label_smoothing=0.3, reduction="none"),
    logits,
    "none",
)
chances = torch.log_softmax(logits, 2)
for case, options in {
    "plain": {},
    "all": {"weight": class_weights},
    "sum": {"weight": class_weights, "reduction": "sum"},
}.items():
    targets = ids if case == "plain" else ignored
    loss_of(
        f"negative_log_likelihood/{case}",
        lambda y: F.nll_loss(y.transpose(1, 2), targets, ignore_index=-1, **options),
        logits,  # any numbers
    )

g = generator()
y, targets = torch.randn(9, 3, 13, generator=g) * 2, torch.randn(9, 3, 13, generator=g)
targets[0, 0] = y[0, 0]
yes = (targets > 0.3).float()
part = torch.sigmoid(targets)
positive = torch.arange(1, 14) / 5
known = torch.where(targets > 0, targets, torch.zeros(()))  # chances, some of them 0
reductions = ("mean", "sum", "none")
for reduction in reductions:
    none = None if reduction != "none" else "none"

    def each(case, kind, targets, **options):
        loss_of(f"{case}/{reduction}", lambda y: kind(y, targets, reduction=reduction, **options), y, none)

    each("mean_squared_error", F.mse_loss, targets)
    each("mean_absolute_error", F.l1_loss, targets)
    each("huber", F.huber_loss, targets)
    each("huber_delta", F.huber_loss, targets, delta=0.4)
    each("smooth_l1", F.smooth_l1_loss, targets)
    each("smooth_l1_beta", F.smooth_l1_loss, targets, beta=0.3)
    each("smooth_l1_zero", F.smooth_l1_loss, targets, beta=0.0)
    bce = F.binary_cross_entropy_with_logits
    each("binary_cross_entropy", bce, yes)
    each("binary_cross_entropy_weights", bce, yes, pos_weight=positive)
    each("kullback_leibler", F.kl_div, known)
    each("kullback_leibler_log", F.kl_div, targets, log_target=True)
loss_of("kullback_leibler/batch_mean", lambda y: F.kl_div(y, known, reduction="batchmean"), y)


def steps(case, kind, **options):
    """The weight after 100 steps of an optimizer along random gradients."""
    g = generator()
    w = torch.randn(13, 29, generator=g).requires_grad_()
    optimizer = kind([w], **options)
    for _ in range(100):
        w.grad = torch.randn(13, 29, generator=g)
        optimizer.step()
    put(case, w)


sgd, adam, adam_w = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
steps("sgd/plain", sgd, lr=0.1)
steps("sgd/decay", sgd, lr=0.1, weight_decay=0.01)
steps("sgd/momentum", sgd, lr=0.1, momentum=0.9)
steps("sgd/dampening", sgd, lr=0.1, momentum=0.9, dampening=0.3)
steps("sgd/nesterov", sgd, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)
steps("adam/plain", adam)
steps("adam/betas", adam, lr=0.02, betas=(0.8, 0.95), eps=1e-5)
steps("adam/decay", adam, lr=0.01, weight_decay=0.1)
steps("adam/amsgrad", adam, lr=0.01, weight_decay=0.1, amsgrad=True)
steps("adam_w/plain", adam_w)
steps("adam_w/makemore", adam_w, lr=5e-4, betas=(0.9, 0.99), weight_decay=0.01)
steps("adam_w/no_decay", adam_w, weight_decay=0)
steps("adam_w/amsgrad", adam_w, lr=0.01, weight_decay=0.3, amsgrad=True)
rms_prop = torch.optim.RMSprop
steps("rms_prop/plain", rms_prop)
steps("rms_prop/decay", rms_prop, alpha=0.9, eps=1e-3, weight_decay=0.01)
steps("rms_prop/momentum", rms_prop, lr=1e-3, momentum=0.9)
steps("rms_prop/centered", rms_prop, centered=True)
steps("rms_prop/all", rms_prop, alpha=0.95, weight_decay=0.1, momentum=0.5, centered=True)
adagrad = torch.optim.Adagrad
steps("adagrad/plain", adagrad)
steps("adagrad/decay", adagrad, lr=0.1, lr_decay=0.01, weight_decay=0.01)
steps("adagrad/initial", adagrad, lr=0.1, initial_accumulator_value=0.1, eps=1e-3)

# A rate and a momentum that move.
g = generator()
w = torch.randn(13, 29, generator=g).requires_grad_()
optimizer = sgd([w], lr=0.1, momentum=0.9)
schedule = lr_scheduler.OneCycleLR(optimizer, 0.5, total_steps=101)
for _ in range(100):
    w.grad = torch.randn(13, 29, generator=g)
    optimizer.step()
    schedule.step()
put("sgd/one_cycle", w)

g = generator()
average = torch.randn(13, 29, generator=g)
for _ in range(100):
    average.mul_(0.9).add_(torch.randn(13, 29, generator=g), alpha=1 - 0.9)
put("moving_average", average)

for largest in (1.0, 10.0, 1000.0):
    g = generator()
    weights = [torch.zeros(13, 29, requires_grad=True), torch.zeros(29, requires_grad=True)]
    for w in weights:
        w.grad = torch.randn(w.shape, generator=g)
    norm = torch.nn.utils.clip_grad_norm_(weights, largest)
    put(f"clip_norm/{largest:g}/norm", norm.reshape(1))
    put(f"clip_norm/{largest:g}/gradient", weights[0].grad)
w = torch.zeros(13, 29, requires_grad=True)
w.grad = torch.randn(13, 29, generator=generator())
torch.nn.utils.clip_grad_value_([w], 0.5)
put("clip_value", w.grad)


def rates(case, make, count=1000, lr=0.1, momentum=None):
    """The rate of each step; with `momentum`, the momentum too."""
    p = torch.zeros(1, requires_grad=True)
    optimizer = sgd([p], lr=lr, momentum=momentum or 0)
    schedule = make(optimizer)
    rate, moved = [], []
    for _ in range(count):
        rate.append(optimizer.param_groups[0]["lr"])
        moved.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        schedule.step()
    put(f"schedule/{case}", torch.tensor(rate, dtype=torch.float64))
    if momentum:
        put(f"schedule/{case}/momentum", torch.tensor(moved, dtype=torch.float64))


def warm_up(optimizer, steps, then, **start):
    first = lr_scheduler.LinearLR(optimizer, total_iters=steps, end_factor=1.0, **start)
    return lr_scheduler.SequentialLR(optimizer, [first, then(optimizer)], milestones=[steps])


rates("step", lambda o: lr_scheduler.StepLR(o, 30, 0.8))
rates("multi_step", lambda o: lr_scheduler.MultiStepLR(o, [3, 70, 70, 900], 0.3))
rates("exponential", lambda o: lr_scheduler.ExponentialLR(o, 0.99))
rates("cosine", lambda o: lr_scheduler.CosineAnnealingLR(o, 700, 0.001))
rates("warm_up_cosine", lambda o: warm_up(o, 100, lambda p: lr_scheduler.CosineAnnealingLR(p, 900)))
rates(
    "warm_up_step",
    lambda o: warm_up(o, 7, lambda p: lr_scheduler.StepLR(p, 50, 0.9), start_factor=0.01),
)
one_cycle = lr_scheduler.OneCycleLR
rates("one_cycle", lambda o: one_cycle(o, 1.0, 1000), momentum=0.9)
rates(
    "one_cycle_three",
    lambda o: one_cycle(o, 0.5, 1003, pct_start=0.4, three_phase=True, div_factor=10, final_div_factor=100),
    momentum=0.9,
)
rates(
    "one_cycle_linear",
    lambda o: one_cycle(o, 0.5, 1001, anneal_strategy="linear", base_momentum=0.5, max_momentum=0.99),
    momentum=0.9,
)

# 1,000 metrics that fall slower and slower, and are noisy.
metrics = 1 / torch.arange(1, 1001, dtype=torch.float64).sqrt() + 0.05 * torch.randn(
    1000, generator=generator(), dtype=torch.float64
)
for case, options in {
    "plain": {},
    "all": {"factor": 0.7, "patience": 3, "threshold": 1e-3, "cooldown": 5, "min_lr": 0.002},
    "absolute": {"factor": 0.5, "patience": 20, "threshold": 0.01, "threshold_mode": "abs"},
    "larger": {"factor": 0.9, "patience": 2, "mode": "max"},
}.items():
    optimizer = sgd([torch.zeros(1, requires_grad=True)], lr=0.1)
    plateau = lr_scheduler.ReduceLROnPlateau(optimizer, **options)
    rate = []
    for metric in metrics.tolist():
        plateau.step(metric)
        rate.append(optimizer.param_groups[0]["lr"])
    put(f"plateau/{case}", torch.tensor(rate, dtype=torch.float64))


def checksum(values):
    """FNV-1a of int64s, as an int64."""
    h = 0xCBF29CE484222325
    for byte in torch.as_tensor(values, dtype=torch.int64).numpy().tobytes():
        h = (h ^ byte) * 0x100000001B3 % 2**64
    return h - 2**64 if h >= 2**63 else h


for n in (1, 2, 3, 31, 1000, 100003):
    g = generator()
    order = torch.randperm(n, generator=g)
    after = torch.randint(0, 182625, (3,), generator=g)
    put(f"randperm/{n}", torch.cat([order[:8], torch.tensor([checksum(order)]), after]))
g = generator()
put("random", torch.stack([torch.empty((), dtype=torch.int64).random_(generator=g) for _ in range(5)]))
sizes_and_batches = [(31, 8, False), (31, 8, True), (32, 8, False), (32, 8, True), (5, 8, False)]
for n, batch, drop in sizes_and_batches + [(1000, 32, False)]:
    g = generator()
    loader = torch.utils.data.DataLoader(
        torch.arange(n), batch_size=batch, shuffle=True, drop_last=drop, generator=g
    )
    order, sizes = [], []
    for _ in range(3):
        for rows in loader:
            order += rows.tolist()
            sizes.append(len(rows))
    after = torch.randint(0, 182625, (3,), generator=g)
    name = f"data_loader/{n}_{batch}" + ("_dropped" if drop else "")
    put(name, torch.tensor([checksum(order), checksum(sizes)] + after.tolist()))
for n, shares in ((1000, (0.8, 0.1, 0.1)), (1001, (0.3333, 0.3333, 0.3334)), (7, (0.5, 0.5))):
    parts = torch.utils.data.random_split(range(n), shares, generator=generator())
    put(f"random_split/{n}", torch.tensor([len(p) for p in parts] + [checksum(p.indices) for p in parts]))

write("training")
