/**
 * The update of each sampler as its authors write it, filled in with what one sample was at this step. The levels and the weights of
 * earlier evaluations come from the engine's table; the rest is worked out here, and comes to the next frame.
 */
import { mathml, type TemplateResult } from "lit";
import type { StepRow } from "../../worker/ask";
import { Algebra, bar, earlier, hat, mi, sub, tilde, type Expression, type Format, type Vector } from "./formula";

/** One sample over a whole run: before each row, what the network took it for, and after the last row. */
export interface Track {
  /** rows + 1 of them. */
  x: readonly Vector[];
  /** One for each row. */
  clean: readonly Vector[];
}

export interface Update {
  /** Left and right side of x̂₀ as the network's output gives it; null where clipping hides the output. */
  reading: { left: TemplateResult; right: Expression } | null;
  /** The noise that goes with it, where the update needs it and the network did not say it. */
  noise: { left: TemplateResult; right: Expression } | null;
  step: { left: TemplateResult; right: Expression };
  /** The noise that was drawn for this step, as it follows from the next sample; null where there is none. */
  fresh: Vector | null;
  /** Words that belong to it. */
  notes: Note[];
}

export type Note = "clip" | "threshold" | "first" | "second" | "fresh" | "clean" | "last" | "weights" | "order1" | "order2" | "order3" | "lms" | "hidden" | "ancestral" | "sigma";

export interface Process {
  sampler: string;
  prediction: string;
  flow: boolean;
  clip: "none" | "clip" | "threshold";
  solverType: string;
  sde: boolean;
  /** DDIM: the noise follows a clipped prediction. */
  rederived: boolean;
}

const t = mi("t");
const s = mi("s");
const x = mi("x");
const clean0 = sub(hat(x), mathml`<mn>0</mn>`);
const epsilon = hat(mi("ε"));
const z = mi("z");

const minus = (a: Vector, b: Vector): Vector => a.map((v, i) => v - b[i]!);
const scaled = (a: Vector, by: number): Vector => a.map((v) => v * by);
/** Both levels' ratio of noise to signal. */
const sigmaOf = ({ signal, noise }: StepRow["from"]): number => noise / signal;

/** The row's result by x, x̂₀ and what was kept before: the network's output is one of the first two's. */
export function inClean(row: StepRow): { x: number; clean: number } {
  const by = row.c_m === 0 ? 0 : row.c_m / row.p_m;
  return { x: row.c_x - by * row.p_x, clean: row.c_0 + by };
}

/** The noise that leads from x̂₀ to x. */
const noiseOf = ({ from }: StepRow, at: Vector, clean: Vector): Vector => at.map((v, i) => (v - from.signal * clean[i]!) / from.noise);
/** ε − x₀. */
const flowOf = (row: StepRow, at: Vector, clean: Vector): Vector => minus(noiseOf(row, at, clean), clean);

export class Updates {
  #a: Algebra;
  #rows: readonly StepRow[];
  #process: Process;
  #track: Track;
  #drawn: Vector | null = null;

  constructor(rows: readonly StepRow[], process: Process, track: Track, format: Format) {
    this.#a = new Algebra(format);
    this.#rows = rows;
    this.#process = process;
    this.#track = track;
  }

  at(i: number): Update {
    const row = this.#rows[i]!;
    const { clip } = this.#process;
    const notes: Note[] = [];
    if (clip !== "none") notes.push(clip);
    this.#drawn = null;
    const step = this.#step(i, notes);
    if (row.c_z !== 0) notes.push("fresh");
    if (row.to.noise === 0) notes.push("clean");
    const said = clip === "none" ? this.#reading(i) : null;
    const own = this.#process.prediction === "epsilon" && clip === "none";
    const needsNoise = !own && !["ddpm", "dpmpp"].includes(this.#process.sampler) && !this.#process.flow;
    const derived = this.#process.sampler !== "ddim" || clip === "none" || this.#process.rederived;
    return { reading: said, noise: needsNoise && derived ? this.#noise(i) : null, step, fresh: this.#drawn, notes };
  }

  // The quantities of a row

  #x(i: number): Expression {
    return this.#a.quantity(this.#isSecond(i) ? sub(tilde(x), s) : sub(x, t), this.#track.x[i]!);
  }

  #clean(i: number, back = 0): Expression {
    return this.#a.quantity(earlier(clean0, back), this.#track.clean[i - back]!);
  }

