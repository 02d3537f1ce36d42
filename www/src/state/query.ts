/** View options in the query string; they say how the page is shown, not what is trained. */
import type { Backend } from "../worker/engine-api";

export type Theme = "light" | "dark" | "system";

/** Parts a host page can hide with `?hide=a,b`. */
export const PARTS = ["header", "data", "readouts", "loss", "training", "sampling", "model", "view", "timing", "files", "notices", "lab", "essay"] as const;
export type Part = (typeof PARTS)[number];

export interface ViewOptions {
  backend: Backend;
  /** Kernels are timed on the visitor's device, and the fastest variants kept. */
  tune: boolean;
  theme: Theme;
  lang: string | null;
  embed: boolean;
  hide: ReadonlySet<Part>;
  autoplay: boolean;
  seed: number | null;
}

export function readQuery(search: string): ViewOptions {
  const query = new URLSearchParams(search);
  const oneOf = <T extends string>(name: string, allowed: readonly T[], fallback: T): T => {
    const value = query.get(name) as T | null;
    return value !== null && allowed.includes(value) ? value : fallback;
  };
  const seed = Number(query.get("seed") || NaN);
  return {
    backend: oneOf<Backend>("backend", ["webgpu", "cpu"], "auto"),
    tune: query.get("tune") !== "0",
    theme: oneOf<Theme>("theme", ["light", "dark", "system"], "system"),
    lang: query.get("lang"),
    embed: query.get("embed") === "1",
    hide: new Set((query.get("hide") ?? "").split(",").filter((part): part is Part => PARTS.includes(part as Part))),
    autoplay: query.get("autoplay") !== "0",
    seed: Number.isInteger(seed) && seed >= 0 && seed <= 4294967295 ? seed : null,
  };
}

/** The current address with one query option changed (null removes it). */
export function withQuery(name: string, value: string | null): string {
  const url = new URL(location.href);
  if (value === null) url.searchParams.delete(name);
  else url.searchParams.set(name, value);
  return url.href;
}
