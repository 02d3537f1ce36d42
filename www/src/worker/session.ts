/**
 * One engine, driven by one loop. All calls go through the loop, one after the other: the engine is a
 * single mutable object, and two overlapping asynchronous calls into it would be an error.
 */
import type { Metrics } from "../engine-types";
import type { Engine, EngineModule } from "./engine-api";
import { toFault } from "./fault";
import type { Clip, Command, Request, Sampling, Update } from "./protocol";

/** Milliseconds of training per call: short enough that a click is answered at once. */
const BUDGET_MS = 8;
/** Metrics go to the page at most this often. */
const METRICS_EVERY_MS = 100;
/** Live samples: one at most this often … */
const SAMPLE_EVERY_MS = 2200;
/** … and never more than this share of the time. */
const SAMPLE_SHARE = 0.2;
/** The first live sample comes early, so that the picture moves soon after loading. */
const FIRST_SAMPLE_MS = 500;

type Post = (update: Update, transfer?: Transferable[]) => void;

export class Session {
  #module: EngineModule;
  #post: Post;
  #engine: Engine | null = null;
  #queue: Request[] = [];
  #wake: (() => void) | null = null;
  #playing = false;
  #sampling: Sampling | null = null;
  #nextSample = 0;
  #lastPost = 0;
  /** Losses gathered since the last post; a poll of the engine hands each out only once. */
  #losses: number[] = [];
  #firstLoss = 0;
  #latest: Metrics | null = null;
  #tick = macrotask();

  constructor(module: EngineModule, post: Post) {
    this.#module = module;
    this.#post = post;
  }

  submit(request: Request): void {
    this.#queue.push(request);
    this.#wake?.();
  }

  /** Runs until the worker ends. */
  async run(): Promise<never> {
    for (;;) {
      let request: Request | undefined;
      while ((request = this.#queue.shift())) await this.#answer(request);
      if (this.#playing && this.#engine) {
        await this.#train(this.#engine);
        // Let messages in: a backend that resolves at once would otherwise starve them.
        await this.#tick();
      } else if (this.#queue.length === 0) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#wake = null;
      }
    }
  }

  async #answer(request: Request): Promise<void> {
    try {
      const result = await this.#perform(request);
      const transfer = result instanceof Uint8Array ? [result.buffer] : [];
      this.#post({ type: "done", id: request.id, result }, transfer as Transferable[]);
    } catch (error) {
      this.#post({ type: "failed", id: request.id, fault: toFault(error) });
    }
  }

  async #perform(command: Command): Promise<unknown> {
    if (command.type === "create") return this.#create(command);
    const engine = this.#engine;
    if (!engine) throw new Error("The engine is not ready yet.");
    switch (command.type) {
      case "play":
        this.#setPlaying(true);
        return null;
      case "pause":
        this.#setPlaying(false);
        this.#flush();
        return null;
      case "step":
        this.#collect(await engine.step(command.steps));
        this.#flush();
        if (this.#sampling?.live) await this.#sample(engine);
        return null;
      case "reset":
        await engine.reset(command.config);
        this.#replaced(engine);
        return null;
      case "learning_rate":
        engine.set_learning_rate(command.value);
        this.#collect(engine.metrics());
        this.#flush();
        return null;
      case "sampling":
        this.#module.check_sample_options(command.sampling.options, engine.config());
        this.#sampling = command.sampling;
        return null;
      case "sample":
        await this.#sample(engine);
        return null;
      case "save":
        return owned(await engine.save_checkpoint());
      case "load": {
        const config = await engine.load_checkpoint(command.bytes);
        this.#replaced(engine);
        await this.#sample(engine);
        return config;
      }
      case "profile":
        return engine.profile(command.steps);
      case "lose_device":
        engine.lose_device();
        return null;
    }
  }

  async #create(command: Command & { type: "create" }): Promise<null> {
    const config = this.#module.check_config(command.config);
    const sampling = command.sampling;
    sampling.options = this.#module.check_sample_options(sampling.options, config);
    this.#engine?.destroy();
    const engine = await this.#module.Engine.create(config, command.backend);
    this.#engine = engine;
    this.#sampling = sampling;
    this.#post({ type: "created", adapter: engine.adapter(), config: engine.config(), data: dataOf(engine) });
    this.#forget();
    this.#collect(engine.metrics());
    this.#flush();
    this.#setPlaying(command.playing);
    return null;
  }

