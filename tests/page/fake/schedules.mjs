/**
 * Schedules and samplers of the made-up engine, worked out as the textbooks have them and not as the engine does, and points
 * drawn with them from the exact denoiser of a small Gaussian mixture: what the page shows of them can be checked by numbers.
 */
import { deviation, drawData, generator as uniform, modes, normal as normalOf } from "./points.mjs";

const fault = (message, field, kind = "config") => Object.assign(new Error(message), { kind, field });

export const SCHEDULE_DEFAULTS = { num_train_timesteps: 1000, beta_schedule: "linear", beta_start: 0.0001, beta_end: 0.02, trained_betas: null, log_snr: [], rescale_betas_zero_snr: false, prediction_type: "epsilon", shift: 1 };
export const OBJECTIVE_DEFAULTS = { loss_weighting: "uniform", snr_gamma: 5, gamma: [1, 1], timestep_sampling: "uniform", logit_mean: 0, logit_std: 1 };
export const SAMPLE_DEFAULTS = {
  timestep_spacing: "auto", steps_offset: 0, timesteps: [], use_karras_sigmas: false, set_alpha_to_one: true, clip_sample: false, clip_sample_range: 1, thresholding: false,
  dynamic_thresholding_ratio: 0.995, sample_max_value: 1, use_clipped_model_output: true, solver_order: 2, algorithm_type: "dpmsolver++", solver_type: "midpoint",
  lower_order_final: true, euler_at_final: false, final_sigmas_type: "zero", inverse: false, strength: 1, num_resamples: 1, guidance_from: 0, guidance_to: 1, classifier_scale: 0, schedule: null,
};

const even = (from, to, n) => Array.from({ length: n }, (_, i) => from + ((to - from) * i) / (n - 1));
const sigmoid = (x) => 1 / (1 + Math.exp(-x));

function bars(s) {
  const T = s.num_train_timesteps;
  if (!s.trained_betas && s.beta_schedule === "drawn") {
    if (s.log_snr.length < 2 || s.log_snr.some((v, i) => i > 0 && v >= s.log_snr[i - 1])) throw fault("schedule.log_snr has to fall from each number to the next", "schedule.log_snr");
    return even(0, T - 1, T).map((t) => {
      const at = (t / (T - 1)) * (s.log_snr.length - 1);
      const i = Math.min(s.log_snr.length - 2, Math.floor(at));
      return sigmoid(s.log_snr[i] + (s.log_snr[i + 1] - s.log_snr[i]) * (at - i));
    });
  }
  const level = (t) => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2;
  const betas = s.trained_betas ?? {
    linear: () => even(s.beta_start, s.beta_end, T),
    scaled_linear: () => even(Math.sqrt(s.beta_start), Math.sqrt(s.beta_end), T).map((b) => b * b),
    squaredcos_cap_v2: () => even(0, T - 1, T).map((t) => Math.min(0.999, 1 - level((t + 1) / T) / level(t / T))),
    sigmoid: () => even(-6, 6, T).map((x) => sigmoid(x) * (s.beta_end - s.beta_start) + s.beta_start),
    ramp: () => even(1, T, T).map((t) => (s.beta_end * t) / T),
  }[s.beta_schedule]();
  let product = 1;
  return betas.map((b) => (product *= 1 - b));
}

/** { signal, noise } of each timestep. */
function levels(s) {
  const T = s.num_train_timesteps;
  if (s.prediction_type === "flow_prediction") {
    return even(1, T, T).map((t) => t / T).map((u) => (s.shift * u) / (1 + (s.shift - 1) * u)).map((sigma) => ({ signal: 1 - sigma, noise: sigma }));
  }
  let roots = bars(s).map(Math.sqrt);
  if (s.rescale_betas_zero_snr) {
    if (!["sample", "v_prediction"].includes(s.prediction_type)) throw fault("schedule.rescale_betas_zero_snr needs schedule.prediction_type sample or v_prediction, not epsilon: at its last step no signal is left to find the noise from", "schedule.rescale_betas_zero_snr");
    const [first, last] = [roots[0], roots.at(-1)];
    roots = roots.map((r) => ((r - last) * first) / (first - last));
  }
  return roots.map((signal) => ({ signal, noise: Math.sqrt(1 - signal * signal) }));
}

export function schedule_table(schedule) {
  const all = levels({ ...SCHEDULE_DEFAULTS, ...schedule });
  const alphas = all.map(({ signal }) => signal * signal);
  return {
    betas: schedule.prediction_type === "flow_prediction" ? [] : alphas.map((a, i) => 1 - a / (alphas[i - 1] ?? 1)), alphas_cumprod: alphas,
    log_snr: all.map(({ signal, noise }) => 2 * Math.log(Math.max(1e-12, signal) / noise)), signal: all.map((l) => l.signal), noise: all.map((l) => l.noise),
  };
}

