"""Golden numbers of diffusers' schedulers, for tests/schedulers.rs.

    pip install torch diffusers scipy
    python tests/python/make_scheduler_fixtures.py        # writes tests/fixtures/schedulers.safetensors

Other cases, compared without touching what is committed:

    python tests/python/make_scheduler_fixtures.py --seed 1 --counts 4 9 31 --out others.safetensors
    UNNOISE_SCHEDULERS=others.safetensors cargo test --test schedulers

Each case is a scheduler's configuration and a run with it: random model outputs and known noise in, what `step` returned out.
Nothing that goes in is stored: case `i` starts at noise(seed, START, i), its evaluation `j` is given row `j` of
noise(seed, OUTPUT, i) and noise(seed, NOISE, i) (see threefry.py). Schedulers that work on x/signal are started at that.

diffusers computes its tables in float32. Here its modules see float64 in place of float32, so that formulas can be compared and not
roundings; the cases named "stock" are diffusers as it is.

What cannot be compared is left out, with diffusers' issue number:
- DDIM under `linspace`, or `trailing` with a count that does not divide T, steps to t - T//n instead of to the next of its list
  (#9261, #11347, #12633): only the timesteps are kept.
- DDPM's `fixed_large_log` takes the root of a logarithm (#14569): its numbers are those of `fixed_large`, as they are meant to be.
- FlowMatchEuler shifts its last level twice (#13243): with a shift, it is given its levels shifted once.
- `sde-dpmsolver++` of order 3 (since PR 9104) subtracts 1/2 where its term must vanish for short steps: not in the list.
- DDPM adds noise in the last step unless that is at timestep 0; Algorithm 2 of the paper does not. That noise is 0 here.
- `trailing` lists come from numpy's arange, whose rounding may add a timestep -1 at the end (499 of 1000); ours have as many as asked.
- DPMSolverMultistep with Karras levels and the cosine schedule tells the network one timestep twice (#12771): steps are counted
  from the beginning instead of looked up.
"""

import argparse
import contextlib
import importlib
import json
from pathlib import Path

import diffusers
import numpy
import scipy
import torch

import fixture_file
import threefry

SEED = 20240607
START, OUTPUT, NOISE = 2, 3, 4
SIZE = 6
SHAPE = (1, 1, 2, 3)
COUNTS = [5, 20, 7]
SPACINGS = ["leading", "trailing", "linspace"]

MODULES = dict(
    DDPMScheduler="ddpm",
    DDIMScheduler="ddim",
    DDIMInverseScheduler="ddim_inverse",
    EulerDiscreteScheduler="euler_discrete",
    EulerAncestralDiscreteScheduler="euler_ancestral_discrete",
    HeunDiscreteScheduler="heun_discrete",
    DPMSolverMultistepScheduler="dpmsolver_multistep",
    LMSDiscreteScheduler="lms_discrete",
    FlowMatchEulerDiscreteScheduler="flow_match_euler_discrete",
    FlowMatchHeunDiscreteScheduler="flow_match_heun_discrete",
)
# Those whose samples are x/signal.
SCALED = ["EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler", "HeunDiscreteScheduler", "LMSDiscreteScheduler"]
PROCESS = [name for name in MODULES if not name.startswith("Flow") and name != "DDIMInverseScheduler"]


class Wide:
    """A module with float64 in place of float32."""

    def __init__(self, module):
        self.module = module

    def __getattr__(self, name):
        return getattr(self.module, "float64" if name == "float32" else name)


@contextlib.contextmanager
def patched(module, stock, draw):
    """The scheduler's module with wide numbers and known noise."""
    old = {name: getattr(module, name) for name in ("torch", "np", "randn_tensor") if hasattr(module, name)}
    if not stock:
        torch.set_default_dtype(torch.float64)
        for name in ("torch", "np"):
            if name in old:
                setattr(module, name, Wide(old[name]))
    if "randn_tensor" in old:
        module.randn_tensor = draw
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)
        for name, value in old.items():
            setattr(module, name, value)


