"""Golden numbers of diffusers' UNet2DModel in PyTorch: output, every parameter's gradient, losses of ten AdamW steps.

    pip install torch diffusers numpy
    python tests/python/make_unet_fixtures.py            # all configs of unet_configs.py, or those named

writes tests/fixtures/unet_<name>.safetensors. Weights and batches are generated on both sides, not stored; threefry.py says
how each number is made. With seed = metadata `seed`, B = metadata `batch` and `Stream(stream, element)` for
`Stream::new(seed, stream, element)`:

    parameter i (order of the state dict)   Stream(1, i), PyTorch's layout row by row; the rule is `threefry.weights`
    x of step s       [B, in_channels, H, W]    Stream(2, s), f32(sqrt(3) * (2u - 1))
    noise of step s   [B, out_channels, H, W]   Stream(3, s), likewise
    timesteps of s    [B]                       Stream(4, s), below(1000); also stored
    labels of step s  [B]                       Stream(5, s), below(num_class_embeds), or below(1000) where
                                                class_embed_type is "timestep"; also stored, if the model takes labels

Step s minimises mse_loss(model(x, timesteps, labels), noise) with torch.optim.AdamW, lr 1e-3, betas (0.9, 0.999), eps 1e-8,
weight_decay 1e-2, no clipping. The file holds, all from PyTorch in float32 on one thread:

    output           [B, out_channels, H, W]   of step 0, before any update
    grad.<name>      of the loss of step 0, in PyTorch's layout. f32; in large models f16, to be multiplied by grad_scale.<name>
                     (one f32, the largest magnitude). That costs about 2e-4 norm-wise.
    grad_scale.<name>
    losses           [10] f32
    timesteps        [10, B] int32
    class_labels     [10, B] int32, if any

Metadata: `config` (config.json as diffusers writes it), `parameters` (JSON list of [name, shape] in the order of the state
dict), `fingerprints` (JSON: of every generated f32 tensor, `threefry.fingerprint`, keyed by parameter, `x.<s>`, `noise.<s>`),
`zero_gradients` (JSON list, see below), versions, seed.

Some gradients are zero in exact arithmetic, and what is computed is rounding: a key's bias moves all scores of a query alike,
and what is constant over an image goes unseen through a group norm whose groups are single channels (32 of 32 in `course`).
`zero_gradients` names the parameters whose norm, in float64, is below 1e-12 of the whole gradient's. For them, compare with
the norm of the whole gradient, not with their own.

The script prints how far PyTorch's float64 is from the file, with exact timestep embeddings, so that one sees how much of a
tolerance is rounding in PyTorch itself.
"""

import copy
import json
import math
import pathlib
import sys

import diffusers
import torch
from torch import nn

import fixture_file
import threefry
import unet_configs

SEED, STEPS = 20240607, 10
BATCH = {"course": 2}
RATE, DECAY = 1e-3, 1e-2
LARGE = 200_000  # parameters from which gradients are stored in half precision
FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures"


class ExactTimesteps(nn.Module):
    """diffusers' Timesteps in float64; its own are float32 whatever the model's dtype."""

    def __init__(self, theirs):
        super().__init__()
        self.half, self.flip, self.shift = theirs.num_channels // 2, theirs.flip_sin_to_cos, theirs.downscale_freq_shift

    def forward(self, timesteps):
        exponents = -math.log(10000.0) * torch.arange(self.half, dtype=torch.float64) / (self.half - self.shift)
        angles = timesteps.double()[:, None] * exponents.exp()[None]
        parts = [angles.cos(), angles.sin()] if self.flip else [angles.sin(), angles.cos()]
        return torch.cat(parts, dim=1)


def batches(config, batch):
    """The ten batches: dicts of tensors x, noise, t and labels (None if the model takes none)."""
    limit = unet_configs.label_limit(config)
    size = [config.sample_size] * 2
    result = []
    for step in range(STEPS):
        labels = None if limit is None else torch.from_numpy(threefry.below(SEED, threefry.LABELS, step, batch, limit))
        result.append(
            {
                "x": torch.from_numpy(threefry.noise(SEED, threefry.INPUT, step, [batch, config.in_channels, *size])),
                "noise": torch.from_numpy(threefry.noise(SEED, threefry.NOISE, step, [batch, config.out_channels, *size])),
                "t": torch.from_numpy(threefry.below(SEED, threefry.TIMESTEPS, step, batch, 1000)),
                "labels": labels,
            }
        )
    return result


