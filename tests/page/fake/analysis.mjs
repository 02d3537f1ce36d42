/**
 * What the made-up engine answers when it is asked how good the run is: the exact scores of its mixtures are exact, what the model is
 * said to have learned comes nearer to them with every step. Methods of the engine, to be mixed into its class.
 */
import { deviation, drawData, generator, modes, normal } from "./points.mjs";

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const fault = (message, field) => Object.assign(new Error(message), { kind: "config", field });

/** Signal and noise at timestep t of diffusers' linear schedule, or of the cosine. */
export function level({ schedule }, t) {
  const last = schedule.num_train_timesteps;
  const bar = (at) => Math.cos((((at / last + 0.008) / 1.008) * Math.PI) / 2) ** 2;
  let kept = 1;
  for (let i = 0; i <= t; i++) kept *= 1 - (schedule.beta_schedule === "squaredcos_cap_v2" ? Math.min(0.999, 1 - bar(i + 1) / bar(i)) : 0.0001 + (0.0199 * i) / (last - 1));
  return { signal: Math.sqrt(kept), noise: Math.sqrt(1 - kept) };
}

/** ∇ log p_t at a point, where the data are a mixture. */
function exactScore(config, t, x, y) {
  const { signal, noise } = level(config, t);
  const scale = config.data.scale ?? 1;
  const variance = (signal * scale * deviation) ** 2 + noise * noise;
  const centres = modes(config.data.dataset).map(([a, b]) => [signal * scale * a, signal * scale * b]);
  const logs = centres.map(([a, b]) => -((x - a) ** 2 + (y - b) ** 2) / (2 * variance));
  const top = Math.max(...logs);
  const shares = logs.map((log) => Math.exp(log - top));
  const all = shares.reduce((sum, share) => sum + share, 0);
  let [sx, sy] = [0, 0];
  centres.forEach(([a, b], i) => {
    sx += (shares[i] / all) * (a - x) / variance;
    sy += (shares[i] / all) * (b - y) / variance;
  });
  return [sx, sy];
}

/** Pixels, or coordinates, of `count` training samples. */
function cleanSamples(engine, count) {
  const { images, data } = engine.config();
  if (!images) return { clean: drawData(data, count, 5).points, dim: 2 };
  const dim = images.side ** 2 * images.channels;
  const clean = new Float32Array(count * dim);
  for (let i = 0; i < count; i++) clean.set(engine.trainingImage(i, dim), i * dim);
  return { clean, dim };
}