def cases():
    """(class, configuration, run) of every case."""
    out = []

    def add(name, run, **config):
        out.append((name, config, run))

    kinds = {name: ["epsilon", "sample", "v_prediction"] for name in PROCESS}
    kinds["EulerAncestralDiscreteScheduler"] = ["epsilon", "v_prediction"]
    betas = dict(beta_start=1e-4, beta_end=0.02)
    unclipped = {name: dict(clip_sample=False) for name in ("DDPMScheduler", "DDIMScheduler", "HeunDiscreteScheduler")}

    # Every scheduler × prediction type × spacing × count.
    for name in PROCESS:
        plain = dict(betas, **unclipped.get(name, {}))
        for kind in kinds[name]:
            for spacing in SPACINGS:
                for n in COUNTS:
                    add(name, dict(n=n), prediction_type=kind, timestep_spacing=spacing, **plain)
        # Other numbers of timesteps, other schedules, an offset, timesteps picked by hand.
        for steps, n in [(10, 3), (100, 7), (4000, 9)]:
            for spacing in SPACINGS:
                add(name, dict(n=n), num_train_timesteps=steps, timestep_spacing=spacing, **plain)
        shapes = ["scaled_linear", "squaredcos_cap_v2"] + (["sigmoid"] if name == "DDPMScheduler" else [])
        for shape in shapes:
            for kind in ["epsilon", "v_prediction"]:
                add(name, dict(n=10), beta_schedule=shape, prediction_type=kind, timestep_spacing="trailing", **plain)
        listed = [0.002 * (1 + i % 7) for i in range(50)]
        add(name, dict(n=5), num_train_timesteps=50, trained_betas=listed, timestep_spacing="trailing", **plain)
        add(name, dict(n=7), timestep_spacing="leading", steps_offset=1, **plain)
        if name not in ("DDIMScheduler", "LMSDiscreteScheduler", "EulerAncestralDiscreteScheduler"):
            add(name, dict(timesteps=[901, 700, 333, 100, 17, 4]), **plain)
        if name not in ("HeunDiscreteScheduler", "LMSDiscreteScheduler"):
            for kind in kinds[name][1:]:
                spacing = "trailing"
                add(name, dict(n=5), rescale_betas_zero_snr=True, prediction_type=kind, timestep_spacing=spacing, **plain)
        if name in SCALED[:1] + SCALED[2:] + ["DPMSolverMultistepScheduler"]:
            for shape in ["linear", "scaled_linear", "squaredcos_cap_v2"]:
                add(name, dict(n=9), use_karras_sigmas=True, beta_schedule=shape, **plain)
        if name != "LMSDiscreteScheduler":
            # Image to image: the last steps only.
            add(name, dict(n=10, strength=0.6), timestep_spacing="leading", **plain)
        add(name, dict(n=7, stock=True), timestep_spacing="leading", **plain)

    # What only some have.
    for variance in ["fixed_small_log", "fixed_large", "fixed_large_log"]:
        for spacing in ["leading", "trailing"]:
            add("DDPMScheduler", dict(n=7), variance_type=variance, timestep_spacing=spacing, clip_sample=False)
    for eta in [0.5, 1.0]:
        for kind in kinds["DDIMScheduler"]:
            add("DDIMScheduler", dict(n=20, eta=eta), prediction_type=kind, clip_sample=False)
    add("DDIMScheduler", dict(n=7), set_alpha_to_one=False, steps_offset=1, clip_sample=False)
    for rederived in [False, True]:
        for kind in kinds["DDIMScheduler"]:
            run = dict(n=7, use_clipped_model_output=rederived)
            add("DDIMScheduler", dict(run, eta=0.3), prediction_type=kind)
            add("DDIMScheduler", run, prediction_type=kind, clip_sample_range=0.7)
            add("DDIMScheduler", run, prediction_type=kind, thresholding=True, dynamic_thresholding_ratio=0.7, sample_max_value=1.5)
    for kind in kinds["DDPMScheduler"]:
        add("DDPMScheduler", dict(n=7), prediction_type=kind)
        add("DDPMScheduler", dict(n=7), prediction_type=kind, clip_sample_range=2.0)
        add("DDPMScheduler", dict(n=7), prediction_type=kind, thresholding=True, dynamic_thresholding_ratio=0.6, sample_max_value=3.0)
        add("HeunDiscreteScheduler", dict(n=7), prediction_type=kind, clip_sample=True, clip_sample_range=0.8)
        add("HeunDiscreteScheduler", dict(n=7), prediction_type=kind)
    for n in [5, 9]:
        add("EulerDiscreteScheduler", dict(n=n), final_sigmas_type="sigma_min")
        add("EulerDiscreteScheduler", dict(n=n), final_sigmas_type="sigma_min", timestep_spacing="trailing")
    solver = "DPMSolverMultistepScheduler"
    for order in [1, 2, 3]:
        for algorithm in ["dpmsolver++", "sde-dpmsolver++"]:
            if order == 3 and algorithm == "sde-dpmsolver++":
                continue
            for kind in ["midpoint", "heun"]:
                common = dict(solver_order=order, algorithm_type=algorithm, solver_type=kind)
                for n in [6, 16]:
                    add(solver, dict(n=n), **common)
                add(solver, dict(n=6), lower_order_final=False, **common)
                add(solver, dict(n=16), euler_at_final=True, **common)
                add(solver, dict(n=6), lower_order_final=False, final_sigmas_type="sigma_min", **common)
                add(solver, dict(n=6), thresholding=True, dynamic_thresholding_ratio=0.8, sample_max_value=1.2, **common)
        for shift in [1.0, 3.0]:
            flow = dict(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift)
            add(solver, dict(n=7), solver_order=order, **flow)
    for n in COUNTS:
        add("FlowMatchEulerDiscreteScheduler", dict(n=n))
        add("FlowMatchEulerDiscreteScheduler", dict(n=n, shifted_once=True), shift=3.0)
        add("FlowMatchEulerDiscreteScheduler", dict(n=n), use_karras_sigmas=True)
        add("FlowMatchHeunDiscreteScheduler", dict(n=n))
        for one in [True, False]:
            # From clean data there is no noise that a network which predicts the data could tell.
            for kind in ["epsilon", "v_prediction"] if one else ["epsilon", "sample", "v_prediction"]:
                plain = dict(clip_sample=False, set_alpha_to_one=one, prediction_type=kind)
                add("DDIMInverseScheduler", dict(n=n), **plain)
        add("DDIMInverseScheduler", dict(n=n))
    add("FlowMatchEulerDiscreteScheduler", dict(n=9), num_train_timesteps=10)
    add("FlowMatchEulerDiscreteScheduler", dict(n=7, stock=True))
    add("FlowMatchHeunDiscreteScheduler", dict(n=7, stock=True))
    return out


