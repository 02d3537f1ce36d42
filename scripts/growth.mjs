/**
 * Draws how cost grows: `node scripts/growth.mjs <growth.json> <out.svg>`, from what `./build.sh bench growth` measured.
 *
 * One panel per axis, both axes logarithmic; dots are the shortest of all repeats, dashed the straight line fitted to them. The drawing follows the
 * reader's light or dark theme.
 */
import { readFileSync, writeFileSync } from "node:fs";

const [from, out] = process.argv.slice(2);
if (!from || !out) {
  console.error("usage: node scripts/growth.mjs <growth.json> <out.svg>");
  process.exit(2);
}
const { date, machine, backends } = JSON.parse(readFileSync(from, "utf8"));
const AXES = [
  ["batch", "images per step", "small"],
  ["width", "channels of the first level", "U-Net of two levels, batch 8, 14×14"],
  ["side", "pixels per side", "small, batch 4"],
];
const COLOURS = ["#2f6fde", "#d9622b", "#2a9d62"];
const PANEL = 272, GAP = 72, HEIGHT = 380, LEFT = 64, TOP = 84, BOTTOM = 48;
const WIDTH = LEFT + 3 * PANEL + 2 * GAP + 16;

const escape = (words) => String(words).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const text = (x, y, words, extra = "") => `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${extra}>${escape(words)}</text>`;

/** The straight line through the logarithms. */
function fit(points) {
  const logs = points.map(({ at, step }) => [Math.log10(at), Math.log10(step.least)]);
  const mean = (i) => logs.reduce((sum, p) => sum + p[i], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  const slope = logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / logs.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  return { slope, at: (x) => 10 ** (my + slope * (Math.log10(x) - mx)) };
}

const decades = (low, high) => Array.from({ length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 }, (_, i) => 10 ** (Math.floor(Math.log10(low)) + i));

const said = [];
function panel([axis, words, model], place) {
  const lines = backends.flatMap(({ adapter, outcomes }, i) => outcomes.filter((o) => o.kind === "growth" && o.axis === axis && o.points.length > 1).map((o) => ({ ...o, name: adapter.name, colour: COLOURS[i % 3] })));
  if (lines.length === 0) return "";
  const [x0, x1] = [LEFT + place * (PANEL + GAP), LEFT + place * (PANEL + GAP) + PANEL];
  const ats = lines.flatMap((line) => line.points.map((p) => p.at));
  const times = lines.flatMap((line) => line.points.map((p) => p.step.least));
  const [low, high] = [Math.min(...ats), Math.max(...ats)];
  const marks = decades(Math.min(...times), Math.max(...times));
  const x = (v) => x0 + ((x1 - x0) * Math.log(v / low)) / Math.log(high / low);
  const y = (v) => HEIGHT - BOTTOM - ((HEIGHT - BOTTOM - TOP) * Math.log(v / marks[0])) / Math.log(marks.at(-1) / marks[0]);
  const grid = marks.map((mark) => `<path class="g" d="M${x0} ${y(mark).toFixed(1)}H${x1}"/>${text(x0 - 6, y(mark) + 4, mark.toLocaleString("en"), 'text-anchor="end"')}`);
  const values = [...new Set(ats)].sort((a, b) => a - b);
  const ticks = values.map((at, i) => (i % Math.ceil(values.length / 6) ? "" : text(x(at), HEIGHT - BOTTOM + 18, at, 'text-anchor="middle"')));
  const drawn = lines.map((line) => {
    const straight = fit(line.points);
    const [first, last] = [line.points[0].at, line.points.at(-1).at];
    said.push(`${line.name}, ${axis}: slope ${straight.slope.toFixed(2)}, ${line.slope_at_end.toFixed(2)} over the last three, operations ${line.slope_of_operations.toFixed(2)}`);
    const path = line.points.map((p, i) => `${i ? "L" : "M"}${x(p.at).toFixed(1)} ${y(p.step.least).toFixed(1)}`).join("");
    const dots = line.points.map((p) => `<circle cx="${x(p.at).toFixed(1)}" cy="${y(p.step.least).toFixed(1)}" r="3" fill="${line.colour}"/>`).join("");
    return `<path d="M${x(first).toFixed(1)} ${y(straight.at(first)).toFixed(1)}L${x(last).toFixed(1)} ${y(straight.at(last)).toFixed(1)}" fill="none" stroke="${line.colour}" stroke-dasharray="4 4" stroke-opacity="0.7"/>
<path d="${path}" fill="none" stroke="${line.colour}" stroke-width="1.5"/>${dots}
${text(x(last) - 4, y(line.points.at(-1).step.least) - 10, straight.slope.toFixed(2), `text-anchor="end" style="fill:${line.colour}"`)}`;
  });
  return [text(x0, TOP - 14, model, 'class="m"'), ...grid, ...ticks, text((x0 + x1) / 2, HEIGHT - 10, words, 'text-anchor="middle"'), ...drawn].join("\n");
}

const panels = AXES.map(panel).join("\n");
const names = backends.map(({ adapter }, i) => `<tspan style="fill:${COLOURS[i % 3]}">${escape(adapter.name)}</tspan>`).join(", ");
const title = "Milliseconds per training step, the shortest of all repeats";
writeFileSync(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}, by batch, width and side of the images">
<style>text{font:12px system-ui,sans-serif;fill:#444}.t{font-weight:600;font-size:14px}.m{font-weight:600}.g{stroke:#8884;fill:none}@media(prefers-color-scheme:dark){text{fill:#ccc}}</style>
${text(LEFT, 22, title, 'class="t"')}
<text x="${LEFT}" y="42">${names} (${escape(machine)}), ${escape(date)}; dashed: fitted lines and their slopes</text>
${panels}
</svg>
`);
console.log(`${out}\n${said.join("\n")}`);