function times({ timesteps, num_inference_steps: n, timestep_spacing, steps_offset }, T) {
  if (timesteps.length) return timesteps;
  if (n > T) throw fault(`sample.num_inference_steps is ${n}, and the schedule has ${T} timesteps: choose at most ${T}`, "sample.num_inference_steps");
  if (timestep_spacing === "linspace") return even(T - 1, 0, Math.max(2, n)).slice(0, n).map(Math.round);
  if (timestep_spacing === "leading") return Array.from({ length: n }, (_, i) => Math.floor(T / n) * (n - 1 - i) + steps_offset);
  return Array.from({ length: n }, (_, i) => Math.round(T - (i * T) / n) - 1);
}

const CLEAN = { signal: 1, noise: 0 };
const NO_ROW = { q_x: 0, q_m: 0, q_0: 1, c_x: 0, c_m: 0, c_0: 0, c_1: 0, c_2: 0, c_3: 0, c_z: 0 };

/** clean = p_x x + p_m m for each way in which the network may speak. */
function reading(type, { signal, noise }) {
  if (type === "sample") return { p_x: 0, p_m: 1 };
  if (type === "v_prediction") return { p_x: signal, p_m: -noise };
  return type === "flow_prediction" ? { p_x: 1, p_m: -noise } : { p_x: 1 / signal, p_m: -noise / signal };
}

export function sampler_table(config, options) {
  const schedule = { ...SCHEDULE_DEFAULTS, ...(options.schedule ?? config.schedule) };
  const o = { ...SAMPLE_DEFAULTS, ...options };
  const all = levels(schedule);
  const flow = schedule.prediction_type === "flow_prediction";
  if (flow && !["ddim", "euler", "heun", "dpmpp"].includes(o.sampler)) throw fault(`sample.sampler ${o.sampler} is not made for flow matching: choose Euler, Heun, DDIM or DPM-Solver++`, "sample.sampler");
  const whole = times(o, schedule.num_train_timesteps);
  const kept = Math.floor(whole.length * o.strength + 1e-9);
  if (kept < 1) throw fault(`sample.strength ${o.strength} leaves none of ${whole.length} steps: choose at least ${1 / whole.length}`, "sample.strength");
  const steps = whole.slice(whole.length - kept);
  const rows = [];
  steps.forEach((t, i) => {
    const [from, to] = [all[t], i + 1 < steps.length ? all[steps[i + 1]] : CLEAN];
    const common = { ...NO_ROW, timestep: flow ? from.noise * schedule.num_train_timesteps : t, next: steps[i + 1] ?? null, from, to, ...reading(schedule.prediction_type, from) };
    rows.push(...update(o, common, rows, i === steps.length - 1));
  });
  return { rows, init: 1, evaluations: rows.length };
}

/** An ODE step in x and clean: x' = a x + b clean moves the sample along a straight line in x / signal. */
function straight(from, to) {
  const ratio = to.noise / from.noise;
  return { c_x: ratio, c_0: to.signal - ratio * from.signal };
}