  #alpha(level: StepRow["from"], index: TemplateResult): Expression {
    return this.#a.quantity(sub(bar(mi("α")), index), level.signal ** 2);
  }

  #signal(level: StepRow["from"], index: TemplateResult): Expression {
    if (this.#process.flow) return this.#a.difference(this.#a.constant(1), this.#a.quantity(sub(mi("σ"), index), level.noise));
    return this.#a.root(this.#alpha(level, index));
  }

  #amplitude(level: StepRow["from"], index: TemplateResult): Expression {
    if (this.#process.flow) return this.#a.quantity(sub(mi("σ"), index), level.noise);
    return this.#a.root(this.#a.difference(this.#a.constant(1), this.#alpha(level, index)));
  }

  #sigma(level: StepRow["from"], index: TemplateResult): Expression {
    return this.#a.quantity(sub(mi("σ"), index), sigmaOf(level));
  }

  /** ε̂ as the sampler takes it. */
  #eps(i: number, back = 0): Expression {
    return this.#a.quantity(earlier(epsilon, back), this.#epsValue(i - back));
  }

  #epsValue(i: number): Vector {
    const row = this.#rows[i]!;
    const { sampler, clip, rederived } = this.#process;
    const [before, clean] = [this.#track.x[i]!, this.#track.clean[i]!];
    if (sampler !== "ddim" || clip === "none" || rederived) return noiseOf(row, before, clean);
    // The network's own noise does not go with the clipped prediction; without fresh noise the next sample tells it.
    const kept = Math.sqrt(Math.max(0, row.to.noise ** 2 - row.c_z ** 2));
    return scaled(minus(this.#track.x[i + 1]!, scaled(clean, row.to.signal)), kept ? 1 / kept : 0);
  }

  #flowAt(i: number, back = 0): Expression {
    return this.#a.quantity(earlier(mi("v"), back), flowOf(this.#rows[i - back]!, this.#track.x[i - back]!, this.#track.clean[i - back]!));
  }

  /** The fresh noise that was drawn: what is left of the next sample without it. */
  #fresh(i: number, rest: Expression): Expression {
    const row = this.#rows[i]!;
    this.#drawn = scaled(minus(this.#track.x[i + 1]!, rest.value), 1 / row.c_z);
    return this.#a.quantity(z, this.#drawn);
  }

  #isSecond(i: number): boolean {
    const row = this.#rows[i]!;
    return this.#process.sampler === "heun" && i > 0 && row.from.noise === row.to.noise && row.c_1 !== 0;
  }

  // What the network says

  #reading(i: number): { left: TemplateResult; right: Expression } {
    const a = this.#a;
    const row = this.#rows[i]!;
    const index = this.#isSecond(i) ? s : t;
    const output = this.#track.clean[i]!.map((v, k) => (v - row.p_x * this.#track.x[i]![k]!) / row.p_m);
    const said = (symbol: TemplateResult): Expression => a.quantity(symbol, output);
    const of = (kind: string): Expression => {
      if (kind === "sample") return said(sub(mi("f"), mi("θ")));
      if (kind === "v_prediction") return a.difference(a.product(this.#signal(row.from, index), this.#x(i)), a.product(this.#amplitude(row.from, index), said(sub(mi("v"), mi("θ")))));
      if (kind === "flow_prediction") return a.difference(this.#x(i), a.product(this.#amplitude(row.from, index), said(sub(mi("v"), mi("θ")))));
      return a.quotient(a.difference(this.#x(i), a.product(this.#amplitude(row.from, index), said(sub(mi("ε"), mi("θ"))))), this.#signal(row.from, index));
    };
    return { left: clean0, right: of(this.#process.prediction) };
  }

  #noise(i: number): { left: TemplateResult; right: Expression } {
    const a = this.#a;
    const { from } = this.#rows[i]!;
    const index = this.#isSecond(i) ? s : t;
    return { left: epsilon, right: a.quotient(a.difference(this.#x(i), a.product(this.#signal(from, index), this.#clean(i))), this.#amplitude(from, index)) };
  }

  // The steps

  #step(i: number, notes: Note[]): Update["step"] {
    const { sampler, flow } = this.#process;
    const row = this.#rows[i]!;
    const left = sub(x, s);
    if (sampler === "ddpm") return { left, right: this.#ddpm(i) };
    if (sampler === "dpmpp") return { left, right: this.#dpmpp(i, notes) };
    // From pure noise x/signal says nothing; Euler's first step is then written as DDIM's, which it is.
    const infinite = row.from.signal < 1e-6;
    if (sampler === "heun") return this.#heun(i, infinite, notes);
    if (sampler === "euler" && flow) return { left, right: this.#flowEuler(i) };
    if (infinite || sampler === "ddim") return { left, right: this.#ddim(i) };
    notes.push("sigma");
    if (sampler === "euler") return { left, right: this.#euler(i) };
    if (sampler === "euler_ancestral") {
      notes.push("ancestral");
      return { left, right: this.#ancestral(i) };
    }
    if (sampler === "lms") {
      notes.push("lms");
      return { left, right: this.#lms(i) };
    }
    notes.push("weights");
    return { left, right: this.#weights(i) };
  }

  #withFresh(i: number, rest: Expression, spread: Expression): Expression {
    return this.#rows[i]!.c_z === 0 ? rest : this.#a.sum(rest, this.#a.product(spread, this.#fresh(i, rest)));
  }

  #ddim(i: number): Expression {
    const a = this.#a;
    const row = this.#rows[i]!;
    const signal = a.product(this.#signal(row.to, s), this.#clean(i));
    if (row.c_z === 0) return a.sum(signal, a.product(this.#amplitude(row.to, s), this.#eps(i)));
    const sigma = a.quantity(mi("σ"), row.c_z);
    const left = a.root(a.difference(a.difference(a.constant(1), this.#alpha(row.to, s)), a.square(sigma)));
    return this.#withFresh(i, a.sum(signal, a.product(left, this.#eps(i))), sigma);
  }

  #ddpm(i: number): Expression {
    const a = this.#a;
    const { from, to, c_z } = this.#rows[i]!;
    const alpha = a.quantity(mi("α"), (from.signal / to.signal) ** 2);
    const one = a.constant(1);
    const all = a.difference(one, this.#alpha(from, t));
    const ofClean = a.quotient(a.product(this.#signal(to, s), a.difference(one, alpha)), all);
    const ofX = a.quotient(a.product(a.root(alpha), a.difference(one, this.#alpha(to, s))), all);
    const mean = a.sum(a.product(ofClean, this.#clean(i)), a.product(ofX, this.#x(i)));
    return this.#withFresh(i, mean, a.quantity(mi("σ"), c_z));
  }

  /** x/signal moves along the noise's direction by as much as σ falls. */
  #euler(i: number): Expression {
    const a = this.#a;
    const { from, to } = this.#rows[i]!;
    const change = a.product(a.difference(this.#sigma(to, s), this.#sigma(from, t)), this.#eps(i));
    return a.product(this.#signal(to, s), a.sum(a.quotient(this.#x(i), this.#signal(from, t)), change));
  }

  #flowEuler(i: number): Expression {
    const a = this.#a;
    const { from, to } = this.#rows[i]!;
    return a.sum(this.#x(i), a.product(a.difference(this.#amplitude(to, s), this.#amplitude(from, t)), this.#flowAt(i)));
  }

  #heun(i: number, infinite: boolean, notes: Note[]): Update["step"] {
    const a = this.#a;
    const { flow } = this.#process;
    if (!flow) notes.push("sigma");
    const following = this.#rows[i + 1];
    if (!this.#isSecond(i)) {
      const pair = following !== undefined && this.#isSecond(i + 1);
      notes.push(pair ? "first" : "last");
      const right = flow ? this.#flowEuler(i) : infinite ? this.#ddim(i) : this.#euler(i);
      return { left: sub(pair ? tilde(x) : x, s), right };
    }
    notes.push("second");
    const [before, row] = [this.#rows[i - 1]!, this.#rows[i]!];
    const difference = flow
      ? a.difference(this.#flowAt(i), this.#flowAt(i, 1))
      : a.difference(this.#eps(i), this.#eps(i, 1));
    const change = flow
      ? a.difference(this.#amplitude(row.from, s), this.#amplitude(before.from, t))
      : a.difference(this.#sigma(row.from, s), this.#sigma(before.from, t));
    const half = a.quotient(change, a.constant(2));
    const parts = flow ? [half, difference] : [this.#signal(row.from, s), half, difference];
    return { left: sub(x, s), right: a.sum(this.#x(i), a.product(...parts)) };
  }

  #ancestral(i: number): Expression {
    const a = this.#a;
    const { from, to, c_z } = this.#rows[i]!;
    const down = a.quantity(sub(mi("σ"), mathml`<mo>↓</mo>`), sigmaOf(to) ** 2 / sigmaOf(from));
    const start = a.sum(a.quotient(this.#x(i), this.#signal(from, t)), a.product(a.difference(down, this.#sigma(from, t)), this.#eps(i)));
    const rest = a.product(this.#signal(to, s), start);
    if (c_z === 0) return rest;
    const up = a.quantity(sub(mi("σ"), mathml`<mo>↑</mo>`), c_z / to.signal);
    return a.product(this.#signal(to, s), a.sum(start, a.product(up, this.#fresh(i, rest))));
  }

  #lms(i: number): Expression {
    const a = this.#a;
    const row = this.#rows[i]!;
    const weight = (k: number, value: number): Expression => a.quantity(sub(mi("w"), mathml`<mn>${k}</mn>`), value / row.to.signal);
    const newest = (-inClean(row).clean * row.from.noise) / row.from.signal;
    const parts = [newest, row.c_1, row.c_2, row.c_3].flatMap((value, k) => (k > 0 && value === 0 ? [] : [a.product(weight(k, value), this.#eps(i, k))]));
    return a.product(this.#signal(row.to, s), a.sum(a.quotient(this.#x(i), this.#signal(row.from, t)), ...parts));
  }

  #dpmpp(i: number, notes: Note[]): Expression {
    const a = this.#a;
    const row = this.#rows[i]!;
    const { sde, solverType } = this.#process;
    const order = row.c_2 !== 0 ? 3 : row.c_1 !== 0 ? 2 : 1;
    notes.push(`order${order}`);
    if (order === 3) {
      notes.push("weights");
      return this.#weights(i);
    }
    const { from, to } = row;
    const decay = (to.noise * from.signal) / (to.signal * from.noise);
    const power = (times: string, value: number): Expression => a.quantity(mathml`<msup><mi>e</mi><mrow><mo>−</mo>${times ? mathml`<mn>${times}</mn>` : ""}<mi>h</mi></mrow></msup>`, value);
    const left = sde ? power("2", decay * decay) : power("", decay);
    const ratio = a.quotient(this.#amplitude(to, s), this.#amplitude(from, t));
    const ofX = sde ? a.product(ratio, power("", decay), this.#x(i)) : a.product(ratio, this.#x(i));
    const whole = a.difference(a.constant(1), left);
    const rest = a.sum(ofX, order === 1 ? a.product(this.#signal(to, s), whole, this.#clean(i)) : this.#secondOrder(i, whole, decay, solverType, sde));
    if (row.c_z === 0) return rest;
    return this.#withFresh(i, rest, a.product(this.#amplitude(to, s), a.root(whole)));
  }

  /** The prediction, and how it changed since the one before. */
  #secondOrder(i: number, whole: Expression, decay: number, solverType: string, sde: boolean): Expression {
    const a = this.#a;
    const { from, to } = this.#rows[i]!;
    const h = -Math.log(decay);
    const before = this.#rows[i - 1]!.from;
    const r = a.quantity(mi("r"), (Math.log(from.signal / from.noise) - Math.log(before.signal / before.noise)) / h);
    const changed = a.difference(this.#clean(i), this.#clean(i, 1));
    const signal = this.#signal(to, s);
    if (solverType !== "heun") {
      const towards = a.product(a.quotient(a.constant(1), a.product(a.constant(2), r)), changed);
      return a.product(signal, whole, a.sum(this.#clean(i), towards));
    }
    const span = a.quantity(sde ? mathml`<mrow><mn>2</mn><mi>h</mi></mrow>` : mi("h"), sde ? 2 * h : h);
    const slope = a.difference(a.constant(1), a.quotient(whole, span));
    return a.product(signal, a.sum(a.product(whole, this.#clean(i)), a.product(slope, a.quotient(changed, r))));
  }

  /** Any step as what it is in the end: so much of each. */
  #weights(i: number): Expression {
    const a = this.#a;
    const row = this.#rows[i]!;
    const own = inClean(row);
    const weight = (k: number, value: number): Expression => a.quantity(sub(mi("b"), mathml`<mn>${k}</mn>`), value);
    const ofX = a.product(a.quantity(mi("a"), own.x), this.#x(i));
    const parts = [own.clean, row.c_1, row.c_2, row.c_3].flatMap((value, k) => (value === 0 ? [] : [a.product(weight(k, value), this.#clean(i, k))]));
    return this.#withFresh(i, a.sum(ofX, ...parts), a.quantity(mi("σ"), row.c_z));
  }
}
