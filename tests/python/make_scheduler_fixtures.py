"""Golden numbers of diffusers' DDIMScheduler and DDPMScheduler, for tests/analytic.rs.

    pip install torch diffusers
    python tests/python/make_scheduler_fixtures.py        # writes tests/fixtures/diffusers_schedulers.json

ε-prediction without clipping. Each run feeds the same three recorded vectors (sample, model output, noise) to every step,
so that an error in one step cannot hide in another; "chain" runs feed each step's result to the next, with fresh model
outputs and noise. Two sets of numbers: "float32" is the stock scheduler; "float64" has its tables recomputed in double
precision by the scheduler's own formulas, so that the step formulas can be compared to 1e-12.
"""

import json
import math
from pathlib import Path

import diffusers
import numpy
import torch
from diffusers import DDIMScheduler, DDPMScheduler
from diffusers.schedulers import scheduling_ddpm

SEED = 20240607
SIZE = 3
BETA_INDICES = [0, 1, 2, 10, 100, 250, 500, 750, 900, 990, 998, 999]
COUNTS = [1, 2, 7, 10, 30, 33, 50, 333, 999, 1000]
SCHEDULES = ["linear", "squaredcos_cap_v2"]


def rounded(value, dtype):
    """float32 values need 9 digits, float64 values 17, to be read back exactly."""
    digits = 9 if dtype == torch.float32 else 17
    if isinstance(value, (list, tuple)):
        return [rounded(v, dtype) for v in value]
    return float(f"{float(value):.{digits}g}")


def as_double(scheduler, beta_schedule):
    """Recomputes the scheduler's tables in float64."""
    n = scheduler.config.num_train_timesteps
    if beta_schedule == "linear":
        betas = torch.linspace(scheduler.config.beta_start, scheduler.config.beta_end, n, dtype=torch.float64)
    else:
        bar = lambda u: math.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2
        betas = torch.tensor([min(1 - bar((i + 1) / n) / bar(i / n), 0.999) for i in range(n)], dtype=torch.float64)
    scheduler.betas = betas
    scheduler.alphas = 1.0 - betas
    scheduler.alphas_cumprod = torch.cumprod(scheduler.alphas, dim=0)
    scheduler.one = torch.tensor(1.0, dtype=torch.float64)
    if hasattr(scheduler, "final_alpha_cumprod"):
        scheduler.final_alpha_cumprod = torch.tensor(1.0, dtype=torch.float64)


def make(kind, beta_schedule, spacing, variance_type, dtype):
    common = dict(beta_schedule=beta_schedule, clip_sample=False, timestep_spacing=spacing)
    scheduler = DDIMScheduler(**common) if kind == "ddim" else DDPMScheduler(variance_type=variance_type, **common)
    if dtype == torch.float64:
        as_double(scheduler, beta_schedule)
    return scheduler


def step(scheduler, kind, eta, t, sample, output, noise):
    if kind == "ddim":
        # diffusers refuses variance_noise only together with a generator; with eta = 0 it is not used.
        return scheduler.step(output, int(t), sample, eta=eta, variance_noise=noise).prev_sample
    # DDPMScheduler draws its noise with this function; let it draw ours.
    scheduling_ddpm.randn_tensor = lambda *args, **kwargs: noise
    return scheduler.step(output, int(t), sample).prev_sample


def run(kind, beta_schedule, spacing, count, eta, variance_type, dtype, vectors, chain):
    scheduler = make(kind, beta_schedule, spacing, variance_type, dtype)
    scheduler.set_timesteps(count)
    timesteps = scheduler.timesteps.tolist()
    generator = torch.Generator().manual_seed(SEED + count)
    sample, output, noise = (v.to(dtype) for v in vectors)
    rows = []
    inputs = []
    for index, t in enumerate(timesteps):
        if chain:
            output, noise = (torch.randn(1, SIZE, generator=generator, dtype=torch.float32).to(dtype) for _ in range(2))
            inputs.append([rounded(output[0].tolist(), torch.float32), rounded(noise[0].tolist(), torch.float32)])
        result = step(scheduler, kind, eta, t, sample, output, noise)
        if chain:
            sample = result
        if count <= 50 or index < 10 or index >= count - 10 or index % 100 == 0:
            rows.append([index, t, rounded(result[0].tolist(), dtype)])
    out = dict(
        sampler=kind, beta_schedule=beta_schedule, timestep_spacing=spacing, num_inference_steps=count, eta=eta,
        variance_type=variance_type, dtype=str(dtype).split(".")[1], outputs=rows,
    )
    if chain:
        out["inputs"] = inputs
    return out


