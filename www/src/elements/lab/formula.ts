/**
 * Formulas that are worked out while they are written: each expression has its value, its symbols, and the same in numbers, so that
 * what stands on the page is what is computed.
 */
import { mathml, type TemplateResult } from "lit";

/** One number for each coordinate; a factor has a single one. */
export type Vector = readonly number[];
export type Mode = "symbols" | "numbers";
type Written = Record<Mode, TemplateResult>;

export interface Expression {
  value: Vector;
  written: Written;
  /** Whether it needs brackets as a factor. */
  loose: Record<Mode, boolean>;
}

/** Writes one number, or those of a column alike. */
export type Format = (value: Vector) => string[];

export const mi = (text: string): TemplateResult => mathml`<mi>${text}</mi>`;
export const sub = (base: TemplateResult, index: TemplateResult): TemplateResult => mathml`<msub>${base}${index}</msub>`;
export const hat = (base: TemplateResult): TemplateResult => mathml`<mover accent="true">${base}<mo stretchy="false">^</mo></mover>`;
export const bar = (base: TemplateResult): TemplateResult => mathml`<mover accent="true">${base}<mo stretchy="false">¯</mo></mover>`;
export const tilde = (base: TemplateResult): TemplateResult => mathml`<mover accent="true">${base}<mo stretchy="false">~</mo></mover>`;
/** What the evaluation before said, and those before it. */
export const earlier = (base: TemplateResult, by: number): TemplateResult => (by === 0 ? base : mathml`<msup>${base}<mrow><mo stretchy="false">(</mo><mo>−</mo><mn>${by}</mn><mo stretchy="false">)</mo></mrow></msup>`);

/** A number, or a column of them. */
export function numbers(value: Vector, format: Format): TemplateResult {
  const texts = format(value);
  if (value.length === 1) return mathml`<mn>${texts[0]}</mn>`;
  // Its brackets are borders: few fonts have any that stretch.
  return mathml`<mtable class="column">${texts.map((text) => mathml`<mtr><mtd><mn>${text}</mn></mtd></mtr>`)}</mtable>`;
}

const bracketed = (what: TemplateResult): TemplateResult => mathml`<mrow><mo>(</mo>${what}<mo>)</mo></mrow>`;
const MODES: readonly Mode[] = ["symbols", "numbers"];

function written(write: (mode: Mode) => TemplateResult): Written {
  return { symbols: write("symbols"), numbers: write("numbers") };
}

const spread = (value: Vector, length: number): Vector => (value.length === length ? value : Array.from({ length }, () => value[0]!));

function combined(parts: readonly Expression[], of: (values: number[]) => number): Vector {
  const length = Math.max(...parts.map(({ value }) => value.length));
  const values = parts.map(({ value }) => spread(value, length));
  return Array.from({ length }, (_, i) => of(values.map((value) => value[i]!)));
}

const factor = (part: Expression, mode: Mode): TemplateResult => (part.loose[mode] ? bracketed(part.written[mode]) : part.written[mode]);

/** Makes expressions whose numbers are written by `format`. */
export class Algebra {
  #format: Format;

  constructor(format: Format) {
    this.#format = format;
  }

  quantity(symbol: TemplateResult, value: number | Vector): Expression {
    const vector = typeof value === "number" ? [value] : value;
    const negative = vector.length === 1 && vector[0]! < 0;
    return { value: vector, written: { symbols: symbol, numbers: numbers(vector, this.#format) }, loose: { symbols: false, numbers: negative } };
  }

  constant(value: number): Expression {
    const text = mathml`<mn>${value}</mn>`;
    return { value: [value], written: { symbols: text, numbers: text }, loose: { symbols: false, numbers: false } };
  }

  sum(first: Expression, ...others: Expression[]): Expression {
    return this.#chain(first, others.map((part) => [part, "+"] as const));
  }

  difference(first: Expression, second: Expression): Expression {
    return this.#chain(first, [[second, "−"]]);
  }

  #chain(first: Expression, others: readonly (readonly [Expression, "+" | "−"])[]): Expression {
    const value = combined([first, ...others.map(([part]) => part)], ([a, ...rest]) => rest.reduce((total, v, i) => (others[i]![1] === "+" ? total + v : total - v), a!));
    const write = (mode: Mode): TemplateResult =>
      mathml`<mrow>${first.written[mode]}${others.map(([part, sign]) => mathml`<mo>${sign}</mo>${sign === "−" || (mode === "numbers" && part.value.length === 1) ? factor(part, mode) : part.written[mode]}`)}</mrow>`;
    return { value, written: written(write), loose: { symbols: true, numbers: true } };
  }

  product(...parts: Expression[]): Expression {
    const value = combined(parts, (values) => values.reduce((a, b) => a * b));
    const write = (mode: Mode): TemplateResult => mathml`<mrow>${parts.map((part, i) => mathml`${i ? mathml`<mo>${mode === "numbers" ? "·" : "\u2062"}</mo>` : ""}${factor(part, mode)}`)}</mrow>`;
    return { value, written: written(write), loose: { symbols: false, numbers: false } };
  }

  quotient(above: Expression, below: Expression): Expression {
    const value = combined([above, below], ([a, b]) => a! / b!);
    return { value, written: written((mode) => mathml`<mfrac>${above.written[mode]}${below.written[mode]}</mfrac>`), loose: { symbols: false, numbers: false } };
  }

  root(part: Expression): Expression {
    // Rounding may leave a little less than nothing. A bar over a letter is kept apart from the root's.
    const value = combined([part], ([a]) => Math.sqrt(Math.max(0, a!)));
    return { value, written: written((mode) => mathml`<msqrt>${part.written[mode]}</msqrt>`), loose: { symbols: false, numbers: false } };
  }

  square(part: Expression): Expression {
    const value = combined([part], ([a]) => a! * a!);
    return { value, written: written((mode) => mathml`<msup>${factor(part, mode)}<mn>2</mn></msup>`), loose: { symbols: false, numbers: false } };
  }
}

/** A formula line by line: in symbols, in numbers, and what comes of it. */
export function lines(left: TemplateResult, right: Expression, format: Format): TemplateResult[] {
  const line = (before: TemplateResult | "", what: TemplateResult): TemplateResult => mathml`<math display="block">${before}<mo>=</mo>${what}</math>`;
  return [line(left, right.written[MODES[0]!]), line("", right.written[MODES[1]!]), line("", numbers(right.value, format))];
}
