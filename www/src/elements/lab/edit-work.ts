/** What the tab "edit" asks of the engine, mode by mode. */
import type { Desk } from "./edit-desk";
import { apart, blended, frameOf, joined, moments, repeated, sizeOf, slerp } from "./edit-images";
import { drift, seam } from "./edit-mask";
import { asOptions, clipping, common, type Method, type RunOptions } from "./edit-options";
import type { Turn, Work } from "./edit-runner";
import type { Drawn, SampleInputs } from "../../worker/ask";

/** Pictures that are drawn together: few enough that a long run can be left half-way. */
const PORTION = 2;
/** Fillings that stay beside one another. */
const KEPT = 4;
/** Pictures from one end to the other, both included. */
export const BETWEEN = 9;

/** Of every result: what it was made with and how long it took. */
interface Made {
  /** Training step of the model. */
  step: number;
  /** The class at one end and at the other, or one for all. */
  told: readonly (number | null)[];
  guidance: number;
  evaluations: number;
  milliseconds: number;
}

export interface Filled extends Made {
  image: Float32Array;
  forgotten: Uint8Array;
  results: Float32Array[];
  sampler: Method;
  steps: number;
  resamples: number;
  /** Mean difference across the mask's edge; null without an edge. */
  seam: number | null;
  /** The same in the picture itself. */
  seamBefore: number | null;
  /** Largest change of a known pixel. */
  drift: number;
}

export interface Varied extends Made {
  strength: number;
  /** Where the run began; -1: nowhere, since nothing was noised. */
  timestep: number;
  starts: Float32Array[];
  results: Float32Array[];
}

export interface Inverted extends Made {
  sampler: Method;
  steps: number;
  noise: Float32Array;
  back: Float32Array;
  /** Mean absolute difference. */
  error: number;
  mean: number;
  deviation: number;
}

export interface Mixed extends Made {
  way: "noise" | "depth";
  depth: number;
  timestep: number;
  starts: Float32Array[];
  results: Float32Array[];
}

/** Labels and guidance for `count` samples that are told a class, or none. */
function classes(desk: Desk, labels: readonly (number | null)[]): Partial<RunOptions> {
  const known = labels.filter((label) => label !== null);
  if (known.length < labels.length) return { labels: [], guidance_scale: 1 };
  return { labels: known, guidance_scale: desk.canGuide ? desk.guidance : 1 };
}

function base(desk: Desk): RunOptions {
  return { ...common(desk.store), ...clipping(desk.store), sampler: "ddim", eta: 0 };
}

function made(desk: Desk, told: readonly (number | null)[], drawn: readonly Drawn[]): Made {
  return {
    step: desk.store.metrics?.step ?? 0,
    told,
    guidance: desk.canGuide && !told.includes(null) ? desk.guidance : 1,
    evaluations: drawn[0]?.evaluations ?? 0,
    milliseconds: drawn.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
  };
}

/** A few pictures at a time, so that one may leave in between, and always as many, so that the engine needs one program. */
async function portions(desk: Desk, turn: Turn, count: number, options: RunOptions, inputs: SampleInputs): Promise<Drawn[]> {
  const { number } = desk.store.text;
  const told = desk.told();
  const drawn: Drawn[] = [];
  for (let done = 0; done < count; done += PORTION) {
    turn.progress(desk.words.drawing(number.whole(done), number.whole(count)));
    const run = { ...options, ...classes(desk, Array.from({ length: PORTION }, () => told)), num_samples: PORTION, seed: ((options.seed ?? 0) + done) % 2 ** 32 };
    drawn.push(await turn.of(desk.store.draw(asOptions(run), inputs)));
  }
  return drawn;
}

