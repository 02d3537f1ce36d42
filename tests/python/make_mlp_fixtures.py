"""Golden numbers for the MLP denoiser, from PyTorch: output, every gradient, ten AdamW steps with clipping and EMA.

    pip install torch safetensors
    python tests/python/make_mlp_fixtures.py

writes tests/fixtures/mlp.safetensors, which tests/golden.rs compares both backends with. Inputs are drawn here and stored, so
that no random number generator has to agree.
"""

import json
import math
import pathlib

import safetensors.torch
import torch
from torch import nn

WIDTH, LAYERS, EMBEDDING, BATCH, STEPS = 20, 2, 16, 33, 10
RATE, DECAY, MAX_NORM, EMA = 3e-3, 1e-2, 1.0, 0.999


class Denoiser(nn.Module):
    """eps(x, t): [cos, sin] timestep embedding beside the point, then Linear and SiLU in turn."""

    def __init__(self):
        super().__init__()
        sizes = [EMBEDDING + 2] + [WIDTH] * LAYERS
        layers = []
        for inputs, outputs in zip(sizes, sizes[1:]):
            layers += [nn.Linear(inputs, outputs), nn.SiLU()]
        self.net = nn.Sequential(*layers, nn.Linear(WIDTH, 2))

    def forward(self, x, t):
        half = EMBEDDING // 2
        frequencies = torch.exp(-math.log(10000.0) * torch.arange(half, dtype=torch.float64) / half)
        angles = t.double()[:, None] * frequencies[None]
        embedding = torch.cat([angles.cos(), angles.sin()], dim=1).to(x.dtype)
        return self.net(torch.cat([embedding, x], dim=1))


def main():
    torch.manual_seed(20240607)
    model = Denoiser()
    ema = {name: p.detach().clone() for name, p in model.named_parameters()}
    tensors = {f"start.{name}": p.detach().clone() for name, p in model.named_parameters()}
    xs = torch.randn(STEPS, BATCH, 2)
    ts = torch.randint(0, 1000, (STEPS, BATCH))
    noises = torch.randn(STEPS, BATCH, 2)
    tensors |= {"x": xs, "t": ts.to(torch.int32), "noise": noises}
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=DECAY)
    losses, norms = [], []
    for step in range(STEPS):
        optimizer.zero_grad()
        output = model(xs[step], ts[step])
        loss = nn.functional.mse_loss(output, noises[step])
        loss.backward()
        if step == 0:
            tensors["output"] = output.detach().clone()
            tensors |= {f"grad.{name}": p.grad.clone() for name, p in model.named_parameters()}
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM))
        optimizer.step()
        losses.append(loss.detach())
        decay = min(EMA, (1 + step) / (10 + step))
        for name, p in model.named_parameters():
            ema[name].lerp_(p.detach(), 1 - decay)
    tensors |= {"losses": torch.stack(losses), "norms": torch.stack(norms)}
    tensors |= {f"end.{name}": p.detach().clone() for name, p in model.named_parameters()}
    tensors |= {f"ema.{name}": p for name, p in ema.items()}
    metadata = {
        "made_by": "tests/python/make_mlp_fixtures.py",
        "torch": torch.__version__,
        "seed": "20240607",
        "model": json.dumps({"width": WIDTH, "hidden_layers": LAYERS, "time_embedding": EMBEDDING, "activation": "silu"}),
    }
    path = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "mlp.safetensors"
    safetensors.torch.save_file({k: v.contiguous() for k, v in tensors.items()}, path, metadata)
    print(path, path.stat().st_size, "bytes; losses", [round(float(l), 4) for l in losses])


if __name__ == "__main__":
    main()
