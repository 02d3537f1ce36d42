import type { Fault } from "./protocol";

/** Engine errors are `Error`s with `kind` and sometimes `field`; anything else becomes kind "internal". */
export function toFault(error: unknown): Fault {
  const e = error as { kind?: unknown; field?: unknown; message?: unknown } | null;
  return {
    kind: typeof e?.kind === "string" ? e.kind : "internal",
    field: typeof e?.field === "string" ? e.field : null,
    message: typeof e?.message === "string" ? e.message : String(error),
  };
}