/** The mask as one sees it now, filled with what the model makes of the rest. */
export function fill(desk: Desk, counts: readonly number[] = [desk.inpaint.resamples]): Work {
  return async (turn) => {
    const image = desk.image();
    const { mask, inpaint, shape } = desk;
    if (!image || !mask?.count) return;
    const forgotten = mask.forgotten.slice();
    const known = mask.known(shape.channels);
    const same = inpaint.runs.every((run) => run.forgotten.every((value, i) => value === forgotten[i]));
    if (!same) inpaint.runs = [];
    const { sampler, steps, variants } = inpaint;
    const told = desk.told();
    for (const resamples of counts) {
      const options: RunOptions = { ...base(desk), sampler, eta: 1, num_inference_steps: steps, num_resamples: resamples };
      const drawn = await portions(desk, turn, variants, options, { known: repeated(image, PORTION), mask: repeated(known, PORTION) });
      const results = drawn.flatMap((part) => frameOf(part, -1)).slice(0, variants);
      const run: Filled = {
        ...made(desk, [told], drawn),
        image, forgotten, results, sampler, steps, resamples,
        seam: seam(results, forgotten, shape),
        seamBefore: seam([image], forgotten, shape),
        drift: drift(results, image, forgotten, shape),
      };
      inpaint.runs = [run, ...inpaint.runs].slice(0, KEPT);
    }
  };
}

/** Noises the picture part of the way and denoises it. */
export function vary(desk: Desk): Work {
  return async (turn) => {
    const image = desk.image();
    if (!image) return;
    const { strength, steps, variants } = desk.vary;
    const told = desk.told();
    // Less than a step: nothing is noised, and the engine has nothing to do.
    if (Math.floor(strength * steps + 1e-9) < 1) {
      const pictures = Array.from({ length: variants }, () => image);
      desk.vary.run = { ...made(desk, [told], []), strength, timestep: -1, starts: pictures, results: pictures };
      return;
    }
    const options: RunOptions = { ...base(desk), eta: 1, num_inference_steps: steps, strength };
    const drawn = await portions(desk, turn, variants, options, { image: repeated(image, PORTION) });
    const [starts, results] = [0, -1].map((frame) => drawn.flatMap((part) => frameOf(part, frame)).slice(0, variants)) as [Float32Array[], Float32Array[]];
    desk.vary.run = { ...made(desk, [told], drawn), strength, timestep: drawn[0]!.timesteps[0]!, starts, results };
  };
}

/**
 * Without randomness, clipping and guidance the way to the noise can be walked back; short of the schedule's last step, where a cosine
 * leaves no signal to divide by.
 */
function faithful(desk: Desk, labels: readonly (number | null)[], steps: number, sampler: Method): RunOptions {
  const { labels: known } = classes(desk, labels);
  return { ...base(desk), sampler, clip_sample: false, timestep_spacing: "leading", num_inference_steps: steps, num_samples: labels.length, labels: known ?? [], guidance_scale: 1 };
}

async function toNoise(desk: Desk, turn: Turn, images: readonly Float32Array[], options: RunOptions): Promise<Drawn> {
  turn.progress(desk.words.inverting);
  // On the way up a step of DDIM starts from what is not known yet, so each is corrected once.
  const corrected = options.sampler === "ddim" ? { num_resamples: 2 } : {};
  return turn.of(desk.store.draw(asOptions({ ...options, ...corrected, inverse: true }), { latent: joined(images) }));
}

/** The noise that the picture comes from, and the picture that comes of this noise. */
export function invert(desk: Desk): Work {
  return async (turn) => {
    const image = desk.image();
    if (!image) return;
    const { sampler, steps } = desk.invert;
    const told = desk.told();
    const options = faithful(desk, [told], steps, sampler);
    const up = await toNoise(desk, turn, [image], options);
    const noise = frameOf(up, -1)[0]!;
    turn.progress(desk.words.returning);
    const down = await turn.of(desk.store.draw(asOptions(options), { latent: noise }));
    const back = frameOf(down, -1)[0]!;
    const run: Inverted = {
      ...made(desk, [told], [up, down]),
      guidance: 1,
      evaluations: up.evaluations + down.evaluations,
      sampler, steps, noise, back,
      error: apart(back, image, desk.shape.scale),
      ...moments(noise),
    };
    desk.invert.runs = [run, ...desk.invert.runs.filter((other) => other.steps !== steps || other.sampler !== sampler)];
  };
}

