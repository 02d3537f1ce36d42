/** The networks raced, written once over what each engine has to offer. */
import type { Config, MlpConfig, UnetConfig } from "../../engine-types";
import type { RaceCase } from "./api";

/**
 * Operations of an engine on its own kind of array. Images are in whichever layout it likes, tokens are `[B, T, C]`, rows
 * `[B, C]`. Parameters are asked for by their names in PyTorch. Every operation uses its arguments up; `keep` makes another use.
 */
export interface Ops<T> {
  keep(x: T): T;
  drop(x: T): void;
  /** Rows of a table by labels `[B]`. */
  embedding(name: string, labels: T): T;
  /** On rows or tokens. */
  linear(name: string, x: T): T;
  silu(x: T): T;
  add(x: T, y: T): T;
  /** Channels of two images, or of rows, side by side. */
  join(x: T, y: T): T;
  /** 3×3 with a border of one zero, or 1×1, as its weight is; `rows` are added to every pixel of their image. */
  conv(name: string, x: T, stride: 1 | 2, rows?: T): T;
  groupNorm(name: string, x: T, groups: number, eps: number): T;
  /** Every pixel four times. */
  upsample(x: T): T;
  tokens(image: T): T;
  image(tokens: T, side: number): T;
  attention(q: T, k: T, v: T, heads: number): T;
}

/** Predicted noise; `waves` are {@link timeWaves}, `labels` for images only. */
export function network<T>(o: Ops<T>, config: Config, x: T, waves: T, labels: T | null): T {
  if (!config.images) return mlp(o, config.model, x, waves);
  if (!labels) throw new Error("images come with labels");
  return unet(o, config.images.unet, x, waves, labels);
}

function mlp<T>(o: Ops<T>, { hidden_layers }: MlpConfig, x: T, waves: T): T {
  let h = o.join(waves, x);
  for (let layer = 0; layer < hidden_layers; layer++) h = o.silu(o.linear(`net.${2 * layer}`, h));
  return o.linear(`net.${2 * hidden_layers}`, h);
}

/** `UNet2DModel` of diffusers, as far as the presets use it. */
function unet<T>(o: Ops<T>, c: UnetConfig, x: T, waves: T, labels: T): T {
  const widths = c.block_out_channels;
  const levels = widths.length;
  const norm = (name: string, x: T): T => o.groupNorm(name, x, c.norm_num_groups, c.norm_eps);

  const embedded = o.silu(o.linear("time_embedding.linear_1", waves));
  const time = o.silu(o.add(o.linear("time_embedding.linear_2", embedded), o.embedding("class_embedding", labels)));

  const resnet = (name: string, x: T, shortcut: boolean): T => {
    const straight = shortcut ? o.conv(`${name}.conv_shortcut`, o.keep(x), 1) : o.keep(x);
    const rows = o.linear(`${name}.time_emb_proj`, o.keep(time));
    const h = o.conv(`${name}.conv1`, o.silu(norm(`${name}.norm1`, x)), 1, rows);
    return o.add(o.conv(`${name}.conv2`, o.silu(norm(`${name}.norm2`, h)), 1), straight);
  };
  const attention = (name: string, x: T, level: number): T => {
    const h = o.tokens(norm(`${name}.group_norm`, o.keep(x)));
    const [q, k, v] = [o.linear(`${name}.to_q`, o.keep(h)), o.linear(`${name}.to_k`, o.keep(h)), o.linear(`${name}.to_v`, h)];
    const width = widths[level]!;
    const y = o.linear(`${name}.to_out.0`, o.attention(q, k, v, width / (c.attention_head_dim ?? width)));
    return o.add(o.image(y, c.sample_size >> level), x);
  };

  let h = o.conv("conv_in", x, 1);
  let channels = widths[0]!;
  const skips = [{ x: o.keep(h), channels }];
  const push = (): void => void skips.push({ x: o.keep(h), channels });
  for (let level = 0; level < levels; level++) {
    const block = `down_blocks.${level}`;
    for (let layer = 0; layer < c.layers_per_block; layer++) {
      h = resnet(`${block}.resnets.${layer}`, h, channels !== widths[level]);
      channels = widths[level]!;
      if (c.down_block_types[level] === "AttnDownBlock2D") h = attention(`${block}.attentions.${layer}`, h, level);
      push();
    }
    if (level + 1 === levels) break;
    h = o.conv(`${block}.downsamplers.0.conv`, h, 2);
    push();
  }
  h = resnet("mid_block.resnets.0", h, false);
  h = attention("mid_block.attentions.0", h, levels - 1);
  h = resnet("mid_block.resnets.1", h, false);
  for (let step = 0; step < levels; step++) {
    const [block, level] = [`up_blocks.${step}`, levels - 1 - step];
    for (let layer = 0; layer <= c.layers_per_block; layer++) {
      const skip = skips.pop()!;
      const joined = channels + skip.channels;
      h = resnet(`${block}.resnets.${layer}`, o.join(h, skip.x), joined !== widths[level]);
      channels = widths[level]!;
      if (c.up_block_types[step] === "AttnUpBlock2D") h = attention(`${block}.attentions.${layer}`, h, level);
    }
    if (step + 1 < levels) h = o.conv(`${block}.upsamplers.0.conv`, o.upsample(h), 1);
  }
  o.drop(time);
  return o.conv("conv_out", o.silu(norm("conv_norm_out", h)), 1);
}

/**
 * Cosines, then sines of the timesteps, `[B, width]`, at frequencies `10000^(-i / half)`. Peers are given them as numbers: their
 * own, of angles up to a thousand, are off by 1e-4 on some adapters, and derivatives are to be compared more closely.
 */
export function timeWaves({ config, t }: RaceCase): { width: number; values: Float32Array<ArrayBuffer> } {
  const width = config.images ? config.images.unet.block_out_channels[0]! : config.model.time_embedding;
  const half = width / 2;
  const values = new Float32Array(t.length * width);
  t.forEach((step, row) => {
    for (let i = 0; i < half; i++) {
      const angle = step * Math.exp((-Math.log(10000) * i) / half);
      values[row * width + i] = Math.cos(angle);
      values[row * width + half + i] = Math.sin(angle);
    }
  });
  return { width, values };
}

/** Shape of a batch of samples: points, or grey images with their channel in front. */
export function samplesShape({ config, t }: RaceCase): number[] {
  return config.images ? [t.length, 1, config.images.side, config.images.side] : [t.length, 2];
}
