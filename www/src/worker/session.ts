/**
 * One engine, driven by one loop. All calls go through the loop, one after the other: the engine is a
 * single mutable object, and two overlapping asynchronous calls into it would be an error.
 */
import type { Metrics } from "../engine-types";
import { TABLE_ASKS, type Drawn } from "./ask";
import type { Engine, EngineModule, Sample } from "./engine-api";
import { toFault } from "./fault";
import type { Command, DataSet, Request, Sampling, TimedClip, Update } from "./protocol";
import { storedTuning, storeTuning } from "./tuning-storage";

/** Milliseconds of training per call: short enough that a click is answered at once. */
const BUDGET_MS = 8;
/** Metrics go to the page at most this often. */
const METRICS_EVERY_MS = 100;
/** Live samples take never more than this share of the time. */
const SAMPLE_SHARE = 0.2;

export type Post = (update: Update, transfer?: Transferable[]) => void;

export abstract class Session {
  protected readonly module: EngineModule;
  protected readonly post: Post;
  protected engine: Engine | null = null;
  protected latest: Metrics | null = null;
  /** Live samples: one at most this often. */
  protected abstract readonly sampleEvery: number;
  /** The first live sample comes early, so that the picture moves soon after loading. */
  protected abstract readonly firstSample: number;
  /** Whether each single step draws a sample, however soon after the last. */
  protected abstract readonly sampleOnStep: boolean;
  #queue: (() => Promise<void>)[] = [];
  #wake: (() => void) | null = null;
  #playing = false;
  #sampling: Sampling | null = null;
  #nextSample = 0;
  #lastPost = 0;
  /** Losses gathered since the last post; a poll of the engine hands each out only once. */
  #losses: number[] = [];
  #firstLoss = 0;
  #tick = macrotask();

  constructor(module: EngineModule, post: Post) {
    this.module = module;
    this.post = post;
  }

