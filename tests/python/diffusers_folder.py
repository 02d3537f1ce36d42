"""Folders as diffusers writes them, and the one that tests without Python read.

    pip install torch diffusers numpy
    python tests/python/diffusers_folder.py          # writes tests/fixtures/diffusers_folder

A folder is what `DiffusionPipeline.save_pretrained` makes of a U-Net and a scheduler:

    model_index.json
    unet/config.json, unet/diffusion_pytorch_model.safetensors
    scheduler/scheduler_config.json

Beside these lies a question and its answer, which diffusers does not read:

    input.safetensors       x f32 [B, C, H, W], t i32 [B], class_labels i32 [B] if the model takes labels
    expected.safetensors    output f32 [B, C, H, W]: PyTorch's, in float32

The committed model has 14x14 pixels, widths 8 and 16, attention at 7x7, and embeddings of ten classes and the null class.
"""

import json
import pathlib
import shutil

import diffusers
import torch

import fixture_file
import threefry
import unet_configs

SEED, BATCH = 20240607, 2
FOLDER = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "diffusers_folder"

COMMITTED = dict(
    sample_size=14,
    in_channels=1,
    out_channels=1,
    layers_per_block=1,
    block_out_channels=(8, 16),
    down_block_types=("DownBlock2D", "AttnDownBlock2D"),
    up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    attention_head_dim=8,
    norm_num_groups=4,
    num_class_embeds=11,
)


def question(config):
    """Inputs for a model: x, t and, if it takes them, class_labels. The numbers are of threefry.py, step 0."""
    tensors = {
        "x": torch.from_numpy(threefry.noise(SEED, threefry.INPUT, 0, [BATCH, config.in_channels] + [config.sample_size] * 2)),
        "t": torch.from_numpy(threefry.below(SEED, threefry.TIMESTEPS, 0, BATCH, 1000)).to(torch.int32),
    }
    limit = unet_configs.label_limit(config)
    if limit is not None:
        tensors["class_labels"] = torch.from_numpy(threefry.below(SEED, threefry.LABELS, 0, BATCH, limit)).to(torch.int32)
    return tensors


@torch.no_grad()
def answer(model, tensors):
    """The model's output, f32 [B, C, H, W]."""
    labels = tensors.get("class_labels")
    return model(tensors["x"], tensors["t"].long(), class_labels=None if labels is None else labels.long()).sample


def write(folder, model, scheduler):
    """Writes a folder with its question and answer; an existing one is replaced."""
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder / "unet")
    scheduler.save_pretrained(folder / "scheduler")
    index = {
        "_class_name": "DDPMPipeline",
        "_diffusers_version": diffusers.__version__,
        "scheduler": ["diffusers", type(scheduler).__name__],
        "unet": ["diffusers", "UNet2DModel"],
    }
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")
    tensors = question(model.config)
    made_by = {"torch": torch.__version__, "diffusers": diffusers.__version__, "seed": str(SEED)}
    fixture_file.save(folder / "input.safetensors", tensors, made_by)
    fixture_file.save(folder / "expected.safetensors", {"output": answer(model, tensors)}, made_by)


def main():
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    model = diffusers.UNet2DModel(**COMMITTED).eval()  # PyTorch's own initial weights
    write(FOLDER, model, diffusers.DDPMScheduler(num_train_timesteps=1000, beta_schedule="squaredcos_cap_v2", clip_sample=True))
    for path in sorted(FOLDER.rglob("*.*")):
        print(f"{path.relative_to(FOLDER)}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
