"""Folders travel from diffusers to this engine and back.

    pip install torch diffusers safetensors numpy
    python tests/python/round_trip.py                      # all models of unet_configs.py, and the committed folder
    python tests/python/round_trip.py two_heads resnet     # or some

For each model (with two noise schedules in turn):

1. diffusers writes a folder (diffusers_folder.py says what lies in it), with generated weights and an `input.safetensors`.
2. `cargo run --release --example folder -- check <folder in> <folder out>` loads it with this engine, runs the model on the
   input, and writes <folder out>: the same model and schedule as a folder of its own, and `output.safetensors`
   (output f32 [B, C, H, W]) beside it. Another program of the same kind can be named with --command.
3. `UNet2DModel.from_pretrained` and `DDPMScheduler.from_pretrained` load <folder out>. What must hold:
   - `output.safetensors` is within 2e-5 of PyTorch's output of the model that was written;
   - the model that came back has the same config, key by key, the same weights, bit by bit, and gives the same output, bit by bit;
   - the scheduler that came back has the same noise schedule and prediction type. (Keys that only matter to diffusers' own
     sampling are printed if they differ, and nothing more.)

Exits with 1 if something does not hold, after trying all.
"""

import argparse
import json
import pathlib
import shlex
import subprocess
import sys
import tempfile

import diffusers
import safetensors.torch
import torch

import diffusers_folder
import unet_configs

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = "cargo run --release --quiet --example folder --"
TOLERANCE = 2e-5
SCHEDULES = [dict(beta_schedule="squaredcos_cap_v2"), dict(beta_schedule="linear", beta_start=2e-4, beta_end=0.015)]
# Keys of a scheduler that say what the model was trained for.
PROCESS = ["num_train_timesteps", "beta_schedule", "beta_start", "beta_end", "trained_betas", "prediction_type"]
PROCESS += ["rescale_betas_zero_snr"]


def settings(config):
    """A config without what diffusers adds about versions and places."""
    return {key: list(v) if isinstance(v, tuple) else v for key, v in config.items() if not key.startswith("_")}


def differences(want, got):
    """`key: got instead of want` for every key whose value differs."""
    keys = sorted(set(want) | set(got))
    missing = "nothing"
    return [f"{k}: {got.get(k, missing)} instead of {want.get(k, missing)}" for k in keys if want.get(k, missing) != got.get(k, missing)]


def compare(model, scheduler, source, target):
    """What is wrong with the folder `target`, into which the engine has written `source` again: a list of sentences."""
    faults = []
    tensors = safetensors.torch.load_file(source / "input.safetensors")
    want = diffusers_folder.answer(model, tensors)
    path = target / "output.safetensors"
    if not path.is_file():
        return [f"{path.name} was not written"]
    got = safetensors.torch.load_file(path).get("output")
    if got is None or got.shape != want.shape:
        faults.append(f"output.safetensors has no tensor output of shape {list(want.shape)}")
    else:
        off = float((got - want).abs().max())
        print(f"    output within {off:.1e} of PyTorch's", flush=True)
        if not off <= TOLERANCE:
            faults.append(f"output off by {off:.1e}, allowed are {TOLERANCE:.0e}")

    # The loader fills missing keys with defaults and missing weights with random ones: look at the files too.
    returned, info = diffusers.UNet2DModel.from_pretrained(target / "unet", output_loading_info=True)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if info.get(kind):
            faults.append(f"unet has {kind.replace('_', ' ')}: {', '.join(map(str, info[kind]))}")
    if faults and any(info.values()):
        return faults
    faults += [f"unet/config.json, {d}" for d in differences(settings(model.config), settings(returned.config))]
    theirs, ours = model.state_dict(), returned.state_dict()
    faults += [f"weight {name} has changed" for name in theirs if name not in ours or not torch.equal(theirs[name], ours[name])]
    if not faults and not torch.equal(diffusers_folder.answer(returned.eval(), tensors), want):
        faults.append("the model that came back gives another output")

    back = diffusers.DDPMScheduler.from_pretrained(target / "scheduler")
    for difference in differences(settings(scheduler.config), settings(back.config)):
        if difference.split(":")[0] in PROCESS:
            faults.append(f"scheduler_config.json, {difference}")
        else:
            print(f"    note: scheduler_config.json, {difference}")
    if float((scheduler.alphas_cumprod - back.alphas_cumprod).abs().max()) > 0:
        faults.append("the scheduler's table alphas_cumprod has changed")
    index = target / "model_index.json"
    classes = json.loads(index.read_text()) if index.is_file() else {}
    if classes.get("unet") != ["diffusers", "UNet2DModel"] or "scheduler" not in classes:
        faults.append("model_index.json does not name unet and scheduler")
    return faults


def travel(command, model, scheduler, source, target):
    """Sends the folder `source` through the engine; the faults found."""
    done = subprocess.run([*shlex.split(command), "check", str(source), str(target)], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        return [f"{command} check failed with {done.returncode}:\n{done.stderr.strip()[-2000:]}"]
    return compare(model, scheduler, source, target)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"models: {', '.join(unet_configs.CONFIGS)}, committed (default: all)")
    parser.add_argument("--command", default=COMMAND, help=f"the engine (default: {COMMAND})")
    parser.add_argument("--keep", type=pathlib.Path, help="keep the folders under this one (default: a temporary folder)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    names = args.names or [*unet_configs.CONFIGS, "committed"]
    for name in names:
        if name != "committed" and name not in unet_configs.CONFIGS:
            parser.error(f"no model {name!r}; there are {', '.join(unet_configs.CONFIGS)}, committed")

    bad = 0
    with tempfile.TemporaryDirectory() as temporary:
        place = (args.keep or pathlib.Path(temporary)).resolve()
        for number, name in enumerate(names):
            source, target = place / f"{name}.in", place / f"{name}.out"
            print(f"{name}:", flush=True)
            if name == "committed":
                source = diffusers_folder.FOLDER
                model = diffusers.UNet2DModel.from_pretrained(source / "unet")
                scheduler = diffusers.DDPMScheduler.from_pretrained(source / "scheduler")
            else:
                model, _ = unet_configs.build(name, diffusers_folder.SEED)
                scheduler = diffusers.DDPMScheduler(**SCHEDULES[number % len(SCHEDULES)])
                diffusers_folder.write(source, model.eval(), scheduler)
            faults = travel(args.command, model.eval(), scheduler, source, target)
            for fault in faults:
                print(f"    WRONG: {fault}")
            bad += bool(faults)
    print(f"{len(names) - bad} of {len(names)} folders came back as they were")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
