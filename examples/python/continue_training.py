"""Goes on training a U-Net that was trained in the page, with diffusers and Hugging Face Accelerate, on as many GPUs or hosts
as there are. What it saves opens in the page again.

    pip install -r examples/python/requirements.txt

Export the model from the page (or from the example `train`) and unpack the folder. It is a diffusers folder: unet/ with
config.json and diffusion_pytorch_model.safetensors, scheduler/ with scheduler_config.json, and model_index.json. A flat folder
with these files side by side (config.json, the weights, perhaps scheduler_config.json) is taken too. The result has the layout
of what was given.

Images are an IDX file, such as MNIST's train-images-idx3-ubyte (gzip or not), and labels are one too. Images of twice the
model's size are reduced to it by the mean of 2x2 pixels, as the page does it for its 14x14 models.

One GPU:

    accelerate launch --num_processes 1 --mixed_precision no examples/python/continue_training.py \\
        --folder exported --out continued --images train-images-idx3-ubyte.gz --labels train-labels-idx1-ubyte.gz --steps 5000

Eight GPUs of one host:

    accelerate launch --multi_gpu --num_processes 8 --mixed_precision bf16 examples/python/continue_training.py ...

Two hosts of eight (on the second, --machine_rank 1):

    accelerate launch --multi_gpu --num_machines 2 --num_processes 16 --machine_rank 0 --main_process_ip HOST \\
        --main_process_port 29500 --mixed_precision bf16 examples/python/continue_training.py ...

Two processes on the CPU, to try it (`--multi_gpu` makes Accelerate start them, the script's own --cpu keeps them off any
GPU; `accelerate launch --cpu --num_processes 2` alone starts just one process, unless it is given an MPI hostfile):

    accelerate launch --multi_gpu --num_processes 2 --num_machines 1 --mixed_precision no \\
        examples/python/continue_training.py --cpu ...

`python examples/python/continue_training.py ...` is one process on what there is.

Every process takes batches of --batch-size of its own, so that n processes train on n times as many images per step; their
gradients are averaged. The optimiser (AdamW) starts afresh: a folder holds weights, and not its state. Models with
`num_class_embeds` learn with labels; its last class is the null class, which replaces --label-dropout of the labels so that
guidance has something to subtract. With --ema, the moving average of the weights is what is saved, starting from the weights
that were given.
"""

import argparse
import gzip
import json
import math
import pathlib
import time
import zlib

import accelerate
import diffusers
import numpy as np
import torch
from diffusers.training_utils import EMAModel
from torch import nn

WEIGHTS = "diffusion_pytorch_model.safetensors"


class Fault(Exception):
    """Something the user can put right; the message says what and how."""


# --- Folders --------------------------------------------------------------------------------------------------------------


def load_folder(folder):
    """Model, scheduler and whether the layout is flat."""
    if not folder.is_dir():
        raise Fault(f"--folder {folder}: no such folder")
    flat = not (folder / "unet").is_dir()
    unet = folder if flat else folder / "unet"
    if not (unet / "config.json").is_file():
        raise Fault(f"--folder {folder}: has neither unet/config.json nor config.json; give the folder that was exported")
    if not (unet / WEIGHTS).is_file():
        raise Fault(f"{unet}: has no {WEIGHTS}")
    config = read_json(unet / "config.json")
    if config.get("_class_name", "UNet2DModel") != "UNet2DModel":
        raise Fault(f"{unet / 'config.json'}: _class_name is {config['_class_name']}; only UNet2DModel can be trained here")
    try:
        model, info = diffusers.UNet2DModel.from_pretrained(unet, output_loading_info=True)
    except Exception as error:
        raise Fault(f"{unet}: config.json and {WEIGHTS} do not fit: {str(error).split('. If you want')[0]}") from error
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if info.get(kind):
            raise Fault(f"{unet / WEIGHTS}: {kind.replace('_', ' ')} for this config.json, first {list(info[kind])[0]}")
    check_model(model.config, unet)
    place = folder if flat else folder / "scheduler"
    if (place / "scheduler_config.json").is_file():
        scheduler = diffusers.DDPMScheduler.from_pretrained(place)
    elif flat:
        scheduler = diffusers.DDPMScheduler(num_train_timesteps=1000)
        accelerate.PartialState().print(f"{place}: no scheduler_config.json; taking diffusers' default, linear with 1000 timesteps")
    else:
        raise Fault(f"{place}: has no scheduler_config.json")
    if scheduler.config.prediction_type not in ("epsilon", "v_prediction"):
        raise Fault(f"{place}: prediction_type {scheduler.config.prediction_type}; epsilon and v_prediction can be trained here")
    return model, scheduler, flat