function update(o, row, before, last) {
  const { from, to } = row;
  const sigma = ({ signal, noise }) => noise / signal;
  if (o.sampler === "ddim" || o.sampler === "ddpm") {
    const kept = (from.signal / to.signal) ** 2;
    const small = Math.max(0, (to.noise / from.noise) ** 2 * (1 - kept));
    const variance = o.sampler === "ddim" ? o.eta ** 2 * small : last ? 0 : o.variance_type.startsWith("fixed_large") ? 1 - kept : small;
    if (o.sampler === "ddpm") return [{ ...row, c_0: (to.signal * (1 - kept)) / from.noise ** 2, c_x: (Math.sqrt(kept) * to.noise ** 2) / from.noise ** 2, c_z: Math.sqrt(variance) }];
    const rest = Math.sqrt(Math.max(0, to.noise ** 2 - variance)) / from.noise;
    return [{ ...row, c_x: rest, c_0: to.signal - rest * from.signal, c_z: Math.sqrt(variance) }];
  }
  if (o.sampler === "euler_ancestral") {
    const [s, n] = [sigma(from), sigma(to)];
    const up = Math.sqrt(Math.max(0, (n ** 2 * (s ** 2 - n ** 2)) / s ** 2));
    const down = Math.sqrt(Math.max(0, n ** 2 - up ** 2));
    return [{ ...row, c_x: (to.signal * (down / s)) / from.signal, c_0: to.signal * (1 - down / s), c_z: to.signal * up }];
  }
  if (o.sampler === "heun" && !last) {
    // The second row stands at the first one's result: the mean of both slopes takes the place of the first.
    const next = { ...row, timestep: row.next, from: to, ...readingLike(row, to) };
    if (row.to.signal + row.to.noise === 1 && Math.abs(row.p_x - 1) < 1e-9) {
      const h = to.noise - from.noise;
      const slope = (noise) => ({ q_x: 1 / noise, q_0: -1 / noise });
      return [{ ...row, ...straight(from, to), ...slope(from.noise) }, { ...next, timestep: row.next * 1, c_x: 1 + h / 2 / to.noise, c_0: -h / 2 / to.noise, c_1: -h / 2, ...slope(to.noise) }];
    }
    const [s, n] = [sigma(from), sigma(to)];
    const slope = (level) => ({ q_x: 1 / level.noise, q_0: -level.signal / level.noise });
    const h = (to.signal * (n - s)) / 2;
    return [{ ...row, ...straight(from, to), ...slope(from) }, { ...next, c_x: 1 + h / to.noise, c_0: (-h * to.signal) / to.noise, c_1: -h, ...slope(to) }];
  }
  if (o.sampler === "dpmpp" && o.solver_order > 1 && before.length && !last) {
    const lambda = ({ signal, noise }) => Math.log(signal / noise);
    const h = lambda(to) - lambda(from);
    const r = (lambda(from) - lambda(before.at(-1).from)) / h;
    const e = -to.signal * Math.expm1(-h);
    return [{ ...row, c_x: to.noise / from.noise, c_0: e * (1 + 1 / (2 * r)), c_1: -e / (2 * r) }];
  }
  if (o.sampler === "lms" && before.length) {
    // Adams-Bashforth of second order in σ, with slopes kept.
    const [s, n, past] = [sigma(from), sigma(to), sigma(before.at(-1).from)];
    const h = n - s;
    const back = (-h * h) / (2 * (s - past));
    const slope = { q_x: 1 / from.noise, q_0: -from.signal / from.noise };
    return [{ ...row, ...slope, c_x: to.signal / from.signal + (to.signal * (h - back)) / from.noise, c_0: (-to.signal * (h - back) * from.signal) / from.noise, c_1: to.signal * back }];
  }
  const slope = o.sampler === "lms" ? { q_x: 1 / from.noise, q_0: -from.signal / from.noise } : {};
  return [{ ...row, ...straight(from, to), ...slope }];
}

/** The same kind of prediction at another level. */
function readingLike(row, level) {
  if (row.p_x === 0) return { p_x: 0, p_m: 1 };
  if (Math.abs(row.p_x - row.from.signal) < 1e-12) return { p_x: level.signal, p_m: -level.noise };
  return Math.abs(row.p_x - 1) < 1e-12 ? { p_x: 1, p_m: -level.noise } : { p_x: 1 / level.signal, p_m: -level.noise / level.signal };
}

const HONOURED = ["_class_name", "_diffusers_version", "num_train_timesteps", "beta_schedule", "beta_start", "beta_end", "trained_betas", "prediction_type", "rescale_betas_zero_snr", "shift", "timestep_spacing", "steps_offset", "set_alpha_to_one", "clip_sample", "clip_sample_range", "thresholding", "use_karras_sigmas", "variance_type", "solver_order", "algorithm_type"];
const CLASSES = { DDIMScheduler: "ddim", DDPMScheduler: "ddpm", EulerDiscreteScheduler: "euler", EulerAncestralDiscreteScheduler: "euler_ancestral", HeunDiscreteScheduler: "heun", DPMSolverMultistepScheduler: "dpmpp", LMSDiscreteScheduler: "lms" };

export function read_scheduler(json, config, options) {
  let file;
  try {
    file = JSON.parse(json);
  } catch (error) {
    throw fault(`The text is no JSON: ${error.message}`, "scheduler");
  }
  for (const key of Object.keys(file)) if (!HONOURED.includes(key)) throw fault(`scheduler.${key} is ${JSON.stringify(file[key])}, which this engine does not know: leave it out`, `scheduler.${key}`);
  const sampler = CLASSES[file._class_name];
  if (!sampler) throw fault(`scheduler._class_name is ${file._class_name}, which this engine does not know: choose one of ${Object.keys(CLASSES).join(", ")}`, "scheduler._class_name");
  if (file.beta_end >= 1) throw fault(`scheduler.beta_end is ${file.beta_end}: choose a number below 1`, "scheduler.beta_end");
  const pick = (base) => Object.fromEntries(Object.keys(base).map((key) => [key, file[key] ?? base[key]]));
  return { class_name: file._class_name, schedule: pick(config.schedule), sample: { ...pick(options), sampler } };
}

