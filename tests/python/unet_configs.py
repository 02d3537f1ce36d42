"""The `UNet2DModel` configs that fixtures and the round trip are made with, and how a model gets its generated weights."""

import diffusers
import torch

import threefry

# What is not named has diffusers' default.
CONFIGS = {
    # The MNIST model of the Hugging Face diffusion course, unit 2 (without its class embedding): eight heads of size 8.
    "course": dict(
        sample_size=28,
        in_channels=1,
        out_channels=1,
        layers_per_block=2,
        block_out_channels=(32, 64, 64),
        down_block_types=("DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
    ),
    # Two heads of size 10 over 25 tokens, groups of 4, 6 and 8 channels, and the variants of the timestep embedding and of
    # the padding before strided convolutions (0 stands for one row and column of zeros after the image's end).
    "two_heads": dict(
        sample_size=10,
        in_channels=2,
        out_channels=2,
        layers_per_block=1,
        block_out_channels=(10, 20),
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=10,
        norm_num_groups=5,
        norm_eps=1e-3,
        flip_sin_to_cos=False,
        freq_shift=1,
        downsample_padding=0,
    ),
    # Resnet blocks that pool and that upsample; a block has them only if it has attention. Another activation, sizes that
    # differ in and out.
    "resnet": dict(
        sample_size=12,
        in_channels=3,
        out_channels=2,
        center_input_sample=True,
        layers_per_block=1,
        block_out_channels=(12, 18),
        down_block_types=("AttnDownBlock2D", "DownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        downsample_type="resnet",
        upsample_type="resnet",
        attention_head_dim=6,
        norm_num_groups=6,
        act_fn="gelu",
    ),
    # Adaptive group norm, three levels, 16 tokens, no attention in the middle.
    "scale_shift": dict(
        sample_size=16,
        in_channels=1,
        out_channels=1,
        layers_per_block=1,
        block_out_channels=(8, 12, 16),
        down_block_types=("DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
        attention_head_dim=4,
        norm_num_groups=4,
        resnet_time_scale_shift="scale_shift",
        add_attention=False,
    ),
    # Class labels twice: a table of embeddings (ten classes and the null class), and four more input channels as in the
    # course's conditional model. `attention_head_dim` null is one head of all channels.
    "classes": dict(
        sample_size=14,
        in_channels=5,
        out_channels=1,
        layers_per_block=1,
        block_out_channels=(8, 16),
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=None,
        norm_num_groups=4,
        num_class_embeds=11,
    ),
    # Labels embedded as timesteps are. Adaptive group norm with attention in the middle, which then has no group norm
    # (diffusers leaves it out there, and only there).
    "class_timestep": dict(
        sample_size=8,
        in_channels=1,
        out_channels=1,
        layers_per_block=1,
        block_out_channels=(8, 8),
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
        attention_head_dim=4,
        norm_num_groups=2,
        act_fn="relu",
        resnet_time_scale_shift="scale_shift",
        class_embed_type="timestep",
    ),
}


def build(name, seed, dtype=torch.float32):
    """The model of `CONFIGS[name]` with the weights that threefry.weights generates, and the weights themselves."""
    model = diffusers.UNet2DModel(**CONFIGS[name])
    shapes = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    weights = threefry.weights(shapes, seed)
    model.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
    return model.to(dtype), weights


def label_limit(config):
    """Labels are drawn from 0 to this number (excluded); None for a model that takes none."""
    if config.class_embed_type == "timestep":
        return 1000
    return config.num_class_embeds