  async #train(engine: Engine): Promise<void> {
    try {
      this.#collect(await engine.advance(BUDGET_MS));
      const now = performance.now();
      if (now - this.#lastPost >= METRICS_EVERY_MS) this.#flush();
      if (this.#latest?.frozen_at != null) {
        this.#flush();
        this.#setPlaying(false);
        return;
      }
      if (this.#sampling?.live && now >= this.#nextSample) await this.#sample(engine);
    } catch (error) {
      this.#setPlaying(false);
      this.#post({ type: "trouble", fault: toFault(error), fatal: error instanceof WebAssembly.RuntimeError });
    }
  }

  async #sample(engine: Engine): Promise<void> {
    const sampling = this.#sampling;
    if (!sampling) return;
    const begun = performance.now();
    const sample = await engine.sample(sampling.options);
    const frames = owned(sample.frames);
    const timesteps = owned(sample.timesteps);
    const clip: Clip = {
      frames,
      timesteps,
      frameCount: sample.frame_count,
      count: sample.count,
      evaluations: sample.model_evaluations,
      milliseconds: sample.milliseconds,
      quality: engine.quality(frames.slice((sample.frame_count - 1) * sample.count * 2)),
      step: this.#latest?.step ?? 0,
      options: sampling.options,
    };
    sample.free();
    this.#post({ type: "clip", clip }, [frames.buffer, timesteps.buffer] as Transferable[]);
    const spent = performance.now() - begun;
    this.#nextSample = performance.now() + Math.max(SAMPLE_EVERY_MS - spent, spent * (1 / SAMPLE_SHARE - 1));
  }

  #replaced(engine: Engine): void {
    this.#forget();
    this.#post({ type: "replaced", config: engine.config(), data: dataOf(engine) });
    this.#collect(engine.metrics());
    this.#flush();
  }

  #forget(): void {
    this.#losses = [];
    this.#latest = null;
    this.#nextSample = performance.now() + FIRST_SAMPLE_MS;
  }

  #collect(metrics: Metrics): void {
    if (this.#losses.length === 0) this.#firstLoss = metrics.first_step;
    this.#losses.push(...metrics.losses);
    this.#latest = metrics;
  }

  #flush(): void {
    if (!this.#latest) return;
    const metrics = { ...this.#latest, losses: this.#losses, first_step: this.#firstLoss };
    this.#losses = [];
    this.#lastPost = performance.now();
    this.#post({ type: "metrics", metrics });
  }

  #setPlaying(playing: boolean): void {
    this.#playing = playing;
    this.#post({ type: "running", playing });
  }
}

function dataOf(engine: Engine): { points: Float32Array; labels: Uint32Array } {
  return { points: owned(engine.data_points()), labels: owned(engine.data_labels()) };
}

/** A copy that owns its whole buffer, so that it may be transferred (a view into wasm memory may not). */
function owned<T extends Uint8Array | Float32Array | Int32Array | Uint32Array>(array: T): T {
  return array.byteLength === array.buffer.byteLength ? array : (array.slice() as T);
}

/** Returns a function that waits for one turn of the event loop without a timer's 4 ms floor. */
function macrotask(): () => Promise<void> {
  const channel = new MessageChannel();
  const waiting: (() => void)[] = [];
  channel.port1.onmessage = () => waiting.shift()?.();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      channel.port2.postMessage(null);
    });
}
