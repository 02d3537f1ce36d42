//! Entries of the operations on images, NHWC.

use unnoise::graph::{Activation, Conv2d};

use super::Case;
use super::cases::{at_shapes, smooth};

/// Stride 2 with padding on both sides, or behind only as diffusers does it by `downsample_padding = 0`.
const DOWN: Conv2d = Conv2d { stride: 2, ..Conv2d::SAME3 };
const DOWN_BEHIND: Conv2d = Conv2d { stride: 2, pad_before: 0, ..Conv2d::SAME3 };
const UP: Conv2d = Conv2d { upsample: 2, ..Conv2d::SAME3 };
const DOWN1: Conv2d = Conv2d { stride: 2, ..Conv2d::POINTWISE };

/// All of them.
pub fn images(all: &mut Vec<Case>) {
    convolutions(all);
    group_norms(all);
}

fn convolutions(all: &mut Vec<Case>) {
    at_shapes!(
        all,
        "conv 3×3",
        [
            [&[1, 3, 3, 1], &[3, 3, 1, 1], &[1]],
            [&[2, 5, 4, 3], &[3, 3, 3, 5], &[5]],
            [&[1, 6, 7, 4], &[3, 3, 4, 8], &[8]],
            [&[2, 4, 4, 8], &[3, 3, 8, 3], &[3]]
        ],
        |g, x| g.conv2d(x[0], x[1], Some(x[2]), None, Conv2d::SAME3)
    );
    at_shapes!(all, "conv 3×3 large", [[&[2, 15, 17, 4], &[3, 3, 4, 36]], [&[3, 9, 8, 5], &[3, 3, 5, 33]]], |g, x| g.conv2d(
        x[0],
        x[1],
        None,
        None,
        Conv2d::SAME3
    ));
    at_shapes!(
        all,
        "conv stride 2",
        [
            [&[1, 4, 4, 4], &[3, 3, 4, 4]],
            [&[2, 7, 5, 3], &[3, 3, 3, 2]],
            [&[1, 6, 8, 2], &[3, 3, 2, 5]],
            [&[1, 13, 9, 20], &[3, 3, 20, 24]]
        ],
        |g, x| g.conv2d(x[0], x[1], None, None, DOWN)
    );
    at_shapes!(
        all,
        "conv stride 2, padding behind",
        [[&[1, 4, 4, 4], &[3, 3, 4, 4]], [&[2, 7, 5, 3], &[3, 3, 3, 2]], [&[1, 6, 8, 2], &[3, 3, 2, 5]]],
        |g, x| g.conv2d(x[0], x[1], None, None, DOWN_BEHIND)
    );
    at_shapes!(
        all,
        "conv of upsampled",
        [[&[1, 2, 2, 4], &[3, 3, 4, 4]], [&[2, 3, 1, 3], &[3, 3, 3, 2]], [&[1, 3, 4, 1], &[3, 3, 1, 5]], [&[1, 6, 5, 20], &[3, 3, 20, 18]]],
        |g, x| g.conv2d(x[0], x[1], None, None, UP)
    );
    at_shapes!(
        all,
        "conv 1×1",
        [[&[2, 3, 3, 5], &[1, 1, 5, 3], &[3]], [&[1, 4, 4, 8], &[1, 1, 8, 12], &[12]], [&[1, 1, 2, 1], &[1, 1, 1, 1], &[1]]],
        |g, x| g.conv2d(x[0], x[1], Some(x[2]), None, Conv2d::POINTWISE)
    );
    at_shapes!(
        all,
        "conv 1×1 stride 2",
        [[&[2, 3, 3, 5], &[1, 1, 5, 3]], [&[1, 4, 4, 8], &[1, 1, 8, 4]], [&[1, 5, 2, 1], &[1, 1, 1, 1]]],
        |g, x| g.conv2d(x[0], x[1], None, None, DOWN1)
    );
    at_shapes!(
        all,
        "conv with bias and shift",
        [
            [&[3, 3, 3, 2], &[3, 3, 2, 3], &[3], &[3, 3]],
            [&[2, 4, 5, 4], &[3, 3, 4, 8], &[8], &[2, 8]],
            [&[1, 2, 2, 1], &[3, 3, 1, 6], &[6], &[1, 6]],
            [&[2, 7, 6, 36], &[3, 3, 36, 40], &[40], &[2, 40]]
        ],
        |g, x| g.conv2d(x[0], x[1], Some(x[2]), Some(x[3]), Conv2d::SAME3)
    );
    // Activation, gate and sums ride behind convolutions and their derivatives.
    at_shapes!(
        all,
        "conv fused",
        [[&[2, 3, 4, 3], &[3, 3, 3, 3], &[3]], [&[1, 4, 4, 4], &[3, 3, 4, 4], &[4]], [&[2, 5, 5, 6], &[3, 3, 6, 6], &[6]]],
        |g, x| {
            let w = g.scale(x[1], 0.2)?;
            let z = g.conv2d(x[0], w, Some(x[2]), None, Conv2d::SAME3)?;
            let h = g.activate(z, Activation::Silu)?;
            let y = g.conv2d(h, w, Some(x[2]), None, Conv2d::SAME3)?;
            g.add(y, x[0])
        }
    );
    at_shapes!(
        all,
        "long sums",
        [[&[1, 40, 30, 3], &[3, 3, 3, 4]], [&[1, 33, 35, 4], &[3, 3, 4, 8]], [&[5, 16, 16, 1], &[3, 3, 1, 2]]],
        |g, x| {
            let y = g.conv2d(x[0], x[1], None, None, Conv2d::SAME3)?;
            g.scale(y, 0.1)
        }
    );
    at_shapes!(all, "matmul of long sums", [[&[1024, 8], &[1024, 4]], [&[2048, 5], &[2048, 3]], [&[1100, 12], &[1100, 20]]], |g, x| {
        let y = g.matmul(x[0], x[1], true, false)?;
        g.scale(y, 0.05)
    });
}