def scheduler_class(name):
    module = importlib.import_module(f"diffusers.schedulers.scheduling_{MODULES[name]}")
    return getattr(module, name)


def prepared(name, config, run):
    config = dict(config)
    if config.get("variance_type") == "fixed_large_log":
        config["variance_type"] = "fixed_large"
    scheduler = scheduler_class(name)(**config)
    if "timesteps" in run:
        scheduler.set_timesteps(timesteps=run["timesteps"])
    elif run.get("shifted_once"):
        scheduler.set_timesteps(sigmas=list(numpy.linspace(1, 1 / scheduler.config.num_train_timesteps, run["n"])))
    else:
        scheduler.set_timesteps(run["n"])
    return scheduler


def comparable(name, scheduler, run):
    """Whether DDIM's stride meets its list."""
    if name != "DDIMScheduler" or scheduler.config.timestep_spacing == "leading":
        return True
    divides = scheduler.config.num_train_timesteps % run["n"] == 0
    return scheduler.config.timestep_spacing == "trailing" and divides


def play(index, name, config, run):
    """(told timesteps, start's deviation, what each step returned)."""
    module = importlib.import_module(f"diffusers.schedulers.scheduling_{MODULES[name]}")
    position = [0]
    noise = torch.empty(0)

    def draw(*args, **kwargs):
        last = name == "DDPMScheduler" and position[0] == rows - 1
        return torch.zeros(SHAPE, dtype=dtype) if last else noise[position[0]].reshape(SHAPE)

    stock = run.get("stock", False)
    dtype = torch.float32 if stock else torch.float64
    with patched(module, stock, draw):
        scheduler = prepared(name, config, run)
        timesteps = scheduler.timesteps
        begin = 0
        if "strength" in run:
            begin = (run["n"] - min(int(run["n"] * run["strength"]), run["n"])) * scheduler.order
        timesteps = timesteps[begin:]
        rows = len(timesteps)
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(begin)
        deviation = float(getattr(scheduler, "init_noise_sigma", 1.0))
        if not comparable(name, scheduler, run):
            return timesteps.tolist(), deviation, None
        generated = lambda stream, shape: torch.from_numpy(threefry.noise(SEED, stream, index, shape)).to(dtype)
        outputs, noise = generated(OUTPUT, (rows, SIZE)), generated(NOISE, (rows, SIZE))
        sample = generated(START, (SIZE,)).reshape(SHAPE)
        if name in SCALED:
            sample = sample * (float(scheduler.sigmas[begin]) ** 2 + 1) ** 0.5
            deviation /= (float(scheduler.sigmas[0]) ** 2 + 1) ** 0.5
        results = []
        for position[0], t in enumerate(timesteps):
            scheduler.scale_model_input(sample, t) if hasattr(scheduler, "scale_model_input") else None
            extra = {}
            if name == "DDIMScheduler":
                extra = dict(eta=run.get("eta", 0.0), use_clipped_model_output=run.get("use_clipped_model_output", False))
            if name.startswith("DD"):
                t = int(t)
            sample = scheduler.step(outputs[position[0]].reshape(SHAPE), t, sample, **extra).prev_sample
            results.append(sample.reshape(-1).double())
        return timesteps.tolist(), deviation, torch.stack(results)


