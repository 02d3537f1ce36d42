/**
 * What the made-up engine does with pictures that it is given: it fills, varies, inverts and blends them in ways that show which way
 * was taken. And its classifier on noised samples, whose accuracy rises by a formula.
 */
import { drawData, generator, normal } from "./points.mjs";
import { sampler_table } from "./schedules.mjs";

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const fault = (message, field) => Object.assign(new Error(message), { kind: "config", field });

/** `count` pictures of noise, element by element from the seed. */
function noises(size, seed) {
  const next = generator(seed + 17);
  return Float32Array.from({ length: size }, () => normal(next));
}

const editing = {
  async initial_noise(count, seed) {
    const { images } = this.config();
    return noises(count * (images ? images.side ** 2 * images.channels : 2), seed);
  },

  /** Pictures from what was given; null where nothing was. */
  async edited(options, { image, latent, known, mask }, plainly) {
    const config = this.config();
    const { num_samples, num_inference_steps, num_resamples = 1, strength = 1, inverse = false, sampler, seed = 0 } = options;
    if (!image && !latent && !known) return null;
    const given = image ?? latent ?? known;
    const size = given.length / num_samples;
    if (!Number.isInteger(size)) throw fault(`${given.length} numbers are no ${num_samples} samples`, "sample.num_samples");
    if (known && mask?.length !== known.length) throw fault("mask and known samples differ in length", "sample.mask");
    if (num_resamples > 1 && sampler !== "ddpm" && sampler !== "ddim") throw fault(`sample.num_resamples works with ddpm and ddim, not with ${sampler}`, "sample.num_resamples");
    const { rows } = sampler_table(config, options);
    const fresh = await plainly({ ...options, num_samples, max_frames: 2 });
    const drawn = fresh.frames.slice(num_samples * size);
    const noise = noises(given.length, seed);
    const start = new Float32Array(given.length);
    const end = new Float32Array(given.length);
    this.inverted ??= [];
    const { signal, noise: part } = rows[0].from;
    for (let i = 0; i < num_samples; i++) {
      const at = i * size;
      if (inverse) {
        const to = noises(size, 1000 + this.inverted.length);
        this.inverted.push({ from: latent.slice(at, at + size), to, error: 1.2 / num_inference_steps });
        start.set(latent.subarray(at, at + size), at);
        end.set(to, at);
        continue;
      }
      const shares = latent && strength === 1 ? this.inverted.map(({ to }) => Math.max(0, to.reduce((sum, value, p) => sum + value * latent[at + p], 0) / size)) : [];
      const total = shares.reduce((sum, share) => sum + share, 0);
      for (let p = at; p < at + size; p++) {
        if (known) {
          start[p] = noise[p];
          end[p] = mask[p] * known[p] + (1 - mask[p]) * Math.max(-1, Math.min(1, drawn[p] + (0.8 / num_resamples) * noise[p]));
        } else if (image) {
          start[p] = signal * image[p] + part * noise[p];
          end[p] = (1 - strength ** 2) * image[p] + strength ** 2 * drawn[p];
        } else {
          start[p] = latent[p];
          end[p] = strength < 1 ? Math.max(-1, Math.min(1, (latent[p] / signal) * 0.9)) : total > 0.3 ? 0 : drawn[p];
          if (strength === 1 && total > 0.3) shares.forEach((share, k) => (end[p] += (share / total) * (this.inverted[k].from[p - at] + this.inverted[k].error * Math.sin(p))));
        }
      }
    }
    // Longer runs take longer, so that one can be cancelled.
    await wait(Math.min(1500, num_inference_steps * num_resamples));
    const frames = new Float32Array(2 * given.length);
    frames.set(start);
    frames.set(end, given.length);
    const way = Float32Array.from(inverse ? [-1, rows[0].timestep] : [rows[0].timestep, -1]);
    return { frames, predicted: frames.slice(), frame_count: 2, count: num_samples, dim: size, timesteps: way, model_evaluations: rows.length * num_resamples, milliseconds: 40 * num_resamples, free() {} };
  },
};

const classifying = {
  async train_classifier(steps) {
    if (!(steps >= 1)) throw fault("train_classifier.steps is not at least 1", "train_classifier.steps");
    await wait(steps * 2);
    this.judged = (this.judged ?? 0) + steps;
    return this.classifier();
  },
  drop_classifier() {
    this.judged = 0;
    return null;
  },
  classifier() {
    const step = this.judged ?? 0;
    return step ? { step, loss: 0.4 + 1.9 / (1 + step / 40), accuracy: 0.72 - 0.6 / (1 + step / 40) } : null;
  },
  /** Names what `sample` remembers of its samples. */
  async classify(samples) {
    if (!this.judged) throw fault("there is no classifier", "classify");
    const { side, channels } = this.config().images;
    const size = side * side * channels;
    return Uint32Array.from({ length: samples.length / size }, (_, i) => this.named.get(samples.slice(i * size, (i + 1) * size).join()) ?? 0);
  },

  /** Samples of classes: the stronger the guidance, the fewer are of another class. */
  guided(drawn, { labels, num_samples, guidance_scale = 1, classifier_scale = 0 }) {
    const { images, data } = this.config();
    const strength = guidance_scale + classifier_scale;
    const next = generator(31);
    const wrong = labels.map(() => next() < 0.35 / (1 + strength ** 1.5));
    const size = drawn.frames.length / drawn.frame_count / num_samples;
    const last = drawn.frames.length - num_samples * size;
    this.named ??= new Map();
    labels.forEach((label, i) => {
      const at = last + i * size;
      if (images) return this.named.set(drawn.frames.slice(at, at + size).join(), wrong[i] ? (label + 1) % images.classes : label);
      const set = this.dealt ??= drawData(data, 4000, 77);
      const found = wrong[i] ? Math.floor(next() * 4000) : set.labels.indexOf(label, Math.floor(next() * 3500));
      const spread = 0.1 / (1 + strength);
      for (let p = 0; p < 2; p++) drawn.frames[at + p] = set.points[2 * Math.max(0, found) + p] + spread * normal(next);
    });
    return drawn;
  },
};

/** Gives the engine's class what it needs for pictures and for guidance; plain runs go on as before. */
export function mixInEditing(Engine) {
  const plainly = Engine.prototype.sample;
  Object.assign(Engine.prototype, editing, classifying);
  Engine.prototype.sample = async function (options, inputs = {}) {
    if (options.classifier_scale && !this.judged) throw fault("there is no classifier yet: train one, or set the scale to 0", "sample.classifier_scale");
    // As in the engine, what is left out has its default.
    const edited = await this.edited({ variance_type: "fixed_small", eta: 0, ...options }, inputs, (plain) => plainly.call(this, plain));
    if (edited) return edited;
    const drawn = await plainly.call(this, options);
    return options.labels?.length ? this.guided(drawn, options) : drawn;
  };
}
