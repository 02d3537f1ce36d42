/** What a finding means, in a sentence with its numbers, and what the page can do about it. */
import type { RunStore } from "../../state/run-store";
import type { Value } from "../../state/table";
import type { DiagnosisStrings } from "../../strings/lab-diagnosis.en";
import type { Finding } from "../../worker/ask";

/** A button, or a hint where there is nothing to press. */
export interface Remedy {
  label: string | null;
  hint?: string | undefined;
  run?(): Promise<unknown>;
  /** The findings are looked for anew once it is done. */
  rechecks?: boolean;
}

const numberOf = (value: number | string | undefined): number => Number(value ?? NaN);

/** Two decimals where they say something, else two figures. */
export function inFigures(value: number, { text: { number } }: RunStore): string {
  const size = Math.abs(value);
  if (size >= 10_000) return number.reading(value);
  return (size === 0 || (size >= 0.01 && size < 100) ? number.fixed(value, 2) : number.significant(value, 2)).replace("-", "−");
}

export function sentence({ id, severity, values }: Finding, store: RunStore, words: DiagnosisStrings): string {
  const { number } = store.text;
  const read = (name: string): string => inFigures(numberOf(values[name]), store);
  const whole = (name: string): string => number.whole(numberOf(values[name]));
  if (id === "data_range") {
    const d = { low: read("low"), high: read("high"), deviation: read("deviation"), expectedLow: whole("expected_low").replace("-", "−"), expectedHigh: whole("expected_high") };
    if (severity === "ok") return words.dataRange.ok(d);
    const large = Math.max(numberOf(values["high"]), -numberOf(values["low"])) > numberOf(values["expected_high"]);
    return large ? words.dataRange.large(d) : words.dataRange.small(d);
  }
  if (id === "one_step") {
    // Of three levels the one where the network helps least says most.
    const level = ["mid", "low", "high"].reduce((worst, name) => (gain(values, name) > gain(values, worst) ? name : worst));
    const shown = severity === "ok" ? "mid" : level;
    const d = { error: read(`error_${shown}`), baseline: read(`baseline_${shown}`), step: whole("step") };
    return words.oneStep[severity](d);
  }
  if (id === "ema") {
    const decay = numberOf(values["decay"]);
    const d = { ema: read("loss_ema"), raw: read("loss_raw"), decay: number.significant(decay, 5), span: number.significant(1 / Math.max(1e-9, 1 - decay), 1) };
    return severity === "ok" ? words.ema.ok(d) : words.ema.behind(d);
  }
  return scheduleSentence(values, store, words);
}

/** Error beside that without a network. */
const gain = (values: Finding["values"], name: string): number => numberOf(values[`error_${name}`]) / numberOf(values[`baseline_${name}`]);

function scheduleSentence(values: Finding["values"], store: RunStore, words: DiagnosisStrings): string {
  const { number } = store.text;
  const field = String(values["field"] ?? "");
  const snr = (name: string): string => number.significant(numberOf(values[name]), 2);
  const shown = (value: number | string | undefined): string => {
    if (typeof value === "number") return number.significant(value, 6);
    return value ? store.choice(`schedule.${field}`, value) : words.schedule.another;
  };
  if (field === "") return words.schedule.ok;
  if (field === "start") return words.schedule.start({ trained: shown(values["trained"]), sampled: shown(values["sampled"]), snr: snr("start_snr_sampled") });
  if (field === "start_snr") return words.schedule.startSnr({ snr: snr("start_snr_trained") });
  const name = field.replace(/^schedule\./, "");
  return words.schedule.field({ name: words.schedule.fields[name] ?? store.label(`schedule.${name}`), trained: shown(values["trained"]), sampled: shown(values["sampled"]) });
}

export function remedies({ id, severity, values }: Finding, store: RunStore, words: DiagnosisStrings): Remedy[] {
  if (severity === "ok") return [];
  const { settings, table } = store;
  const offers: Remedy[] = [];
  /** A setting of the page that has another value now. */
  const setting = (key: string, value: Value, label: string, hint?: string): void => {
    if (table.has(key) && settings?.[key] !== value) offers.push({ label, hint, rechecks: true, run: () => store.set(key, value) });
  };
  switch (id) {
    case "data_range":
      setting(store.task === "points" ? "data.scale" : "images.scale", 1, words.remedies.scale, words.remedies.scaleHint);
      break;
    case "one_step":
      offers.push(store.wanted ? { label: null, hint: words.remedies.training } : { label: words.remedies.train, run: () => store.play() });
      break;
    case "ema":
      setting("sample.weights", "raw", words.remedies.raw, words.remedies.rawHint);
      break;
    case "schedule":
      if (values["field"] === "start") setting("sample.timestep_spacing", "trailing", words.remedies.start);
      else setting("sample.schedule", "training", words.remedies.schedule);
  }
  return offers;
}

export function verdict(findings: readonly Finding[], words: DiagnosisStrings): { severity: Finding["severity"]; text: string } {
  for (const severity of ["bad", "warn"] as const) {
    const causes = findings.filter((finding) => finding.severity === severity).map(({ id }) => words.causes[id]);
    if (causes.length) return { severity, text: words.verdict[severity](causes.join(severity === "bad" ? words.verdict.and : words.verdict.andThat)) };
  }
  return { severity: "ok", text: words.verdict.ok };
}
