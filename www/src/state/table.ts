/**
 * Settings of one task in one table, under the dotted name they have in the URL hash, in the engine's configuration
 * and in the engine's errors. Defaults come from the engine; the ranges here are what the address bar is clamped to
 * and what sliders span. The engine has the last word on what is valid.
 */
import type { Config, SampleOptions } from "../engine-types";

/** Lists are written as text, "999,750,500", so that two settings are the same when they are equal. */
export type Value = number | string | boolean;

export interface Spec {
  /** "classes" is a choice of classes, written as class-list.ts says: "357" or "0-9,12". */
  kind: "int" | "float" | "choice" | "classes" | "flag" | "numbers" | "text";
  /** Who takes the value: engine configuration, sampling options, the page's own logic, or only the picture. */
  scope: "config" | "sample" | "page" | "view";
  min?: number;
  max?: number;
  step?: number | "any";
  /** Of "text": what it has to look like. */
  pattern?: RegExp;
  /** Draw a slider too; "log" spaces it by factors. */
  slider?: "linear" | "log";
  choices?: readonly string[];
  /** The choice that is `null` to the engine, or for "numbers" that an empty list is. */
  none?: string;
  /** Changing it starts a new model. */
  restarts?: boolean;
  /** Of "numbers": the longest list. */
  most?: number;
  /** The task itself turns it into sampling options. */
  byTask?: boolean;
  /** Too long or too particular for a link. */
  local?: boolean;
  /** Whether the other settings leave this one a meaning; where they do not, the engine hears its own default, or `off`. */
  when?: (settings: Settings) => boolean;
  off?: Value;
}

export const config = (spec: Omit<Spec, "scope">): Spec => ({ restarts: true, ...spec, scope: "config" });
export const sample = (spec: Omit<Spec, "scope">): Spec => ({ ...spec, scope: "sample" });
export const view = (spec: Omit<Spec, "scope">): Spec => ({ ...spec, scope: "view" });
/** Settings that the page turns into configuration itself. */
export const page = (spec: Omit<Spec, "scope">): Spec => ({ restarts: true, ...spec, scope: "page" });

export const SEED_MAX = 4294967295;

export type Settings = Record<string, Value>;

type Leaf = Value | null | number[];
type Tree = { [name: string]: Leaf | Tree };

/** The numbers of a list as it stands in the settings; null where the text is none. */
export function readNumbers(text: string): number[] | null {
  const parts = text.split(/[\s,;]+/).filter(Boolean);
  const numbers = parts.map(Number);
  return numbers.every(Number.isFinite) ? numbers : null;
}

export const writeNumbers = (numbers: Iterable<number>): string => [...numbers].join();

function read(tree: unknown, path: string, spec: Spec): Value | undefined {
  let node = tree as Tree | Leaf | undefined;
  for (const name of path.split(".")) {
    if (typeof node !== "object" || node === null || Array.isArray(node)) return undefined;
    node = node[name];
  }
  if (spec.kind === "numbers") return node === null ? "" : Array.isArray(node) ? writeNumbers(node) : undefined;
  if (node === null) return spec.none;
  return typeof node === "object" ? undefined : node;
}

/** What the engine has no place for, it is not told. */
function write(tree: unknown, path: string, spec: Spec, value: Value): void {
  const names = path.split(".");
  const last = names.pop()!;
  let node = tree as Tree | undefined;
  for (const name of names) node = node?.[name] as Tree | undefined;
  if (!node || !(last in node)) return;
  if (spec.kind === "numbers") node[last] = value === "" && spec.none !== undefined ? null : (readNumbers(String(value)) ?? []);
  else node[last] = value === spec.none ? null : value;
}

/** What a setting is before anybody has said anything. */
const EMPTY: Record<Spec["kind"], Value> = { int: 0, float: 0, choice: "", classes: "", flag: false, numbers: "", text: "" };

export interface Defaults {
  config: Config;
  sample: SampleOptions;
}

export class Table {
  readonly keys: readonly string[];
  #specs: Record<string, Spec>;
  #own: Settings;

  /** `own`: defaults of settings that the engine does not know, or where the page differs from it. */
  constructor(specs: Record<string, Spec>, own: Settings) {
    this.#specs = specs;
    this.#own = own;
    this.keys = Object.keys(specs);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#specs, key);
  }

  spec(key: string): Spec {
    const spec = this.#specs[key];
    if (!spec) throw new Error(`no setting is called ${key}`);
    return spec;
  }

  /** Whether a setting has a meaning beside these. */
  knows(key: string, settings: Settings): boolean {
    return this.spec(key).when?.(settings) ?? true;
  }

  settings(defaults: Defaults): Settings {
    const all = { ...defaults.config, sample: defaults.sample };
    return Object.fromEntries(this.keys.map((key) => [key, this.#own[key] ?? read(all, key, this.spec(key)) ?? EMPTY[this.spec(key).kind]]));
  }

  /** The settings a configuration (say, one from a checkpoint) stands for. */
  withConfig(settings: Settings, loaded: Config): Settings {
    return settled(this.#from(settings, loaded, "config"));
  }

  /** The settings that sampling options (say, from a file) stand for. */
  withSample(settings: Settings, options: SampleOptions): Settings {
    return this.#from(settings, { sample: options }, "sample");
  }

  #from(settings: Settings, tree: unknown, scope: Spec["scope"]): Settings {
    const next = { ...settings };
    for (const key of this.keys) {
      const spec = this.spec(key);
      if (spec.scope !== scope || spec.byTask) continue;
      const value = read(tree, key, spec);
      // An empty list says that the other settings are without it; what it would be stays.
      if (value !== undefined && (value !== "" || spec.local || !spec.when)) next[key] = value;
    }
    return next;
  }

  toConfig(base: Config, settings: Settings): Config {
    const next = structuredClone(base);
    for (const key of this.keys) {
      const spec = this.spec(key);
      if (spec.scope !== "config") continue;
      const value = this.knows(key, settings) ? settings[key]! : spec.off;
      // "From a file" is a choice of the page alone: the list itself says so to the engine.
      if (value !== undefined && value !== FROM_FILE) write(next, key, spec, value);
    }
    return next;
  }

  /** `maxFrames`: how many frames of a trajectory travel to the page. */
  toSampleOptions(base: SampleOptions, settings: Settings, maxFrames: number): SampleOptions {
    const next = { ...base, max_frames: maxFrames };
    for (const key of this.keys) {
      const spec = this.spec(key);
      if (spec.scope === "sample" && !spec.byTask && this.knows(key, settings)) write({ sample: next }, key, spec, settings[key]!);
    }
    return next;
  }
}

/** The noise schedule of a list that came in a file. */
export const FROM_FILE = "from_file";

/** A list from a file is the schedule, whatever else the configuration names. */
function settled(settings: Settings): Settings {
  return settings["schedule.trained_betas"] ? { ...settings, "schedule.beta_schedule": FROM_FILE } : settings;
}
