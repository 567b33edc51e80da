# SPDX-License-Identifier: BSD-3-Clause
"""What README.md sets beside main.cpp, with PyTorch 1.13: it prints what that prints."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

# A network
torch.manual_seed(42)
net = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Dropout(0.2), nn.Linear(16, 3))
x = torch.randn(240, 4)
y = (x[:, 0] > 0).long() + (x[:, 1] > 0).long()
print(f"{sum(p.numel() for p in net.parameters())} parameters, the first {net[0].weight[0, 0].item():.5f}")

# A training
optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2, weight_decay=0.1)
schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=40, gamma=0.5)
order = torch.Generator().manual_seed(1)
loader = DataLoader(TensorDataset(x, y), batch_size=8, shuffle=True, generator=order)
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
for epoch in range(4):
    for inputs, targets in loader:
        loss = criterion(net(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    print(f"epoch {epoch}: loss {loss.item():.4f}")

# Answers
net.eval()
with torch.no_grad():
    logits = net(x)
    accuracy = (logits.argmax(1) == y).float().mean()
print(f"accuracy {accuracy:.3f}, the first row {logits[0, 0]:.4f} {logits[0, 1]:.4f} {logits[0, 2]:.4f}")


# Branches
class Block(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.norm = nn.LayerNorm(features)
        self.wide = nn.Linear(features, 4 * features)
        self.narrow = nn.Linear(4 * features, features)

    def forward(self, x):
        return x + self.narrow(F.gelu(self.wide(self.norm(x))))


torch.manual_seed(7)
deep = nn.Sequential(nn.Linear(4, 8), *[Block(8) for _ in range(3)], nn.Linear(8, 1))
print(f"through three blocks {deep(x[:1]).item():.5f}")

# Gradients
deep.zero_grad()
F.mse_loss(deep(x[:8]), torch.ones(8, 1)).backward()
F.mse_loss(deep(x[8:16]), torch.ones(8, 1)).backward()  # added to those of the first
print(f"the gradient of the first bias {deep[0].bias.grad[0].item():.5f}")

# Fine tuning: the first layer stays as it is
for p in net[0].parameters():
    p.requires_grad_(False)
tuned = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=0.1)
before = net[0].weight.clone()
net.train()
loss = criterion(net(x[:8]), y[:8])
tuned.zero_grad()
loss.backward()
tuned.step()
same = "as it was" if torch.equal(before, net[0].weight) else "moved"
print(f"loss {loss.item():.5f}, a bias {net[3].bias[0].item():.5f}, the first layer {same}")
