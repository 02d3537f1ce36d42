/**
 * Draws loss curves: `node scripts/curve.mjs <out.svg> <title> <losses.csv> [<label> <losses.csv> …]`.
 *
 * A file has the columns step and loss, as `--example train` writes it. Thin: single losses; bold: the mean of 100. The loss axis
 * is logarithmic. The drawing follows the reader's light or dark theme.
 */
import { readFileSync, writeFileSync } from "node:fs";

const [out, title, ...rest] = process.argv.slice(2);
if (!out || !title || rest.length === 0) {
  console.error("usage: node scripts/curve.mjs <out.svg> <title> <losses.csv> [<label> <losses.csv> …]");
  process.exit(2);
}
const runs = rest.length === 1 ? [["", rest[0]]] : Array.from({ length: rest.length / 2 }, (_, i) => rest.slice(2 * i, 2 * i + 2));
const WIDTH = 720, HEIGHT = 360, LEFT = 56, RIGHT = 16, TOP = 40, BOTTOM = 44, MEAN = 100;
const COLOURS = ["#2f6fde", "#d9622b", "#2a9d62"];

const series = runs.map(([label, file]) => {
  const rows = readFileSync(file, "utf8").trim().split("\n").slice(1).map((line) => line.split(",").map(Number));
  if (rows.length === 0 || rows.some((row) => row.length !== 2 || !row.every(Number.isFinite))) {
    throw new Error(`${file}: expected lines of step,loss`);
  }
  return { label, rows };
});
const steps = Math.max(...series.flatMap(({ rows }) => rows.map(([step]) => step + 1)));
const losses = series.flatMap(({ rows }) => rows.map(([, loss]) => loss));
const [low, high] = [Math.min(...losses), Math.max(...losses)].map(Math.log10);
const x = (step) => LEFT + ((WIDTH - LEFT - RIGHT) * step) / steps;
const y = (loss) => TOP + ((HEIGHT - TOP - BOTTOM) * (high - Math.log10(loss))) / (high - low);
const path = (points) => points.map(([step, loss], i) => `${i ? "L" : "M"}${x(step).toFixed(1)} ${y(loss).toFixed(1)}`).join("");
/** At most 1,000 of them, evenly spread. */
const thinned = (rows) => rows.filter((_, i) => i % Math.ceil(rows.length / 1000) === 0);
const means = (rows) => rows.flatMap(([step], i) => {
  if (i + 1 < MEAN || (i + 1) % Math.max(10, Math.ceil(rows.length / 300))) return [];
  const last = rows.slice(i + 1 - MEAN, i + 1);
  return [[step, last.reduce((sum, [, loss]) => sum + loss, 0) / MEAN]];
});
const ticks = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1].filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high);
const marks = Array.from({ length: 6 }, (_, i) => Math.round((i * steps) / 5));

const text = (x, y, words, extra = "") => `<text x="${x}" y="${y}" ${extra}>${words}</text>`;
writeFileSync(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
<style>text{font:12px system-ui,sans-serif;fill:#444}.t{font-weight:600;font-size:14px}.g{stroke:#8884;fill:none}@media(prefers-color-scheme:dark){text{fill:#ccc}}</style>
${text(LEFT, 22, title, 'class="t"')}
${ticks.map((tick) => `<path class="g" d="M${LEFT} ${y(tick).toFixed(1)}H${WIDTH - RIGHT}"/>${text(LEFT - 8, (y(tick) + 4).toFixed(1), tick, 'text-anchor="end"')}`).join("\n")}
${marks.map((mark) => text(x(mark).toFixed(1), HEIGHT - BOTTOM + 18, mark.toLocaleString("en"), 'text-anchor="middle"')).join("\n")}
${text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "training step", 'text-anchor="middle"')}
${series.map(({ rows }, i) => `<path d="${path(thinned(rows))}" fill="none" stroke="${COLOURS[i % 3]}" stroke-opacity="0.25"/>
<path d="${path(means(rows))}" fill="none" stroke="${COLOURS[i % 3]}" stroke-width="2.5"/>`).join("\n")}
${series.map(({ label }, i) => text(WIDTH - RIGHT, TOP + 16 * (i + 1), label, `text-anchor="end" style="fill:${COLOURS[i % 3]}"`)).join("\n")}
</svg>
`);
console.log(`${out}: ${series.map(({ label, rows }) => `${label} ${rows.length} steps`.trim()).join(", ")}`);
