import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The given scripts of a built folder with all they import at once, as opposed to what they fetch later. */
export function firstView(folder, entries) {
  const found = new Set();
  const visit = (file) => {
    if (found.has(file)) return;
    found.add(file);
    const text = readFileSync(join(folder, file), "utf8");
    for (const [, name] of text.matchAll(/(?:from|import)\s*"(\.[^"]+\.js)"/g)) visit(join(dirname(file), name));
  };
  entries.forEach(visit);
  return [...found];
}