def read_json(path):
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise Fault(f"{path}: not JSON: {error}") from error


def check_model(config, unet):
    if config.in_channels != config.out_channels:
        raise Fault(
            f"{unet / 'config.json'}: in_channels {config.in_channels} and out_channels {config.out_channels} differ; a model that "
            "takes its class as further channels cannot be trained here, one with num_class_embeds can"
        )
    if config.class_embed_type is not None:
        raise Fault(f"{unet / 'config.json'}: class_embed_type {config.class_embed_type}; only num_class_embeds can be trained here")


def save_folder(out, model, scheduler, flat):
    """Writes the folder; every file is complete before it takes its name."""
    part = out / ".part"
    model.save_pretrained(part if flat else part / "unet")
    scheduler.save_pretrained(part if flat else part / "scheduler")
    if not flat:
        index = {
            "_class_name": "DDPMPipeline",
            "_diffusers_version": diffusers.__version__,
            "scheduler": ["diffusers", "DDPMScheduler"],
            "unet": ["diffusers", "UNet2DModel"],
        }
        (part / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")
    for path in [p for p in part.rglob("*") if p.is_file()]:
        target = out / path.relative_to(part)
        target.parent.mkdir(exist_ok=True)
        path.replace(target)
    for path in sorted(part.rglob("*"), reverse=True):
        path.rmdir()
    part.rmdir()


# --- Images ---------------------------------------------------------------------------------------------------------------


def read_idx(path, option, dimensions):
    """The bytes of an IDX file as an array with one of the given numbers of dimensions."""
    if not path.is_file():
        raise Fault(f"{option} {path}: no such file")
    data = path.read_bytes()
    try:
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError, zlib.error) as error:
        raise Fault(f"{option} {path}: broken gzip: {error}") from error
    if len(data) < 4 or data[:3] != b"\0\0\x08" or data[3] not in dimensions:
        wanted = " or ".join(f"{0x800 + d:#010x}" for d in dimensions)
        raise Fault(f"{option} {path}: starts with 0x{data[:4].hex()}; an IDX file of this kind starts with {wanted}")
    head = 4 + 4 * data[3]
    shape = np.frombuffer(data[4:head], dtype=">u4").astype(int).tolist() if len(data) >= head else []
    if not shape or len(data) - head != math.prod(shape):
        raise Fault(f"{option} {path}: has {max(len(data) - head, 0)} bytes of data, its header asks for {shape}; is it complete?")
    return np.frombuffer(data, dtype=np.uint8, offset=head).reshape(shape)


