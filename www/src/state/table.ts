/**
 * Settings of one task in one table, under the dotted name they have in the URL hash, in the engine's configuration
 * and in the engine's errors. Defaults come from the engine; the ranges here are what the address bar is clamped to
 * and what sliders span. The engine has the last word on what is valid.
 */
import type { Config, SampleOptions } from "../engine-types";

export type Value = number | string;

export interface Spec {
  /** "classes" is a choice of classes, written as class-list.ts says: "357" or "0-9,12". */
  kind: "int" | "float" | "choice" | "classes";
  /** Who takes the value: engine configuration, sampling options, the page's own logic, or only the picture. */
  scope: "config" | "sample" | "page" | "view";
  min?: number;
  max?: number;
  step?: number | "any";
  /** Draw a slider too; "log" spaces it by factors. */
  slider?: "linear" | "log";
  choices?: readonly string[];
  /** Changing it starts a new model. */
  restarts?: boolean;
}

export const config = (spec: Omit<Spec, "scope">): Spec => ({ restarts: true, ...spec, scope: "config" });
export const sample = (spec: Omit<Spec, "scope">): Spec => ({ ...spec, scope: "sample" });
export const view = (spec: Omit<Spec, "scope">): Spec => ({ ...spec, scope: "view" });
/** Settings that the page turns into configuration itself. */
export const page = (spec: Omit<Spec, "scope">): Spec => ({ restarts: true, ...spec, scope: "page" });

export const SEED_MAX = 4294967295;

export type Settings = Record<string, Value>;

type Tree = { [name: string]: Value | Tree | null };

function read(tree: unknown, path: string): Value | undefined {
  let node = tree as Tree | Value | null | undefined;
  for (const name of path.split(".")) {
    if (typeof node !== "object" || node === null) return undefined;
    node = node[name];
  }
  return typeof node === "object" ? undefined : node;
}

function write(tree: unknown, path: string, value: Value): void {
  const names = path.split(".");
  const last = names.pop()!;
  let node = tree as Tree;
  for (const name of names) node = node[name] as Tree;
  node[last] = value;
}

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

  settings(defaults: Defaults): Settings {
    const all = { ...defaults.config, sample: defaults.sample };
    return Object.fromEntries(this.keys.map((key) => [key, this.#own[key] ?? read(all, key) ?? 0]));
  }

  /** The settings a configuration (say, one from a checkpoint) stands for. */
  withConfig(settings: Settings, loaded: Config): Settings {
    const next = { ...settings };
    for (const key of this.keys) if (this.spec(key).scope === "config") next[key] = read(loaded, key) ?? next[key]!;
    return next;
  }

  toConfig(base: Config, settings: Settings): Config {
    const next = structuredClone(base);
    for (const key of this.keys) if (this.spec(key).scope === "config") write(next, key, settings[key]!);
    return next;
  }

  /** `maxFrames`: how many frames of a trajectory travel to the page. */
  toSampleOptions(base: SampleOptions, settings: Settings, maxFrames: number): SampleOptions {
    const next = { ...base, max_frames: maxFrames };
    for (const key of this.keys) {
      const { scope, kind } = this.spec(key);
      if (scope === "sample" && kind !== "classes") write({ sample: next }, key, settings[key]!);
    }
    return next;
  }
}
