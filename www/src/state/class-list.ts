/**
 * The chosen classes as text. In the settings and the address, classes below 10 are written one digit after the other, "357", as
 * they stand on the toggles; beyond, as numbers and ranges: "0-9,12". A comma stands in every list, so that "12," is one class and
 * "12" are two.
 */

/** No model has more classes. */
const LIMIT = 256;
const LIST = /^\d+(-\d+)?(,\d+(-\d+)?)*,?$/;

/** The classes in a setting, in order; null where the text is none. */
export function readClasses(text: string): number[] | null {
  if (/^\d+$/.test(text)) return sorted([...text].map(Number));
  return LIST.test(text) ? ranges(text.split(",").filter(Boolean)) : null;
}

/** The one way in which a choice of classes is written. */
export function writeClasses(classes: Iterable<number>): string {
  const all = sorted(classes);
  if (all.every((label) => label < 10)) return all.join("");
  const text = spans(all).join(",");
  return text.includes(",") || text.includes("-") ? text : `${text},`;
}

/** What a visitor typed, such as "0-9, 12" or names of classes; null where some of it is no class. */
export function typedClasses(text: string, names: readonly string[]): number[] | null {
  const parts = text.split(/[,;]/).map((part) => part.trim()).filter(Boolean);
  const tokens = parts.map((part) => {
    const bare = part.replace(/\s*[-–]\s*/g, "-");
    if (/^\d+(-\d+)?$/.test(bare)) return bare;
    const named = names.findIndex((name) => name.toLowerCase() === part.toLowerCase());
    return named < 0 ? null : String(named);
  });
  const known = tokens.filter((token) => token !== null);
  const classes = known.length === tokens.length ? ranges(known) : null;
  return classes?.length && classes.at(-1)! < names.length ? classes : null;
}

/** The same, to be read. */
export const shownClasses = (classes: Iterable<number>): string => spans(sorted(classes)).join(", ");

function sorted(classes: Iterable<number>): number[] {
  return [...new Set(classes)].sort((a, b) => a - b);
}

function ranges(tokens: readonly string[]): number[] | null {
  const found = new Set<number>();
  for (const token of tokens) {
    const [from = NaN, to = from] = token.split("-").map(Number);
    if (!(from <= to && to < LIMIT)) return null;
    for (let label = from; label <= to; label++) found.add(label);
  }
  return sorted(found);
}

/** Neighbours as ranges: three or more become "3-5". */
function spans(all: readonly number[]): string[] {
  const out: string[] = [];
  for (let i = 0, j = 0; i < all.length; i = j) {
    for (j = i + 1; j < all.length && all[j] === all[j - 1]! + 1; j++);
    if (j - i > 2) out.push(`${all[i]}-${all[j - 1]}`);
    else out.push(...all.slice(i, j).map(String));
  }
  return out;
}
