/** Calm lines above the tool. */
import type { Metrics } from "../engine-types";
import type { Texts } from "../strings";
import type { Fault } from "../worker/protocol";
import type { HashReading } from "./hash";

export interface Notice {
  id: string;
  tone: "info" | "warn" | "error";
  text: string;
  dismissible?: boolean;
  actions?: { label: string; run(): void }[];
}

/** `label` names a setting. */
export function noticesForHash(reading: HashReading, { ui, number }: Texts, label: (key: string) => string): Notice[] {
  const notices: Notice[] = [];
  const warn = (id: string, text: string): void => void notices.push({ id, tone: "warn", text, dismissible: true });
  const short = (value: string): string => (value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (reading.otherVersion !== null) warn("hash-version", ui.notices.hashVersion(short(reading.otherVersion)));
  if (reading.unknown.length) warn("hash-unknown", ui.notices.hashIgnored(reading.unknown.slice(0, 5).map(short).join(", ")));
  for (const { key, given, used } of reading.clamped) {
    const shown = typeof used === "number" ? number.significant(used, 10) : short(String(used));
    warn(`hash-${key}`, ui.notices.hashClamped(label(key), short(given), shown));
  }
  return notices;
}

/** The model froze on a loss that is not a number: what happened, and a way out. */
export function frozenNotice(metrics: Metrics, rate: number, { ui, number }: Texts, startOver: () => void): Notice {
  return {
    id: "frozen",
    tone: "error",
    text: ui.notices.frozen(number.whole(metrics.frozen_at ?? metrics.step)),
    actions: [{ label: ui.notices.frozenAction(number.significant(rate)), run: startOver }],
  };
}

export function troubleNotice(fault: Fault, fatal: boolean, { ui }: Texts): Notice {
  const { notices } = ui;
  if (!fatal) return { id: "trouble", tone: "error", text: notices.trouble(fault.message), dismissible: true };
  return { id: "trouble", tone: "error", text: notices.fatal(fault.message), actions: [{ label: notices.reload, run: () => location.reload() }] };
}