export const analysis = {
  /** Of a perfect model 1 is missing nothing; with a tiny learning rate nothing is learned. */
  skill() {
    const { training } = this.config();
    return training.learning_rate < 0.0001 ? 0 : 1 - 1 / (1 + this.steps / 40);
  },

  async loss_bands({ bands }) {
    await wait(40);
    const config = this.config();
    const last = config.schedule.num_train_timesteps;
    const miss = 1 - this.skill();
    return {
      bands: Array.from({ length: bands }, (_, i) => {
        const from = Math.round((i * last) / bands);
        const to = Math.round(((i + 1) * last) / bands) - 1;
        const { signal, noise } = level(config, Math.round((from + to) / 2));
        const least = Math.max(0.004, 0.8 * signal * signal - 0.25 * noise * signal * signal);
        const loss = least + miss * (1.05 - least);
        return { from, to, loss, loss_raw: loss * (1 + 0.08 * Math.sin(3 * i + this.steps)) };
      }),
    };
  },

  async score_error({ levels }) {
    await wait(40);
    const config = this.config();
    if (!modes(config.data.dataset)) return null;
    const last = config.schedule.num_train_timesteps - 1;
    const miss = 1 - this.skill();
    return {
      levels: Array.from({ length: levels }, (_, i) => {
        const timestep = Math.round((i * last) / (levels - 1));
        const { noise } = level(config, timestep);
        const exact = Math.max(0.02, noise);
        return { timestep, exact, error: exact * (0.015 + (0.05 + 0.95 * miss) * (0.15 + (1 - noise) ** 2)) };
      }),
    };
  },

  async score_map({ timestep, grid, extent }) {
    if (globalThis.refuseScore) throw fault("no score today", "score_map.timestep");
    await wait(30);
    const config = this.config();
    if (!modes(config.data.dataset)) return null;
    const { noise } = level(config, timestep);
    const miss = 0.02 + 0.98 * (1 - this.skill());
    const exact = [];
    const learned = [];
    for (let row = 0; row < grid; row++) {
      for (let column = 0; column < grid; column++) {
        const x = -extent + (2 * extent * column) / (grid - 1);
        const y = -extent + (2 * extent * row) / (grid - 1);
        const [sx, sy] = exactScore(config, timestep, x, y);
        const bend = (miss / noise) * (0.25 + 0.2 * Math.hypot(x, y));
        exact.push(sx, sy);
        learned.push(sx * (1 - miss) + bend * Math.sin(2 * y + 1), sy * (1 - miss) + bend * Math.cos(2 * x));
      }
    }
    return { grid, extent, learned, exact };
  },

  async likelihood({ count, steps, seed = 0 }) {
    if (this.config().images) throw fault("the likelihood is computed for points only: open a 2D set", "images");
    if (!(count >= 1)) throw fault(`${count} samples tell nothing: ask for at least 1`, "count");
    if (!(steps >= 1 && steps <= 10_000)) throw fault(`${steps} steps: choose a number from 1 to 10,000 (50 is plenty)`, "steps");
    await wait(150);
    const exact = modes(this.config().data.dataset) ? 0.742 : null;
    const off = 0.9 * (1 - this.skill()) + 0.02;
    return { bits_per_dim: (exact ?? 0.9) + off + (0.6 / Math.sqrt(count)) * Math.sin(7 * seed + 1), standard_error: 0.9 / Math.sqrt(count), exact_bits_per_dim: exact };
  },

  async variational_bound({ count, terms, seed = 0 }) {
    const config = this.config();
    const last = config.schedule.num_train_timesteps;
    if (!(count >= 1)) throw fault(`${count} samples tell nothing: ask for at least 1`, "count");
    if (!(terms >= 1 && terms < last)) throw fault(`${terms} terms: choose a number from 1 to ${last - 1}`, "terms");
    await wait(150);
    const wobble = (i) => 1 + (0.5 / Math.sqrt(count)) * Math.sin(5 * i + 11 * seed);
    const list = Array.from({ length: terms }, (_, i) => {
      const timestep = 1 + Math.round((i * (last - 2)) / (terms - 1));
      return { timestep, bits: (wobble(i) * (1.4 + (1 - this.skill()) * 3) * 25) / (terms * (12 + timestep)) };
    });
    const prior = 0.00011;
    const decoder = config.images ? 0.31 : -1.62;
    return { prior, decoder, total: prior + decoder + list.reduce((sum, { bits }) => sum + bits, 0), terms: list };
  },

  async one_step({ count, levels }) {
    await wait(40);
    const config = this.config();
    const last = config.schedule.num_train_timesteps - 1;
    const { clean, dim } = cleanSamples(this, count);
    const timesteps = Array.from({ length: levels }, (_, i) => Math.round((last * (i + 0.5)) / levels));
    const noised = [];
    const predicted = [];
    const error = timesteps.map((t) => {
      const { signal, noise } = level(config, t);
      const next = generator(t + 1);
      const miss = 0.9 * noise * noise + (1 - this.skill()) * noise;
      let sum = 0;
      for (let i = 0; i < clean.length; i++) {
        const draw = normal(next);
        const guess = clean[i] * Math.max(0, 1 - miss) + 0.35 * miss * draw - (dim > 2 ? 0.6 * Math.min(1, miss) : 0);
        noised.push(signal * clean[i] + noise * draw);
        predicted.push(guess);
        sum += (guess - clean[i]) ** 2;
      }
      return sum / clean.length;
    });
    return { timesteps, side: config.images?.side ?? 1, channels: config.images?.channels ?? 2, noised, predicted, error };
  },

  async diagnose(options) {
    await wait(80);
    const config = this.config();
    const scale = config.images?.scale ?? config.data.scale ?? 1;
    const miss = 1 - this.skill();
    const { ema_decay } = config.training;
    const behind = ema_decay ** Math.max(1, this.steps);
    const other = options.schedule ?? config.schedule;
    const field = Object.keys(config.schedule).find((key) => JSON.stringify(other[key]) !== JSON.stringify(config.schedule[key])) ?? "";
    const graded = (value, warn, bad) => (value >= bad ? "bad" : value >= warn ? "warn" : "ok");
    return {
      findings: [
        { id: "data_range", severity: scale > 3 || scale < 0.33 ? "bad" : "ok", values: { low: -1.93 * scale, high: 1.95 * scale, mean: 0.01, deviation: scale, expected_low: -3, expected_high: 3 } },
        { id: "one_step", severity: graded(miss, 0.4, 0.8), values: { error_low: 0.02 + 0.9 * miss, error_mid: 0.3 + 0.7 * miss, error_high: 0.8 + 0.2 * miss, baseline_low: 0.0004, baseline_mid: 1, baseline_high: 1, step: this.steps } },
        { id: "ema", severity: options.weights === "raw" ? "ok" : graded(behind, 0.3, 0.6), values: { distance: behind, loss_ema: 0.3 + behind, loss_raw: 0.3, decay: ema_decay, step: this.steps } },
        { id: "schedule", severity: field ? "bad" : "ok", values: { field, trained: String(config.schedule[field] ?? ""), sampled: String(other[field] ?? ""), start_snr_trained: 0.00004, start_snr_sampled: field ? 0.0000002 : 0.00004 } },
      ],
    };
  },
};
