"""Scheduler configurations that this engine writes load in diffusers, key by key, and sample there.

    pip install torch diffusers scipy
    python tests/python/scheduler_round_trip.py

Runs `cargo test --test scheduler_config what_is_written` with UNNOISE_WRITE_SCHEDULERS set to a temporary folder, then loads each
file by the class that it names: every key must be one of that class and come back as it was, no key may be left out that the class
would fill with another value than the engine assumed, and three steps must give finite numbers. Exits with 1 if one does not hold.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import torch

import make_scheduler_fixtures as fixtures

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = "cargo test --quiet --test scheduler_config what_is_written".split()


def faults(config):
    """What does not hold of a configuration."""
    name = config["_class_name"]
    scheduler = fixtures.scheduler_class(name).from_config(config)
    for key, value in config.items():
        if key != "_class_name" and (key not in scheduler.config or scheduler.config[key] != value):
            yield f"{key} is {scheduler.config.get(key, 'no key')!r}, written as {value!r}"
    # What the class fills in must be what changes nothing: its own default.
    defaults = fixtures.scheduler_class(name)().config
    for key, value in scheduler.config.items():
        if not key.startswith("_") and key not in config and value != defaults[key]:
            yield f"{key} was left out and became {value!r}"
    scheduler.set_timesteps(10)
    sample = torch.randn(1, 1, 4, 4, generator=torch.Generator().manual_seed(1)).double()
    for t in scheduler.timesteps[:3]:
        if name.startswith("DD"):
            t = int(t)
        scheduler.scale_model_input(sample, t) if hasattr(scheduler, "scale_model_input") else None
        sample = scheduler.step(0.3 * sample, t, sample).prev_sample
    if not bool(sample.isfinite().all()):
        yield "three steps give numbers that are not finite"


def main():
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(COMMAND, cwd=ROOT, check=True, env=dict(os.environ, UNNOISE_WRITE_SCHEDULERS=folder))
        files = sorted(pathlib.Path(folder).glob("*.json"), key=lambda path: int(path.stem))
        for path in files:
            config = json.loads(path.read_text())
            found = list(faults(config))
            print(f"{config['_class_name']}: {'; '.join(found) or 'loads and samples'}")
            bad += bool(found)
        print(f"{len(files)} files, {bad} with faults")
    sys.exit(1 if bad or not files else 0)


if __name__ == "__main__":
    main()
