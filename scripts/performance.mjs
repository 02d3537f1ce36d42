/**
 * Writes the figures of `docs/performance.md`: `node scripts/performance.mjs <bench.json> …`, with files that `./build.sh bench native`
 * and `./build.sh bench web` wrote, and with races: files of `./build.sh bench race`, `./build.sh bench burn` and
 * `benches/pytorch/bench.py`. Text between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->` is made anew; a part that the
 * files have nothing for stays as it is.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const page = join(dirname(fileURLToPath(import.meta.url)), "..", "docs", "performance.md");
/** Rows of a table of kernels. */
const KERNELS = 10;
/** Steps looked at kernel by kernel. */
const LOOKED_AT = ["train/mlp-256", "train/course-8"];

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error("usage: node scripts/performance.mjs <bench.json> …");
  process.exit(2);
}
const read = files.map((file) => JSON.parse(readFileSync(file, "utf8")));
const runs = read.filter((one) => one.backends);
const raced = read.filter((one) => one.rows);

const digits = (value) => (value >= 99.95 ? 0 : value >= 9.995 ? 1 : value >= 0.9995 ? 2 : 3);
const num = (value) => (value ?? null) === null ? "" : value.toLocaleString("en", { minimumFractionDigits: digits(Math.abs(value)), maximumFractionDigits: digits(Math.abs(value)) });
const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};
const whole = (value) => Math.round(value).toLocaleString("en");
const percent = (share) => `${Math.round(100 * share)} %`;
const table = (heads, rows, left = 1) => [heads, heads.map((_, i) => (i < left ? "---" : "---:")), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

/** Where a run ran: the browser's version or the machine. */
function place(run) {
  const version = /(Chrome|Firefox|Version)\/([\d.]+)/.exec(run.browser ?? "");
  return run.machine ?? (version ? `${version[1].replace("Version", "Safari")} ${version[2]}${/Headless/.test(run.browser) ? ", headless" : ""}` : run.browser);
}
const origin = (run, adapter) => `**${adapter}**, ${place(run)}; ${run.date}, \`${run.command}\``;
const each = (make) => runs.flatMap((run) => run.backends.filter((b) => b.outcomes.length > 0).map((backend) => make(run, backend))).filter(Boolean).join("\n\n");
const trainings = (backend) => backend.outcomes.filter((o) => o.kind === "training");

function speed(run, { adapter, peaks, outcomes }) {
  const rows = outcomes.flatMap((o) => {
    if (o.kind === "training") return [[`\`${o.name}\``, num(o.step.median), num(o.step.least), `${num(o.steps_per_second)} steps/s`, num(o.gflops), percent(o.of_arithmetic), num(o.host?.median), num(o.load), `${o.step.repeats} × ${o.step.each}`]];
    if (o.kind === "sampling") return [[`\`${o.name}\`, ${o.samples} × ${o.steps} steps`, num(o.run.median), num(o.run.least), `${num(o.samples_per_second)} digits/s`, num(o.gflops), "", "", "", `${o.run.repeats} × ${o.run.each}`]];
    if (o.kind === "skipped") return [[`\`${o.name}\``, `left out: about ${whole(o.expected)} s`, "", "", "", "", "", "", ""]];
    return [];
  });
  if (rows.length === 0) return "";
  const heads = ["", "median ms", "least ms", "speed", "GFLOP/s", "of peak", "host ms", "load ms", "repeats"];
  return `${origin(run, adapter.name)}. Peaks: ${num(peaks.gflops)} GFLOP/s in registers, ${num(peaks.gigabytes_per_second)} GB/s copying.\n\n${table(heads, rows)}`;
}

function kernels(run, backend) {
  const parts = trainings(backend).filter((t) => LOOKED_AT.includes(t.name) && t.kernels.length > 0).map((t) => {
    const rows = t.kernels.slice(0, KERNELS).map((k) => [`\`${k.kernel}\``, k.shape, k.launches, num(k.milliseconds), percent(k.share), num(k.gflops), percent(k.of_arithmetic), num(k.gigabytes_per_second), percent(k.of_bandwidth)]);
    const rest = t.kernels.slice(KERNELS);
    const heads = ["kernel", "shape", "launches", "ms", "share", "GFLOP/s", "of peak", "GB/s", "of peak"];
    const share = rest.reduce((sum, k) => sum + k.share, 0);
    return `\`${t.name}\`:\n\n${table(heads, rows, 2)}\n\n${rest.length} more take ${percent(share)}.`;
  });
  return parts.length > 0 ? `${origin(run, backend.adapter.name)}\n\n${parts.join("\n\n")}` : "";
}

function host() {
  const rows = runs.flatMap((run) => run.backends.flatMap((backend) => trainings(backend).filter((t) => t.host).map((t) => [`\`${t.name}\``, backend.adapter.name, place(run), whole(t.cost.launches), num(t.host.median), num(t.host.least), run.date, `\`${run.command}\``])));
  return rows.length > 0 ? table(["", "adapter", "where", "launches", "median ms", "least ms", "date", "command"], rows, 3) : "";
}

function plan() {
  // Of the newest run: plans are of the engine as it was.
  const run = runs.filter((one) => one.plans).sort((a, b) => a.date.localeCompare(b.date)).at(-1);
  if (!run) return "";
  const devices = run.plans[0].cost.predictions.map((p) => p.device);
  const rows = run.plans.map(({ name, cost }) => [`\`${name}\``, cost.launches, cost.pipelines, num(cost.operations * 1e-9), num(cost.bytes * 1e-6), num(cost.least_bytes * 1e-6), num(cost.ratio), num(cost.operations / cost.bytes), ...cost.predictions.map((p) => num(p.milliseconds))]);
  const all = table(["", "launches", "pipelines", "GFLOP", "MB moved", "MB without fusion", "ratio", "FLOP/byte", ...devices.map((d) => `ms, ${d}`)], rows);
  const big = run.plans.find(({ name }) => name === "train/course-128");
  const by = big.cost.kernels.map((k, i) => [`\`${k.kernel}\``, k.launches, num(k.operations * 1e-9), num(k.bytes * 1e-6), num(k.intensity), ...big.cost.predictions.map((p) => num(p.kernels[i]))]);
  const kernelTable = table(["kernel", "launches", "GFLOP", "MB", "FLOP/byte", ...devices.map((d) => `ms, ${d}`)], by);
  return `${run.date}, \`${run.command}\`; counted from the plans that a GPU is given, not measured.\n\n${all}\n\n\`${big.name}\` by kernel:\n\n${kernelTable}`;
}

function growth() {
  const rows = runs.flatMap((run) => run.backends.flatMap(({ adapter, outcomes }) => outcomes.filter((o) => o.kind === "growth").map((o) => [o.axis, adapter.name, o.points.map((p) => `${p.at}: ${num(p.step.median)}`).join(", "), num(o.slope), num(o.slope_at_end), num(o.slope_of_operations), `${run.date}, ${place(run)}, \`${run.command}\``])));
  return rows.length > 0 ? table(["axis", "adapter", "ms per step", "slope", "last three", "operations", ""], rows, 3) : "";
}

/** Races: rows of `bench race`, of Burn's bench, and of PyTorch's when it takes turns with this engine. */
function races() {
  const rows = raced.flatMap(({ date, command, where, rows }) => rows.filter((r) => r.ours_ms?.length > 0 && !r.fault).map((r) => {
    const ratios = r.ours_ms.map((ours, i) => r.peer_ms[i] / ours);
    const sides = r.ours_on === r.peer_on ? r.ours_on : `${r.ours_on} against ${r.peer_on}`;
    const difference = r.max_difference ? r.max_difference.toExponential(1) : "";
    const adapter = r.adapter && !r.adapter.startsWith("CPU") ? `${r.adapter}; ` : "";
    return [`\`${r.model}\`, batch ${r.batch}, ${r.what}`, `${r.peer} ${r.peer_version}`, sides, num(median(r.ours_ms)), num(median(r.peer_ms)), `**${num(median(ratios))}**`, ratios.map(num).join(", "), difference, `${adapter}${where}; ${date}, \`${command}\``];
  }));
  return rows.length > 0 ? table(["", "beside", "where", "ours, ms", "theirs, ms", "ratio", "each repeat", "greatest difference", ""], rows, 3) : "";
}

const parts = { speed: each(speed), kernels: each(kernels), host: host(), plan: plan(), growth: growth(), races: races() };
let text = readFileSync(page, "utf8");
for (const [name, made] of Object.entries(parts)) {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} lacks ${begin} … ${end}`);
  if (made) text = `${text.slice(0, from + begin.length)}\n${made}\n${text.slice(to)}`;
  console.log(`${name}: ${made ? "written" : "nothing in these files, left as it was"}`);
}
writeFileSync(page, text);