export function write_scheduler(config, options) {
  const name = Object.entries(CLASSES).find(([, sampler]) => sampler === options.sampler)[0];
  return JSON.stringify({ _class_name: name, ...config.schedule, timestep_spacing: options.timestep_spacing, steps_offset: options.steps_offset }, null, 2);
}

// Points: a mixture of Gaussians on the data, whose exact denoiser stands in for the network

const mixture = ({ data }) => (modes(data.dataset) ?? Array.from({ length: 40 }, (_, i) => [...drawData({ dataset: data.dataset }, 40, 5).points.slice(2 * i, 2 * i + 2)])).map(([x, y]) => [data.scale * x, data.scale * y]);

function generator(seed) {
  const next = uniform(seed);
  return () => normalOf(next);
}

/** E[x_0 | x] for the mixture. */
function denoised(centres, x, y, { signal, noise }) {
  const variance = signal ** 2 * deviation ** 2 + noise ** 2;
  const logs = centres.map(([a, b]) => -((x - signal * a) ** 2 + (y - signal * b) ** 2) / (2 * variance));
  const top = Math.max(...logs);
  const weights = logs.map((l) => Math.exp(l - top));
  const total = weights.reduce((a, b) => a + b);
  const gain = (signal * deviation ** 2) / variance;
  return centres.reduce(([u, v], [a, b], i) => [u + (weights[i] / total) * (a + gain * (x - signal * a)), v + (weights[i] / total) * (b + gain * (y - signal * b))], [0, 0]);
}

/** A run of points by the table, with as many frames as asked for. `skill`: from 0 to 1, what the network has of the exact denoiser. */
export function drawPoints(config, options, skill) {
  const { rows, init } = sampler_table(config, options);
  const n = options.num_samples;
  const centres = mixture(config);
  const start = generator(options.seed + 1);
  let x = Float64Array.from({ length: 2 * n }, () => init * start());
  const fresh = generator(options.seed + 77);
  const all = [x];
  const cleans = [];
  let history = [];
  for (const row of rows) {
    const clean = new Float64Array(2 * n);
    for (let i = 0; i < n; i++) [clean[2 * i], clean[2 * i + 1]] = denoised(centres, x[2 * i], x[2 * i + 1], row.from).map((v) => skill * v);
    if (options.clip_sample && ["ddim", "ddpm"].includes(options.sampler)) clean.forEach((v, i) => (clean[i] = Math.max(-options.clip_sample_range, Math.min(options.clip_sample_range, v))));
    const m = clean.map((c, i) => (row.p_m ? (c - row.p_x * x[i]) / row.p_m : 0));
    const [h1, h2, h3] = history;
    const next = x.map((v, i) => row.c_x * v + row.c_m * m[i] + row.c_0 * clean[i] + (row.c_1 && row.c_1 * h1[i]) + (row.c_2 && row.c_2 * h2[i]) + (row.c_3 && row.c_3 * h3[i]) + (row.c_z && row.c_z * fresh()));
    history = [x.map((v, i) => row.q_x * v + row.q_m * m[i] + row.q_0 * clean[i]), ...history].slice(0, 3);
    cleans.push(clean);
    all.push((x = next));
  }
  const count = Math.max(2, Math.min(options.max_frames, all.length));
  const picks = Array.from({ length: count }, (_, i) => Math.round((i * (all.length - 1)) / (count - 1)));
  const joined = (list) => Float32Array.from(picks.flatMap((i) => [...list[i]]));
  return {
    frames: joined(all), predicted: joined([cleans[0], ...cleans]), frame_count: count, count: n, dim: 2, timesteps: Float32Array.from(picks, (i) => (i === all.length - 1 ? -1 : rows[i].timestep)),
    model_evaluations: rows.length, milliseconds: 0.4 * rows.length, free() {},
  };
}

/** Sliced distance along a few directions. */
export function distance(points, data) {
  const along = (list, angle) => Array.from({ length: list.length / 2 }, (_, i) => list[2 * i] * Math.cos(angle) + list[2 * i + 1] * Math.sin(angle)).sort((a, b) => a - b);
  const angles = Array.from({ length: 8 }, (_, k) => (k * Math.PI) / 8);
  const at = (list, u) => list[Math.min(list.length - 1, Math.floor(u * list.length))];
  const between = (a, b) => Array.from({ length: 100 }, (_, i) => Math.abs(at(a, (i + 0.5) / 100) - at(b, (i + 0.5) / 100))).reduce((x, y) => x + y) / 100;
  return angles.reduce((sum, angle) => sum + between(along(points, angle), along(data, angle)), 0) / angles.length;
}
