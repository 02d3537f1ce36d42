import type { Fault } from "./protocol";

/** Engine errors are `Error`s with `kind` and sometimes `field`; anything else becomes kind "internal". */
export function toFault(error: unknown): Fault {
  const e = error as { kind?: unknown; field?: unknown; message?: unknown; code?: unknown; values?: unknown } | null;
  const data = e?.kind === "data" && Array.isArray(e.values) ? { code: String(e.code), values: e.values as (string | number)[] } : {};
  return {
    ...data,
    kind: typeof e?.kind === "string" ? e.kind : "internal",
    field: typeof e?.field === "string" ? e.field : null,
    message: typeof e?.message === "string" ? e.message : String(error),
  };
}
