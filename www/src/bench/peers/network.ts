/** The networks raced, written once over what each engine has to offer. */
import type { Config, MlpConfig, UnetConfig } from "../../engine-types";

/**
 * Operations of an engine on its own kind of array. Images are in whichever layout it likes, tokens are `[B, T, C]`, rows
 * `[B, C]`. Parameters are asked for by their names in PyTorch. Every operation uses its arguments up; `keep` makes another use.
 */
export interface Ops<T> {
  keep(x: T): T;
  drop(x: T): void;
  /** `[B]` to `[B, width]`: cosines, then sines. */
  timeEmbedding(t: T, width: number): T;
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

/** Predicted noise; `labels` for images only. */
export function network<T>(o: Ops<T>, config: Config, x: T, t: T, labels: T | null): T {
  if (!config.images) return mlp(o, config.model, x, t);
  if (!labels) throw new Error("images come with labels");
  return unet(o, config.images.unet, x, t, labels);
}

function mlp<T>(o: Ops<T>, { time_embedding, hidden_layers }: MlpConfig, x: T, t: T): T {
  let h = o.join(o.timeEmbedding(t, time_embedding), x);
  for (let layer = 0; layer < hidden_layers; layer++) h = o.silu(o.linear(`net.${2 * layer}`, h));
  return o.linear(`net.${2 * hidden_layers}`, h);
}

/** `UNet2DModel` of diffusers, as far as the presets use it. */
function unet<T>(o: Ops<T>, c: UnetConfig, x: T, t: T, labels: T): T {
  const widths = c.block_out_channels;
  const levels = widths.length;
  const norm = (name: string, x: T): T => o.groupNorm(name, x, c.norm_num_groups, c.norm_eps);

  const embedded = o.silu(o.linear("time_embedding.linear_1", o.timeEmbedding(t, widths[0]!)));
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

/** Angular frequencies of a time embedding: `10000^(-i / half)`. */
export function frequencies(width: number): Float32Array<ArrayBuffer> {
  const half = width / 2;
  return Float32Array.from({ length: half }, (_, i) => Math.exp((-Math.log(10000) * i) / half));
}
