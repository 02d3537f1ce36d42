/** Prints what a visitor downloads, and fails when that is too much: `node sizes.mjs <folder>`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join, sep } from "node:path";
import { gzipSync } from "node:zlib";
import { firstView } from "./first-view.mjs";

const KIB = 1024;
/** Compressed bytes, by kind; scripts are those of the first view. */
const LIMITS = { wasm: 470 * KIB, script: 150 * KIB };
const ENTRIES = ["app.js", "worker.js", join("pkg", "unnoise.js")];
const RACES = `bench${sep}`;

const folder = process.argv[2] ?? "dist";
for (const file of ENTRIES) if (!existsSync(join(folder, file))) throw new Error(`${join(folder, file)} is missing`);
const first = firstView(folder, ENTRIES);
const files = readdirSync(folder, { recursive: true }).filter((file) => [".wasm", ".js", ".css", ".html"].includes(extname(file)));
const sums = { wasm: 0, script: 0 };

console.log("        raw       gzip");
for (const file of files.sort()) {
  const bytes = readFileSync(join(folder, file));
  const packed = gzipSync(bytes, { level: 9 }).length;
  // What a race against another engine fetches when it is started is none of the page's.
  if (extname(file) === ".wasm" && !file.startsWith(RACES)) sums.wasm += packed;
  if (first.includes(file)) sums.script += packed;
  console.log(`${String(bytes.length).padStart(11)}${String(packed).padStart(11)}  ${file}`);
}
for (const [kind, limit] of Object.entries(LIMITS)) {
  const fits = sums[kind] <= limit;
  console.log(`${kind}: ${(sums[kind] / KIB).toFixed(1)} KB gzip, ${fits ? "within" : "ABOVE"} the limit of ${limit / KIB} KB`);
  if (!fits) process.exitCode = 1;
}
