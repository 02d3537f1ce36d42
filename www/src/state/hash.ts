/** Settings in the URL hash: `#v=1&data.dataset=swiss_roll`, only what differs from the defaults. */
import { isKey, KEYS, spec, type Settings, type SettingKey, type Value } from "./settings";

export const HASH_VERSION = "1";

export interface HashReading {
  values: Partial<Settings>;
  unknown: string[];
  clamped: { key: SettingKey; given: string; used: Value }[];
  /** Set when the hash names another format version. */
  otherVersion: string | null;
}

export function readHash(hash: string): HashReading {
  const reading: HashReading = { values: {}, unknown: [], clamped: [], otherVersion: null };
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  for (const [name, text] of parameters) {
    if (name === "v") {
      if (text !== HASH_VERSION) reading.otherVersion = text;
    } else if (!isKey(name)) {
      reading.unknown.push(name);
    } else {
      const value = parse(name, text);
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
export function parse(key: SettingKey, text: string): Value | null {
  const { kind, min, max, choices } = spec(key);
  if (kind === "choice") return choices?.includes(text) ? text : null;
  const number = text.trim() === "" ? NaN : Number(text);
  if (Number.isNaN(number)) return null;
  const inRange = Math.min(max ?? Infinity, Math.max(min ?? -Infinity, number));
  return kind === "int" ? Math.round(inRange) : inRange;
}

/** The hash for these settings, without "#"; empty when nothing differs. */
export function writeHash(settings: Settings, defaults: Settings): string {
  const parts = KEYS.filter((key) => settings[key] !== defaults[key]).map(
    (key) => `${key}=${encodeURIComponent(String(settings[key]))}`,
  );
  return parts.length ? `v=${HASH_VERSION}&${parts.join("&")}` : "";
}
