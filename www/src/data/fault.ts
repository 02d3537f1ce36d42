/**
 * Errors of this folder as data: a code of the strings table and what to put into its sentence. The modules run in a worker
 * as well as in the page, so they hold no words; whoever shows an error asks `describe`.
 */
import type { Texts } from "../strings";
import type { DataStrings } from "../strings/data.en";

type Faults = DataStrings["faults"];
export type FaultCode = keyof Faults;
/** What the sentence's function takes; numbers are written as the reader's language has them. */
type OrNumbers<T extends unknown[]> = { [K in keyof T]: string | number };
type Values<C extends FaultCode> = OrNumbers<Parameters<Faults[C]>>;

/** What went wrong with images. It keeps its meaning as plain data: `{ kind, code, values }` can be posted from a worker. */
export class DataError<C extends FaultCode = FaultCode> extends Error {
  readonly kind = "data";
  readonly code: C;
  readonly values: (string | number)[];

  constructor(code: C, ...values: Values<C>) {
    super([code, ...values].join(" "));
    this.name = "DataError";
    this.code = code;
    this.values = values;
  }
}

/** The sentence for a `DataError`, or for its plain data; `null` for anything else. */
export function describe(error: unknown, { data, number }: Pick<Texts, "data" | "number">): string | null {
  const fault = error as { kind?: unknown; code?: unknown; values?: unknown } | null;
  if (fault?.kind !== "data" || !Array.isArray(fault.values)) return null;
  const sentence = Object.hasOwn(data.faults, String(fault.code)) ? data.faults[fault.code as FaultCode] : null;
  const words = fault.values.map((value) => (typeof value === "number" ? number.whole(value) : String(value)));
  return sentence && (sentence as (...words: string[]) => string)(...words);
}
