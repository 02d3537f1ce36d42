/** Settings in the URL hash: `#v=1&data.dataset=swiss_roll`, only what differs from the defaults. */
import { readClasses, writeClasses } from "./class-list";
import { FROM_FILE, readNumbers, writeNumbers, type Settings, type Table, type Value } from "./table";

export const HASH_VERSION = "1";

/** What the page trains: points in the plane, or images of digits. */
export type Task = "points" | "digits";

export interface HashReading {
  values: Settings;
  unknown: string[];
  clamped: { key: string; given: string; used: Value }[];
  /** Set when the hash names another format version. */
  otherVersion: string | null;
}

/** The task a hash asks for; points unless it says otherwise. */
export function taskOf(hash: string): Task {
  return new URLSearchParams(hash.replace(/^#/, "")).get("task") === "digits" ? "digits" : "points";
}

export function readHash(hash: string, table: Table): HashReading {
  const reading: HashReading = { values: {}, unknown: [], clamped: [], otherVersion: null };
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  for (const [name, text] of parameters) {
    if (name === "v") {
      if (text !== HASH_VERSION) reading.otherVersion = text;
    } else if (name === "task") {
      if (text !== "points" && text !== "digits") reading.unknown.push(`task=${text}`);
    } else if (!table.has(name) || table.spec(name).local) {
      reading.unknown.push(name);
    } else {
      const value = parse(name, text, table);
      if (value === null) {
        reading.unknown.push(`${name}=${text}`);
        continue;
      }
      reading.values[name] = value;
      if (String(value) !== text && Number(text) !== value) reading.clamped.push({ key: name, given: text, used: value });
    }
  }
  return reading;
}

/** The nearest possible value, or null where the text is no value at all. */
export function parse(key: string, text: string, table: Table): Value | null {
  const { kind, min, max, choices, most, pattern } = table.spec(key);
  if (kind === "choice") return choices?.includes(text) ? text : null;
  if (kind === "classes") {
    const classes = readClasses(text);
    return classes && writeClasses(classes);
  }
  if (kind === "text") return pattern?.test(text) ? text : null;
  if (kind === "flag") return text === "true" ? true : text === "false" ? false : null;
  if (kind === "numbers") {
    const numbers = readNumbers(text);
    return numbers && writeNumbers(numbers.slice(0, most));
  }
  const number = text.trim() === "" ? NaN : Number(text);
  if (Number.isNaN(number)) return null;
  const inRange = Math.min(max ?? Infinity, Math.max(min ?? -Infinity, number));
  return kind === "int" ? Math.round(inRange) : inRange;
}

/** The hash for these settings, without "#"; empty when nothing differs from the first view. */
export function writeHash(task: Task, settings: Settings, defaults: Settings, table: Table): string {
  const parts = table.keys
    .filter((key) => settings[key] !== defaults[key] && !table.spec(key).local && settings[key] !== FROM_FILE)
    .map((key) => `${key}=${encodeURIComponent(String(settings[key])).replaceAll("%2C", ",")}`);
  if (parts.length) parts.unshift(`v=${HASH_VERSION}`);
  if (task !== "points") parts.unshift(`task=${task}`);
  return parts.join("&");
}