def main():
    generator = torch.Generator().manual_seed(SEED)
    vectors = [torch.randn(1, SIZE, generator=generator) for _ in range(3)]

    tables = {}
    for name in SCHEDULES:
        stock = DDPMScheduler(beta_schedule=name)
        double = make("ddpm", name, "leading", "fixed_small", torch.float64)
        tables[name] = dict(
            float32=dict(betas=rounded([stock.betas[i] for i in BETA_INDICES], torch.float32),
                         alphas_cumprod=rounded([stock.alphas_cumprod[i] for i in BETA_INDICES], torch.float32)),
            float64=dict(betas=rounded([double.betas[i] for i in BETA_INDICES], torch.float64),
                         alphas_cumprod=rounded([double.alphas_cumprod[i] for i in BETA_INDICES], torch.float64)),
        )

    lists = []
    for spacing in ["leading", "trailing", "linspace"]:
        for count in COUNTS:
            scheduler = DDPMScheduler(timestep_spacing=spacing)
            scheduler.set_timesteps(count)
            timesteps = scheduler.timesteps.tolist()
            lists.append(dict(timestep_spacing=spacing, num_inference_steps=count, length=len(timesteps),
                              # All of a short list; of a long one the ends and a checksum.
                              timesteps=timesteps if count <= 50 else timesteps[:5] + timesteps[-5:],
                              weighted_sum=sum((i + 1) * t for i, t in enumerate(timesteps))))

    settings = [("ddim", eta, "fixed_small") for eta in (0.0, 0.5, 1.0)] + [("ddpm", 0.0, v) for v in ("fixed_small", "fixed_large")]
    runs = []
    for kind, eta, variance in settings:
        for dtype in (torch.float32, torch.float64):
            for name in SCHEDULES:
                runs.append(run(kind, name, "leading", 10, eta, variance, dtype, vectors, chain=False))
            for count in (7, 33, 1000):
                runs.append(run(kind, "linear", "leading", count, eta, variance, dtype, vectors, chain=False))
        # diffusers' DDIM takes its previous timestep from a stride, which agrees with the list only where the count divides
        # T; its DDPM adds noise at the last step of a trailing list, which ours does not (Algorithm 2).
        runs.append(run(kind, "linear", "trailing", 10, eta, variance, torch.float64, vectors, chain=False))
        if kind == "ddpm":
            for spacing in ("trailing", "linspace"):
                runs.append(run(kind, "linear", spacing, 7, eta, variance, torch.float64, vectors, chain=False))
        runs.append(run(kind, "linear", "leading", 10, eta, variance, torch.float64, vectors, chain=True))

    out = dict(
        made_by="tests/python/make_scheduler_fixtures.py", seed=SEED,
        versions=dict(diffusers=diffusers.__version__, torch=torch.__version__, numpy=numpy.__version__),
        beta_indices=BETA_INDICES, tables=tables, timestep_lists=lists,
        sample=rounded(vectors[0][0].tolist(), torch.float32), model_output=rounded(vectors[1][0].tolist(), torch.float32),
        noise=rounded(vectors[2][0].tolist(), torch.float32), runs=runs,
    )
    path = Path(__file__).resolve().parent.parent / "fixtures" / "diffusers_schedulers.json"
    path.parent.mkdir(exist_ok=True)
    # One run per line keeps the file small and its differences readable.
    text = json.dumps(out, separators=(",", ":")).replace('{"sampler"', '\n{"sampler"').replace('{"timestep_spacing"', '\n{"timestep_spacing"')
    path.write_text(text + "\n")
    print(f"{path}: {len(text)} bytes, {len(runs)} runs")


if __name__ == "__main__":
    main()