const shares = Array.from({ length: BETWEEN }, (_, i) => i / (BETWEEN - 1));

/** Each picture is told the class of the end it is nearer to. */
function nearer(desk: Desk): (number | null)[] {
  const [a, b] = [desk.told("a"), desk.told("b")];
  return shares.map((share) => (share < 0.5 ? a : b));
}

export function interpolate(desk: Desk): Work {
  return desk.interpolate.way === "depth" && desk.interpolate.ends === "images" ? atDepth(desk) : throughNoise(desk);
}

/** From the noise of one end to that of the other on a great circle; each noise becomes a picture. */
function throughNoise(desk: Desk): Work {
  return async (turn) => {
    const { ends, steps, seeds } = desk.interpolate;
    const { store, words } = desk;
    const [a, b] = [desk.image("a"), desk.image("b")];
    if (!a || !b) return;
    const seeded = ends === "seeds";
    const labels = seeded && desk.class === "own" ? shares.map(() => null) : nearer(desk);
    const sampler = base(desk).sampler;
    let noises: Float32Array[];
    if (seeded) {
      noises = [await turn.of(store.ask("initial_noise", 1, seeds.a)), await turn.of(store.ask("initial_noise", 1, seeds.b))];
    } else {
      noises = frameOf(await toNoise(desk, turn, [a, b], faithful(desk, [labels[0]!, labels.at(-1)!], steps, sampler)), -1);
    }
    const starts = shares.map((share) => slerp(noises[0]!, noises[1]!, share));
    turn.progress(words.denoising);
    const options = seeded ? { ...base(desk), ...classes(desk, labels), num_inference_steps: steps, num_samples: BETWEEN } : faithful(desk, labels, steps, sampler);
    const drawn = await turn.of(store.draw(asOptions(options), { latent: joined(starts) }));
    desk.interpolate.run = { ...made(desk, [labels[0]!, labels.at(-1)!], [drawn]), way: "noise", depth: 1, timestep: drawn.timesteps[0]!, starts, results: frameOf(drawn, -1) };
  };
}

/** Both pictures, noised part of the way by the same noise, are blended and denoised. */
function atDepth(desk: Desk): Work {
  return async (turn) => {
    const { depth, steps } = desk.interpolate;
    const { store, shape, words } = desk;
    const [a, b] = [desk.image("a"), desk.image("b")];
    if (!a || !b) return;
    const labels = nearer(desk);
    const options: RunOptions = { ...base(desk), ...classes(desk, labels), num_inference_steps: steps, num_samples: BETWEEN, strength: depth };
    if (Math.floor(depth * steps + 1e-9) < 1) {
      const plain = shares.map((share) => blended(a, b, share));
      desk.interpolate.run = { ...made(desk, [labels[0]!, labels.at(-1)!], []), way: "depth", depth, timestep: -1, starts: plain, results: plain };
      return;
    }
    const table = await turn.of(store.ask("sampler_table", store.config!, asOptions(options)));
    const { signal, noise } = table.rows[0]!.from;
    const [drawnNoise] = [(await turn.of(store.ask("initial_noise", 1, options.seed ?? 0))).subarray(0, sizeOf(shape))];
    const noised = (image: Float32Array): Float32Array => image.map((value, i) => signal * value + noise * drawnNoise[i]!);
    const [from, to] = [noised(a), noised(b)];
    const starts = shares.map((share) => blended(from, to, share));
    turn.progress(words.denoising);
    const drawn = await turn.of(store.draw(asOptions(options), { latent: joined(starts) }));
    desk.interpolate.run = { ...made(desk, [labels[0]!, labels.at(-1)!], [drawn]), way: "depth", depth, timestep: drawn.timesteps[0]!, starts, results: frameOf(drawn, -1) };
  };
}