  submit(request: Request): void {
    this.enqueue(() => this.#answer(request));
  }

  /** Work that wants the engine to itself, between commands. It must not throw. */
  protected enqueue(work: () => Promise<void>): void {
    this.#queue.push(work);
    this.#wake?.();
  }

  /** Runs until the worker ends. */
  async run(): Promise<never> {
    for (;;) {
      let work: (() => Promise<void>) | undefined;
      while ((work = this.#queue.shift())) await work();
      if (this.#playing && this.engine && this.canTrain) {
        await this.#train(this.engine);
        // Let messages in: a backend that resolves at once would otherwise starve them.
        await this.#tick();
      } else if (this.#queue.length === 0) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#wake = null;
      }
    }
  }

  /** False while training has to wait for something, such as data. */
  protected get canTrain(): boolean {
    return true;
  }

  protected get playing(): boolean {
    return this.#playing;
  }

  /** What `created` and `replaced` tell of the data. */
  protected abstract data(engine: Engine): DataSet | null;

  /** The message that carries a sample to the page, and the buffers that move with it. */
  protected abstract clip(engine: Engine, sample: Sample, common: TimedClip): { update: Update; moved: Transferable[] };

  /** Called after each turn of training, with the time. */
  protected async trained(_engine: Engine, _now: number): Promise<void> {}

  /** Called when a run was made or replaced, before the page hears of it … */
  protected async replacing(_engine: Engine): Promise<void> {}

  /** … and once its first metrics are known. */
  protected settled(): void {}

  /** Called when training was paused. */
  protected async halted(): Promise<void> {}

  async #answer(request: Request): Promise<void> {
    try {
      const result = await this.perform(request);
      const transfer = result instanceof Uint8Array || result instanceof Float32Array ? [result.buffer] : [];
      this.post({ type: "done", id: request.id, result }, transfer as Transferable[]);
    } catch (error) {
      this.post({ type: "failed", id: request.id, fault: toFault(error) });
    }
  }

  protected async perform(command: Command): Promise<unknown> {
    if (command.type === "create") return this.#create(command);
    const engine = this.ready();
    switch (command.type) {
      case "play":
        this.#setPlaying(true);
        return null;
      case "pause":
        this.#setPlaying(false);
        this.#flush();
        await this.halted();
        return null;
      case "step":
        if (!this.canTrain) throw new Error("The training data is not here yet.");
        this.#collect(await engine.step(command.steps));
        this.#flush();
        if (this.#sampling?.live && (this.sampleOnStep || performance.now() >= this.#nextSample)) await this.sample(engine);
        return null;
      case "reset":
        await engine.reset(command.config);
        await this.replaced(engine);
        return null;
      case "learning_rate":
        engine.set_learning_rate(command.value);
        this.#collect(engine.metrics());
        this.#flush();
        return null;
      case "sampling":
        this.module.check_sample_options(command.sampling.options, engine.config());
        this.#sampling = command.sampling;
        return null;
      case "sample":
        await this.sample(engine);
        return null;
      case "save":
        return owned(await engine.save_checkpoint());
      case "load": {
        const config = await engine.load_checkpoint(command.bytes);
        await this.replaced(engine);
        await this.sample(engine);
        return config;
      }
      case "profile":
        return engine.profile(command.steps);
      case "lose_device":
        engine.lose_device();
        return null;
      case "ask":
        return this.#ask(engine, command);
      case "draw":
        return drawn(await engine.sample(command.options, command.inputs));
      default:
        throw new Error(`This run does not know the command ${command.type}.`);
    }
  }

  #ask(engine: Engine, { method, args }: Command & { type: "ask" }): unknown {
    const owner = TABLE_ASKS.some((name) => name === method) ? this.module : engine;
    return (owner as unknown as Record<string, (...args: unknown[]) => unknown>)[method]!(...args);
  }

  protected ready(): Engine {
    if (!this.engine) throw new Error("The engine is not ready yet.");
    return this.engine;
  }

  async #create(command: Command & { type: "create" }): Promise<null> {
    const config = this.module.check_config(command.config);
    const sampling = command.sampling;
    sampling.options = this.module.check_sample_options(sampling.options, config);
    this.engine?.destroy();
    this.engine = null;
    const compiling = (done: number, total: number): void => this.post({ type: "compiling", done, total });
    const engine = await this.module.Engine.create(config, command.backend, compiling, command.tune ? await storedTuning() : undefined);
    this.engine = engine;
    this.#sampling = sampling;
    await this.replacing(engine);
    this.post({ type: "created", adapter: engine.adapter(), config: engine.config(), data: this.data(engine) });
    this.#forget();
    this.#collect(engine.metrics());
    this.settled();
    this.#flush();
    this.#setPlaying(command.playing);
    return null;
  }

  async #train(engine: Engine): Promise<void> {
    try {
      this.#collect(await engine.advance(BUDGET_MS));
      const tuning = engine.tuning();
      if (tuning !== undefined) void storeTuning(tuning);
      const now = performance.now();
      if (now - this.#lastPost >= METRICS_EVERY_MS) this.#flush();
      if (this.latest?.frozen_at != null) {
        this.#flush();
        this.#setPlaying(false);
        return;
      }
      await this.trained(engine, now);
      if (this.#sampling?.live && now >= this.#nextSample) await this.sample(engine);
    } catch (error) {
      this.#setPlaying(false);
      this.post({ type: "trouble", fault: toFault(error), fatal: error instanceof WebAssembly.RuntimeError });
    }
  }

  protected async sample(engine: Engine): Promise<void> {
    const sampling = this.#sampling;
    if (!sampling) return;
    const begun = performance.now();
    this.post({ type: "next_sample", wait: 0 });
    const sample = await engine.sample(sampling.options);
    const { update, moved } = this.clip(engine, sample, {
      timesteps: owned(sample.timesteps),
      frameCount: sample.frame_count,
      count: sample.count,
      evaluations: sample.model_evaluations,
      milliseconds: sample.milliseconds,
      step: this.latest?.step ?? 0,
      options: sampling.options,
    });
    sample.free();
    this.post(update, moved);
    // Sampling has buffers of its own: the page says what is in use.
    this.#collect(engine.metrics());
    this.#flush();
    const spent = performance.now() - begun;
    this.#await(Math.max(this.sampleEvery - spent, spent * (1 / SAMPLE_SHARE - 1)));
  }

  #await(wait: number): void {
    this.#nextSample = performance.now() + wait;
    this.post({ type: "next_sample", wait });
  }

  protected async replaced(engine: Engine): Promise<void> {
    await this.replacing(engine);
    this.post({ type: "replaced", config: engine.config(), data: this.data(engine) });
    this.#forget();
    this.#collect(engine.metrics());
    this.settled();
    this.#flush();
  }

  #forget(): void {
    this.#losses = [];
    this.latest = null;
    this.#await(this.firstSample);
  }

  #collect(metrics: Metrics): void {
    if (this.#losses.length === 0) this.#firstLoss = metrics.first_step;
    this.#losses.push(...metrics.losses);
    this.latest = metrics;
  }

  #flush(): void {
    if (!this.latest) return;
    const metrics = { ...this.latest, losses: this.#losses, first_step: this.#firstLoss };
    this.#losses = [];
    this.#lastPost = performance.now();
    this.post({ type: "metrics", metrics });
  }

  #setPlaying(playing: boolean): void {
    this.#playing = playing;
    this.post({ type: "running", playing });
  }
}

/** A finished run as plain data; the engine's own object is freed. */
function drawn(sample: Sample): Drawn {
  const plain: Drawn = {
    frames: owned(sample.frames),
    predicted: owned(sample.predicted),
    timesteps: owned(sample.timesteps),
    frameCount: sample.frame_count,
    count: sample.count,
    dim: sample.dim,
    evaluations: sample.model_evaluations,
    milliseconds: sample.milliseconds,
  };
  sample.free();
  return plain;
}

/** A copy that owns its whole buffer, so that it may be transferred (a view into wasm memory may not). */
export function owned<T extends Uint8Array | Float32Array | Int32Array | Uint32Array>(array: T): T {
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