def train(model, data):
    """Output and gradients of the first step, and the losses of all."""
    dtype = next(model.parameters()).dtype
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=DECAY)
    losses, output, grads = [], None, None
    for batch in data:
        optimizer.zero_grad()
        predicted = model(batch["x"].to(dtype), batch["t"], class_labels=batch["labels"]).sample
        loss = nn.functional.mse_loss(predicted, batch["noise"].to(dtype))
        loss.backward()
        if output is None:
            output = predicted.detach().clone()
            grads = {name: p.grad.clone() for name, p in model.named_parameters()}
        optimizer.step()
        losses.append(loss.detach().double())
    return output, grads, torch.stack(losses)


def packed(grads):
    """Gradients in the form in which they are stored."""
    if sum(g.numel() for g in grads.values()) < LARGE:
        return {f"grad.{name}": g for name, g in grads.items()}
    tensors = {}
    for name, g in grads.items():
        scale = g.abs().max().clamp_min(torch.finfo(torch.float32).tiny)
        tensors |= {f"grad.{name}": (g / scale).half(), f"grad_scale.{name}": scale.reshape(1)}
    return tensors


def unpacked(tensors, name):
    scale = tensors.get(f"grad_scale.{name}")
    return tensors[f"grad.{name}"].double() * (1.0 if scale is None else scale.double())


def report(tensors, single, double, zero):
    """Prints the deviation of float32, and of what is stored, from float64."""
    output, grads, losses = double
    names = [name for name in grads if name not in zero]
    relative = lambda g, name: float((g - grads[name]).norm() / grads[name].norm())
    off, worst = max((relative(single[name].double(), name), name) for name in names)
    stored = max(relative(unpacked(tensors, name), name) for name in names)
    total = math.sqrt(sum(float(g.norm()) ** 2 for g in grads.values()))
    smallest = min(names, key=lambda name: float(grads[name].norm()))
    print(f"  output: largest {float(output.abs().max()):.3f}, f32 is off by {float((tensors['output'] - output).abs().max()):.1e}")
    print(f"  gradients: norm {total:.4f}; f32 is off by at most {off:.1e} norm-wise ({worst}), as stored {stored:.1e}")
    print(f"  smallest gradient that is not zero: {float(grads[smallest].norm()) / total:.1e} of the norm ({smallest})")
    for name in zero:
        print(f"  zero gradient: {name}, {float(unpacked(tensors, name).norm()) / total:.1e} of the norm in f32")
    off = (tensors["losses"].double() / losses - 1).abs()
    print("  losses:", " ".join(f"{float(l):.6f}" for l in losses))
    print("  losses, f32 off by:", " ".join(f"{float(o):.0e}" for o in off))


def make(name):
    model, weights = unet_configs.build(name, SEED)
    batch = BATCH.get(name, 3)
    data = batches(model.config, batch)
    exact = copy.deepcopy(model).to(torch.float64)
    exact.time_proj = ExactTimesteps(model.time_proj)
    double = train(exact, data)
    output, grads, losses = train(model, data)

    total = math.sqrt(sum(float(g.norm()) ** 2 for g in double[1].values()))
    zero = [key for key, g in double[1].items() if float(g.norm()) < 1e-12 * total]
    tensors = {"output": output, "losses": losses.float(), **packed(grads)}
    tensors["timesteps"] = torch.stack([b["t"] for b in data]).to(torch.int32)
    if data[0]["labels"] is not None:
        tensors["class_labels"] = torch.stack([b["labels"] for b in data]).to(torch.int32)
    fingerprints = {key: threefry.fingerprint(value) for key, value in weights.items()}
    for step, b in enumerate(data):
        fingerprints |= {f"{key}.{step}": threefry.fingerprint(b[key].numpy()) for key in ("x", "noise")}
    metadata = {
        "made_by": "tests/python/make_unet_fixtures.py",
        "torch": torch.__version__,
        "diffusers": diffusers.__version__,
        "seed": str(SEED),
        "batch": str(batch),
        "config": model.to_json_string(),
        "parameters": json.dumps([[key, list(value.shape)] for key, value in weights.items()]),
        "fingerprints": json.dumps(fingerprints),
        "zero_gradients": json.dumps(zero),
    }
    path = FIXTURES / f"unet_{name}.safetensors"
    fixture_file.save(path, tensors, metadata)
    print(f"{path.name}: {path.stat().st_size:,} bytes, {sum(w.size for w in weights.values()):,} parameters")
    report(tensors, grads, double, zero)


def main():
    torch.set_num_threads(1)
    names = sys.argv[1:] or list(unet_configs.CONFIGS)
    for name in names:
        if name not in unet_configs.CONFIGS:
            sys.exit(f"no config {name!r}; there are {', '.join(unet_configs.CONFIGS)}")
        make(name)


if __name__ == "__main__":
    main()