def lists():
    """Timesteps of many counts: the first five, the last five and a checksum."""
    out = []
    for name in MODULES:
        spaced = name == "DDIMInverseScheduler" or name in PROCESS
        spacings = ["leading", "trailing"] if name == "DDIMInverseScheduler" else SPACINGS if spaced else [None]
        for spacing in spacings:
            for total, counts in [(1000, [1, 2, 10, 16, 33, 48, 50, 96, 333, 498, 999, 1000]), (97, [1, 7, 48, 97])]:
                for n in counts:
                    if name.startswith("DPM") and n > total // 2:
                        continue  # two would stand on one timestep
                    config = dict(num_train_timesteps=total) | (dict(timestep_spacing=spacing) if spacing else {})
                    module = importlib.import_module(f"diffusers.schedulers.scheduling_{MODULES[name]}")
                    with patched(module, False, None):
                        told = prepared(name, config, dict(n=n)).timesteps.tolist()
                    ends = told if len(told) <= 10 else told[:5] + told[-5:]
                    checksum = sum((i + 1) * t for i, t in enumerate(told))
                    out.append({"class": name, "config": config, "n": n, "length": len(told), "ends": ends, "checksum": checksum})
    return out


def tables():
    """alphas_cumprod at a few timesteps of every schedule, and of every schedule without terminal signal."""
    out = []
    listed = [0.002 * (1 + i % 7) for i in range(1000)]
    for name in ["linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid", "listed"]:
        for total in [50, 1000, 4000]:
            for zero in [False, True]:
                config = dict(num_train_timesteps=total, rescale_betas_zero_snr=zero, prediction_type="v_prediction")
                config |= dict(trained_betas=listed[:total]) if name == "listed" else dict(beta_schedule=name)
                if name == "listed" and total > len(listed):
                    continue
                module = importlib.import_module("diffusers.schedulers.scheduling_ddpm")
                with patched(module, False, None):
                    alphas = prepared("DDPMScheduler", config, dict(n=1)).alphas_cumprod.tolist()
                at = sorted({0, 1, 2, total // 10, total // 2, total - total // 10, total - 3, total - 2, total - 1})
                config.pop("trained_betas", None)
                out.append({"config": config, "listed": name == "listed", "at": at, "alphas_cumprod": [alphas[t] for t in at]})
    return out


def main():
    global SEED, COUNTS
    committed = Path(__file__).resolve().parent.parent / "fixtures" / "schedulers.safetensors"
    parser = argparse.ArgumentParser(description="Golden numbers of diffusers' schedulers.")
    parser.add_argument("--seed", type=int, default=SEED, help="of everything random")
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS, help="numbers of steps")
    parser.add_argument("--out", type=Path, default=committed, help="the file to write")
    given = parser.parse_args()
    SEED, COUNTS, path = given.seed, given.counts, given.out
    records, timesteps, results = [], [], []
    for index, (name, config, run) in enumerate(cases()):
        told, deviation, stepped = play(index, name, config, run)
        assert stepped is None or bool(stepped.isfinite().all()), (name, config, run)
        record = {"class": name, "config": config, "run": run, "rows": len(told), "init": deviation, "compared": stepped is not None}
        records.append(record)
        timesteps += told
        if stepped is not None:
            results.append(stepped)
    tensors = dict(timesteps=torch.tensor(timesteps, dtype=torch.float64), results=torch.cat(results))
    metadata = dict(
        made_by="tests/python/make_scheduler_fixtures.py",
        seed=str(SEED),
        diffusers=diffusers.__version__,
        torch=torch.__version__,
        numpy=numpy.__version__,
        scipy=scipy.__version__,
        cases=json.dumps(records, separators=(",", ":")),
        lists=json.dumps(lists(), separators=(",", ":")),
        tables=json.dumps(tables(), separators=(",", ":")),
        # Each class's own configuration, as diffusers writes it.
        defaults=json.dumps({name: scheduler_class(name)().to_json_string() for name in MODULES}),
    )
    fixture_file.save(path, tensors, metadata)
    print(f"{path}: {path.stat().st_size} bytes, {len(records)} cases, {len(timesteps)} evaluations")


if __name__ == "__main__":
    main()
