import { dataEn, type DataStrings } from "./data.en";
import { en, type Strings } from "./en";
import { essayEn, type EssayStrings } from "./essay.en";

interface Language {
  ui: Strings;
  essay: EssayStrings;
  data: DataStrings;
}

const languages: Record<string, Language> = { en: { ui: en, essay: essayEn, data: dataEn } };

export type Texts = Language & { lang: string; number: Numbers };

/** Numbers as a reader of the language writes them. */
export class Numbers {
  #lang: string;
  #cache = new Map<string, Intl.NumberFormat>();

  constructor(lang: string) {
    this.#lang = lang;
  }

  #format(value: number, options: Intl.NumberFormatOptions): string {
    const key = JSON.stringify(options);
    let format = this.#cache.get(key);
    if (!format) this.#cache.set(key, (format = new Intl.NumberFormat(this.#lang, options)));
    return format.format(value);
  }

  whole(value: number): string {
    return this.#format(value, { maximumFractionDigits: 0 });
  }

  fixed(value: number, digits: number): string {
    return this.#format(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  }

  /** A measured quantity: three decimals, or powers of ten where a run has blown up. */
  reading(value: number): string {
    return Math.abs(value) < 1000 ? this.fixed(value, 3) : this.#format(value, { notation: "scientific", maximumFractionDigits: 1 });
  }

  percent(share: number): string {
    return this.#format(share, { style: "percent", maximumFractionDigits: 0 });
  }

  /** Four significant digits of any number, as powers of ten where it is small or large; a true minus sign. */
  exact(value: number): string {
    const size = Math.abs(value);
    // Less than this is what rounding has left of nothing.
    if (size < 1e-14) return "0";
    if (size >= 1e-4 && size < 1e6) return this.significant(value, 4).replace("-", "−");
    const exponent = Math.floor(Math.log10(size));
    const power = [...String(exponent)].map((sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)])).join("");
    return `${this.significant(value / 10 ** exponent, 4).replace("-", "−")}·10${power}`;
  }

  /** How long ago, in the largest unit that fits. */
  ago(milliseconds: number): string {
    const units: [Intl.RelativeTimeFormatUnit, number][] = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000], ["second", 1000]];
    const [unit, size] = units.find(([, length]) => milliseconds >= length) ?? units.at(-1)!;
    return new Intl.RelativeTimeFormat(this.#lang, { numeric: "auto" }).format(-Math.round(milliseconds / size), unit);
  }

  /** Up to `digits` significant digits, never in exponent form: learning rates and the like. */
  significant(value: number, digits = 3): string {
    return this.#format(value, { maximumSignificantDigits: digits, maximumFractionDigits: 20, useGrouping: true });
  }
}

/** The table for a language tag, or English where it is missing. */
export function texts(lang: string | null): Texts {
  const wanted = (lang ?? "en").toLowerCase();
  const found = languages[wanted] ? wanted : languages[wanted.split("-")[0] ?? ""] ? wanted.split("-")[0]! : "en";
  return { ...languages[found]!, lang: found, number: new Numbers(found) };
}