fn group_norms(all: &mut Vec<Case>) {
    at_shapes!(
        all,
        "group norm, 1 channel each",
        [[&[1, 3, 3, 2], &[2], &[2]], [&[2, 5, 4, 2], &[2], &[2]], [&[3, 20, 2], &[2], &[2]]],
        |g, x| g.group_norm(&x[..1], x[1], x[2], None, 2, 1e-5, None)
    );
    at_shapes!(
        all,
        "group norm and SiLU",
        [[&[1, 3, 3, 6], &[6], &[6]], [&[2, 5, 4, 12], &[12], &[12]], [&[3, 2, 2, 9], &[9], &[9]], [&[1, 18, 17, 3], &[3], &[3]]],
        |g, x| g.group_norm(&x[..1], x[1], x[2], None, 3, 1e-5, Some(Activation::Silu))
    );
    // Too many to keep in registers, backwards only or both ways.
    at_shapes!(
        all,
        "group norm of many pixels",
        [[&[1, 47, 56, 4], &[4], &[4]], [&[1, 61, 64, 4], &[4], &[4]], [&[1, 63, 65, 2], &[2], &[2]]],
        |g, x| g.group_norm(&x[..1], x[1], x[2], None, 2, 1e-5, Some(Activation::Silu))
    );
    at_shapes!(
        all,
        "group norm, one group",
        [[&[2, 3, 3, 5], &[5], &[5]], [&[1, 2, 1, 70], &[70], &[70]], [&[2, 4, 8], &[8], &[8]]],
        |g, x| g.group_norm(&x[..1], x[1], x[2], None, 1, 1e-3, Some(Activation::Gelu))
    );
    at_shapes!(
        all,
        "adaptive group norm",
        [[&[1, 3, 3, 4], &[4], &[4], &[1, 8]], [&[3, 5, 4, 6], &[6], &[6], &[3, 12]], [&[2, 17, 16, 2], &[2], &[2], &[2, 4]]],
        |g, x| g.group_norm(&x[..1], x[1], x[2], Some(x[3]), 2, 1e-5, Some(Activation::Silu))
    );
    // Channels of two tensors, in groups that lie across the seam.
    at_shapes!(
        all,
        "group norm of two",
        [
            [&[1, 3, 3, 2], &[1, 3, 3, 4], &[6], &[6], &[1, 12]],
            [&[3, 5, 4, 5], &[3, 5, 4, 4], &[9], &[9], &[3, 18]],
            [&[2, 17, 16, 4], &[2, 17, 16, 2], &[6], &[6], &[2, 12]]
        ],
        |g, x| {
            let y = g.group_norm(&x[..2], x[2], x[3], Some(x[4]), 3, 1e-5, Some(Activation::Silu))?;
            let part = g.slice(y, 3, 0, 2)?;
            let own = g.slice(x[0], 3, 0, 2)?;
            g.add(part, own)
        }
    );
    // The gradient of the skip is added behind that of the norm.
    at_shapes!(
        all,
        "group norm in a residual",
        [[&[1, 3, 3, 4], &[4], &[4]], [&[2, 5, 4, 6], &[6], &[6]], [&[3, 2, 2, 2], &[2], &[2]]],
        |g, x| {
            let y = g.group_norm(&x[..1], x[1], x[2], None, 2, 1e-5, Some(Activation::Silu))?;
            g.add(y, x[0])
        }
    );
}
