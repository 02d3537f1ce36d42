/** Everything that was measured, as plain text. */
import type { BenchOutcome } from "../engine-types";
import type { Texts } from "../strings";
import { benchTexts, type BenchStrings } from "../strings/bench.en";
import type { Measured } from "./measure";
import { caseName, reading, rowOf } from "./names";
import { ratios, type RaceResult } from "./racing";

const pad = (text: string, width: number): string => text.padEnd(width);

function line(outcome: BenchOutcome, words: BenchStrings, number: Texts["number"]): string {
  const row = rowOf(outcome, words, number);
  if (row) {
    const ofPeak = row.ofPeak === null ? "" : ` ${number.percent(row.ofPeak)}`;
    const speed = `${reading(number, row.perSecond)} ${words.perSecond[row.unit]}`;
    const time = `${reading(number, row.timing.median)} ${words.ms} (${reading(number, row.timing.least)})`;
    const host = row.host === null ? "" : `  ${words.column.host} ${reading(number, row.host)} ${words.ms}`;
    return `  ${pad(row.name, 44)}${speed.padStart(18)}${time.padStart(24)}${`${reading(number, row.gflops)} ${words.gflops}`.padStart(18)}${ofPeak.padStart(8)}${host}`;
  }
  const name = pad(caseName(outcome.name, words, number), 44);
  if (outcome.kind === "skipped") return `  ${name}${words.skipped(number.whole(outcome.expected), number.whole(outcome.limit))}`;
  if (outcome.kind !== "growth") return name;
  const points = outcome.points.map((p) => `${number.whole(p.at)}: ${reading(number, p.step.median)} ${words.ms}`).join(", ");
  const fixed = (slope: number): string => number.fixed(slope, 2);
  return `  ${name}${points}\n    ${words.growth.slope(fixed(outcome.slope), fixed(outcome.slope_of_operations), fixed(outcome.slope_at_end))}`;
}

/** Lines of a backend. */
function backendLines(measured: Measured, { number }: Texts, words: BenchStrings): string[] {
  const name = words.backend[measured.backend];
  const { adapter, peaks, fault, outcomes } = measured;
  const head = adapter ? `${name}: ${adapter.name}${adapter.kind === "software_gpu" ? ` (${words.software})` : ""}` : name;
  const lines = [head];
  if (peaks) {
    const at = (value: number, unit: string): string => `${reading(number, value)} ${unit}`;
    lines.push(`  ${words.arithmetic} ${at(peaks.gflops, words.gflops)}; ${words.bandwidth.toLowerCase()} ${at(peaks.gigabytes_per_second, words.gigabytes)}`);
  }
  lines.push(...outcomes.map((outcome) => line(outcome, words, number)));
  if (fault) lines.push(`  ${fault.kind === "no_adapter" ? words.noWebgpu : words.failed(fault.message)}`);
  return lines;
}

/** Lines of the races. */
function raceLines(results: readonly RaceResult[], { number }: Texts, words: BenchStrings): string[] {
  if (results.length === 0) return [];
  return [
    words.races.title,
    ...results.map((result) => {
      const name = pad(`${result.name} (${result.sides})`, 60);
      if (result.fault) return `  ${name}${words.failed(result.fault)}`;
      const { median, all } = ratios(result);
      if (median === null) return `  ${name}…`;
      const each = all.map((ratio) => number.fixed(ratio, 2)).join(", ");
      const times = `${reading(number, result.ours)} ${words.ms} : ${reading(number, result.theirs)} ${words.ms}`;
      return `  ${name}${times}, ${words.races.column.ratio.toLowerCase()} ${number.fixed(median, 2)} (${each})`;
    }),
  ];
}

/** The report; `browser` names the browser, `date` the day. */
export function reportText(measured: readonly Measured[], races: readonly RaceResult[], texts: Texts, title: string, date: string, browser: string): string {
  const words = benchTexts(texts.lang);
  const parts = [...measured.map((one) => backendLines(one, texts, words)), raceLines(races, texts, words)];
  return [[`${title}, ${date}`, browser], ...parts.filter((lines) => lines.length > 0)].map((lines) => lines.join("\n")).join("\n\n");
}