def read_images(path, config):
    """u8 [n, channels, side, side], of the model's size."""
    images = read_idx(path, "--images", (3, 4))
    images = images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)
    size = config.sample_size
    side = size if isinstance(size, int) else size[0]
    if images.shape[1] != config.in_channels:
        raise Fault(f"--images {path}: {images.shape[1]} channel(s) per image, the model has {config.in_channels}")
    if images.shape[2:] == (2 * side, 2 * side):
        quads = images.reshape(len(images), -1, side, 2, side, 2).astype(np.uint16)
        images = ((quads.sum(axis=(3, 5)) + 2) // 4).astype(np.uint8)
    if images.shape[2:] != (side, side):
        height, width = images.shape[2:]
        raise Fault(f"--images {path}: images of {height}x{width}; the model needs {side}x{side}, or twice that to be reduced")
    return torch.from_numpy(np.ascontiguousarray(images))


def read_labels(path, count, config):
    """int64 [n], or None for a model without labels."""
    classes = config.num_class_embeds
    if classes is None:
        if path is not None:
            accelerate.PartialState().print("the model takes no labels (config.json has no num_class_embeds): --labels is not used")
        return None
    if path is None:
        raise Fault(f"the model takes class labels (num_class_embeds {classes}); give their IDX file with --labels")
    labels = read_idx(path, "--labels", (1,))
    if len(labels) != count:
        raise Fault(f"--labels {path}: {len(labels)} labels for {count} images")
    if labels.max() >= classes - 1:
        raise Fault(f"--labels {path}: label {labels.max()}; the model knows 0 to {classes - 2} and the null class {classes - 1}")
    return torch.from_numpy(labels.astype(np.int64))


class Images(torch.utils.data.Dataset):
    """Images and labels in memory, fetched by the batch."""

    def __init__(self, images, labels):
        self.images, self.labels = images, torch.zeros(len(images), dtype=torch.int64) if labels is None else labels

    def __len__(self):
        return len(self.images)

    def __getitems__(self, indices):
        return self.images[indices], self.labels[indices]


def as_it_is(batch):
    return batch


def forever(loader):
    """Batches of one pass after another, each in an order of its own."""
    epoch = 0
    while True:
        loader.set_epoch(epoch)
        yield from loader
        epoch += 1


# --- Training -------------------------------------------------------------------------------------------------------------


def loss_of(model, scheduler, config, images, labels, dropout, random):
    """DDPM's simple loss of a batch of bytes."""
    x0 = images.float() * 2.0 / 255.0 - 1.0
    noise = torch.randn(x0.shape, generator=random, device=x0.device)
    t = torch.randint(scheduler.config.num_train_timesteps, (len(x0),), generator=random, device=x0.device)
    if config.num_class_embeds is None:
        labels = None
    else:
        dropped = torch.rand(len(x0), generator=random, device=x0.device) < dropout
        labels = torch.where(dropped, config.num_class_embeds - 1, labels)
    target = noise if scheduler.config.prediction_type == "epsilon" else scheduler.get_velocity(x0, noise, t)
    predicted = model(scheduler.add_noise(x0, noise, t), t, class_labels=labels).sample
    return nn.functional.mse_loss(predicted.float(), target)


def save(accelerator, args, model, scheduler, ema, flat):
    """The main process writes; the others wait for it."""
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        bare = accelerator.unwrap_model(model)
        if ema is not None:
            ema.store(bare.parameters())
            ema.copy_to(bare.parameters())
        save_folder(args.out, bare, scheduler, flat)
        if ema is not None:
            ema.restore(bare.parameters())
    accelerator.wait_for_everyone()


def train(args, accelerator):
    model, scheduler, flat = load_folder(args.folder)
    images = read_images(args.images, model.config)
    labels = read_labels(args.labels, len(images), model.config)
    together = args.batch_size * accelerator.num_processes
    if len(images) < together:
        raise Fault(f"--images {args.images}: {len(images)} images are fewer than a batch of {together}; lower --batch-size")
    try:
        args.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Fault(f"--out {args.out}: {error.strerror}") from error

    config, device = model.config, accelerator.device
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate, weight_decay=args.weight_decay)
    loader = torch.utils.data.DataLoader(
        Images(images, labels),
        batch_size=args.batch_size,
        shuffle=True,
        drop_last=True,
        collate_fn=as_it_is,
        generator=torch.Generator().manual_seed(args.seed),
    )
    model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
    ema = None
    if args.ema > 0 and accelerator.is_main_process:
        ema = EMAModel(accelerator.unwrap_model(model).parameters(), decay=args.ema)
    random = torch.Generator(device).manual_seed(args.seed + 1_000_003 * (1 + accelerator.process_index))
    parameters = sum(p.numel() for p in model.parameters())
    accelerator.print(
        f"{parameters:,} parameters, {len(images):,} images, {accelerator.num_processes} process(es) on {device.type}, "
        f"{together} images per step"
    )

    total, counted, start = torch.zeros((), device=device), 0, time.time()
    for step, (pixels, classes) in zip(range(1, args.steps + 1), forever(loader)):
        loss = loss_of(model, scheduler, config, pixels, classes, args.label_dropout, random)
        accelerator.backward(loss)
        if args.max_grad_norm > 0:
            accelerator.clip_grad_norm_(model.parameters(), args.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad()
        if ema is not None:
            ema.step(accelerator.unwrap_model(model).parameters())
        total += loss.detach()
        counted += 1
        if step == 1 or step % args.log_every == 0 or step == args.steps:
            mean = accelerator.reduce(total / counted, reduction="mean").item()
            if not math.isfinite(mean):
                raise Fault(f"the loss is {mean} by step {step}; nothing was saved since. Try a lower --learning-rate")
            rate = step / (time.time() - start)
            left = (args.steps - step) / rate
            accelerator.print(f"step {step}/{args.steps}  loss {mean:.4f}  {rate * together:.0f} images/s  {left:.0f} s left", flush=True)
            total.zero_()
            counted = 0
        if args.save_every and step % args.save_every == 0 and step < args.steps:
            save(accelerator, args, model, scheduler, ema, flat)
    save(accelerator, args, model, scheduler, ema, flat)
    accelerator.print(f"saved {args.out}")


def at_least(kind, smallest, largest=math.inf):
    """An argument's type: a number within bounds."""

    def parse(text):
        value = kind(text)
        if not smallest <= value <= largest:
            bounds = f"at least {smallest}" if largest == math.inf else f"from {smallest} to {largest}"
            raise argparse.ArgumentTypeError(f"{text} must be {bounds}")
        return value

    parse.__name__ = "number"
    return parse


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    path, count, share = pathlib.Path, at_least(int, 1), at_least(float, 0, 1)
    parser.add_argument("--folder", type=path, required=True, help="the exported diffusers folder")
    parser.add_argument("--out", type=path, required=True, help="folder for the result; files of these names there are replaced")
    parser.add_argument("--images", type=path, required=True, help="IDX file of images [n, h, w] or [n, h, w, channels], gzip or not")
    parser.add_argument("--labels", type=path, help="IDX file of labels, for models with num_class_embeds")
    parser.add_argument("--cpu", action="store_true", help="train on the CPU even if there is a GPU")
    parser.add_argument("--steps", type=count, default=1000, help="training steps (default %(default)s)")
    parser.add_argument("--batch-size", type=count, default=64, help="images per step and process (default %(default)s)")
    parser.add_argument("--learning-rate", type=at_least(float, 0), default=1e-3, help="of AdamW (default %(default)s)")
    parser.add_argument("--weight-decay", type=at_least(float, 0), default=0.0, help="of AdamW (default %(default)s)")
    parser.add_argument("--max-grad-norm", type=at_least(float, 0), default=1.0, help="clips gradients; 0: does not (default %(default)s)")
    parser.add_argument("--label-dropout", type=share, default=0.1, help="share of labels replaced by the null class (default %(default)s)")
    parser.add_argument("--ema", type=share, default=0.999, help="decay of the average that is saved; 0: no average (default %(default)s)")
    parser.add_argument("--seed", type=at_least(int, 0), default=0, help="of order, noise and timesteps (default %(default)s)")
    parser.add_argument("--log-every", type=count, default=50, help="steps between lines (default %(default)s)")
    parser.add_argument("--save-every", type=at_least(int, 0), default=0, help="steps between saves; 0: at the end only (default)")
    return parser.parse_args()


def main():
    args = arguments()
    accelerator = accelerate.Accelerator(cpu=args.cpu)
    try:
        train(args, accelerator)
    except Fault as fault:
        raise SystemExit(f"continue_training.py: {fault}" if accelerator.is_main_process else 1) from None
    finally:
        accelerator.end_training()


if __name__ == "__main__":
    main()
