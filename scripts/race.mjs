/**
 * Races this engine against others in headless Chromium: `node race.mjs <folder> [--race jax,tfjs,onnx] [--only mlp|course]
 * [--work step|forward] [--on cpu|webgpu] [--repeats 5] [--as tiny|small] [--batch n] [--json FILE]`. Prints each repeat as it
 * comes and a table at the end; the file is written after every race. `--as` puts a smaller U-Net in the place of `course`.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { serve } from "./serve.mjs";

const DOOR = "peers.js";
/** Where Linux names the processor. */
const CPU_INFO = "/proc/cpuinfo";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const text = { type: "string" };
const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: { race: { ...text, default: "jax,tfjs,onnx" }, repeats: { ...text, default: "5" }, only: text, work: text, on: text, as: text, batch: text, json: text },
});
const folder = positionals[0] ?? join(root, "dist");
if (!existsSync(join(folder, DOOR))) {
  console.error(`${join(folder, DOOR)} is missing; run ./build.sh first`);
  process.exit(1);
}
const { chromium } = createRequire(join(root, "www", "package.json"))("playwright-core");

/** The tests' flags name a software adapter; others can choose this machine's own. */
const flags = process.env.CHROMIUM_FLAGS?.split(/\s+/).filter(Boolean);
const settings = JSON.parse(readFileSync(join(root, "webdriver.json"), "utf8"));
const args = flags ? ["--headless=new", ...flags] : settings["goog:chromeOptions"].args;

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const describe = (race) => `${race.model}, batch ${race.batch}, ${race.work}: ours on ${race.ours} and ${race.peer} on ${race.theirs}`;

/** Runs a race and gathers what it says: a row as `benches/burn` and `benches/pytorch` write it. */
async function hold(page, race, called, repeats) {
  const { model, batch, work: what, ours: ours_on, peer, theirs: peer_on } = race;
  const result = { model, batch, what, ours_on, peer: called[peer], peer_on, ours_ms: [], peer_ms: [] };
  await page.exposeFunction("hear", (event) => {
    if (event.event === "agreement") {
      const { output, loss, update, greatest } = event;
      Object.assign(result, { max_difference: greatest, differences: { output, loss, update } });
      console.error(`  differing by ${greatest.toExponential(1)} at most`);
    } else if (event.event === "repeat") {
      result.ours_ms.push(event.ours);
      result.peer_ms.push(event.theirs);
      console.error(`  ${event.ours.toFixed(1)} ms, ${peer} ${event.theirs.toFixed(1)} ms: ${(event.theirs / event.ours).toFixed(2)}`);
    } else if (event.event === "done") {
      Object.assign(result, { adapter: event.adapter, peer_version: event.version });
    }
  });
  const fault = await page.evaluate(
    async ({ door, race, repeats }) => {
      try {
        const { run } = await import(door);
        for await (const event of run(race, { repeats })) await hear(event);
        return null;
      } catch (error) {
        return { kind: error.kind ?? "internal", message: error.message };
      }
    },
    { door: `./${DOOR}`, race, repeats },
  );
  return fault ? { ...result, fault } : result;
}

/** Everything so far, as `scripts/performance.mjs` reads it. */
function save(where, rows) {
  if (!given.json) return;
  const command = `./build.sh bench race ${process.argv.slice(2 + positionals.length).join(" ")}`.trim();
  mkdirSync(dirname(given.json), { recursive: true });
  writeFileSync(given.json, `${JSON.stringify({ date: new Date().toISOString().slice(0, 10), command, where, rows }, null, 1)}\n`);
}

const { server, url } = await serve(folder);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args });
const processor = existsSync(CPU_INFO) ? /model name\s*: (.*)/.exec(readFileSync(CPU_INFO, "utf8"))?.[1] : null;
const where = [processor, `Chromium ${browser.version()}`, "headless"].filter(Boolean).join(", ");
const results = [];
try {
  const page = await browser.newPage();
  await page.goto(`${url}bench.html`);
  const { races: all, PEERS: called } = await page.evaluate(async (door) => {
    const { races, PEERS } = await import(door);
    return { races, PEERS };
  }, `./${DOOR}`);
  await page.close();
  const wanted = { model: given.only, work: given.work, ours: given.on };
  const chosen = all.filter((race) => given.race.split(",").includes(race.peer) && Object.entries(wanted).every(([key, value]) => !value || race[key] === value));
  for (const race of chosen) {
    if (race.model === "course" && given.as) race.model = given.as;
    if (given.batch) race.batch = Number(given.batch);
    console.error(describe(race));
    // A page each: what one race leaves behind is none of the next one's.
    const page = await browser.newPage();
    await page.goto(`${url}bench.html`);
    const result = await hold(page, race, called, Number(given.repeats));
    await page.close();
    results.push(result);
    save(where, results);
    if (!result.fault) continue;
    console.error(`  ${result.fault.kind}: ${result.fault.message}`);
    process.exitCode = 1;
  }
  if (!chosen.length) throw new Error("there is no such race");
} finally {
  await browser.close();
  server.close();
}

const cells = (r) => {
  const least = (name, values) => (values.length ? `${name} ${Math.min(...values).toFixed(1)} ms` : name);
  const ratios = r.ours_ms.map((ours, i) => r.peer_ms[i] / ours);
  const end = r.fault ? `${r.fault.kind}: ${r.fault.message}` : `${ratios.map((x) => x.toFixed(2)).join(" ")}, ${median(ratios).toFixed(2)}`;
  return [r.model, String(r.batch), r.what, least(r.ours_on, r.ours_ms), least(`${r.peer} ${r.peer_on}`, r.peer_ms), end];
};
for (const row of [["model", "batch", "what", "ours, least", "peer, least", "ratio of each repeat, median"], ...results.map(cells)]) {
  console.log(row.map((cell, at) => cell.padEnd([8, 6, 9, 20, 32, 0][at])).join(" "));
}
