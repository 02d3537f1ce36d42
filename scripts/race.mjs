/**
 * Races this engine against others in headless Chromium: `node race.mjs <folder> [--race jax,tfjs,onnx] [--only mlp|tiny|small|course]
 * [--work step|forward] [--on cpu|webgpu] [--repeats 5] [--batch n]`. Prints a table, and JSON behind it.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { serve } from "./serve.mjs";

const WORKER = join("bench", "race-worker.js");

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    race: { type: "string", default: "jax,tfjs,onnx" },
    only: { type: "string" },
    work: { type: "string" },
    on: { type: "string" },
    repeats: { type: "string", default: "5" },
    batch: { type: "string" },
  },
});
const folder = positionals[0] ?? join(root, "dist");
if (!existsSync(join(folder, WORKER))) {
  console.error(`${join(folder, WORKER)} is missing; run ./build.sh first`);
  process.exit(1);
}

/** Each model where it is trained and where it samples; the U-Net in wasm also meets jax-js where that is at home. */
const RACES = [
  { model: "mlp", batch: 1024, what: "step", backend: "webgpu", peer: "jax", peerBackend: "webgpu" },
  { model: "mlp", batch: 1024, what: "step", backend: "webgpu", peer: "tfjs", peerBackend: "webgpu" },
  { model: "mlp", batch: 1024, what: "step", backend: "cpu", peer: "jax", peerBackend: "wasm" },
  { model: "course", batch: 8, what: "step", backend: "webgpu", peer: "jax", peerBackend: "webgpu" },
  { model: "course", batch: 8, what: "step", backend: "webgpu", peer: "tfjs", peerBackend: "webgpu" },
  { model: "course", batch: 16, what: "forward", backend: "webgpu", peer: "jax", peerBackend: "webgpu" },
  { model: "course", batch: 16, what: "forward", backend: "webgpu", peer: "tfjs", peerBackend: "webgpu" },
  { model: "course", batch: 8, what: "step", backend: "cpu", peer: "jax", peerBackend: "wasm" },
  { model: "course", batch: 8, what: "step", backend: "cpu", peer: "jax", peerBackend: "webgpu" },
  { model: "course", batch: 16, what: "forward", backend: "cpu", peer: "onnx", peerBackend: "wasm" },
];
const wanted = { model: given.only, what: given.work, backend: given.on };
const races = RACES.filter((race) => given.race.split(",").includes(race.peer))
  .map((race) => (given.only === "tiny" || given.only === "small" ? { ...race, model: race.model === "course" ? given.only : race.model } : race))
  .filter((race) => Object.entries(wanted).every(([key, value]) => !value || race[key] === value))
  .map((race) => ({ ...race, batch: Number(given.batch ?? race.batch), repeats: Number(given.repeats) }));
if (!races.length) {
  console.error("no such race");
  process.exit(2);
}

const { chromium } = createRequire(join(root, "www", "package.json"))("playwright-core");
const flags = process.env.CHROMIUM_FLAGS?.split(/\s+/).filter(Boolean);
const settings = JSON.parse(readFileSync(join(root, "webdriver.json"), "utf8"));
const args = flags ? ["--headless=new", ...flags] : settings["goog:chromeOptions"].args;

const { server, url } = await serve(folder);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args });
const results = [];
try {
  const page = await browser.newPage();
  await page.exposeFunction("say", (text) => console.error(`  ${text}`));
  await page.goto(`${url}bench.html`);
  for (const race of races) {
    const { model, batch, what, backend, peer, peerBackend } = race;
    console.error(`${model}, batch ${batch}, ${what}: ${backend} against ${peer} on ${peerBackend}`);
    const answer = await page.evaluate((request) => {
      const worker = new Worker("bench/race-worker.js", { type: "module" });
      return new Promise((resolve) => {
        worker.onmessage = ({ data }) => ("said" in data ? say(data.said) : resolve(data));
        worker.onerror = (event) => resolve({ fault: { kind: "internal", message: event.message || "race-worker.js" } });
        worker.postMessage(request);
      }).finally(() => worker.terminate());
    }, race);
    if (answer.fault) {
      console.error(`  ${answer.fault.kind}: ${answer.fault.message}`);
      results.push({ ...race, fault: answer.fault });
      process.exitCode = 1;
    } else {
      console.error(`  ${answer.result.median_ratio.toFixed(2)} times as fast, differing by ${JSON.stringify(answer.result.max_difference)}`);
      results.push(answer.result);
    }
  }
} finally {
  await browser.close();
  server.close();
}

const least = (values) => Math.min(...values).toFixed(1);
console.log(`${"model".padEnd(8)}${"batch".padStart(6)}  ${"work".padEnd(8)} ${"ours".padEnd(20)}${"peer".padEnd(20)}  ratio of each repeat, median`);
for (const r of results) {
  const ours = r.fault ? r.backend : `${r.backend} ${least(r.ours_ms)} ms`;
  const peer = r.fault ? `${r.peer} ${r.peerBackend}` : `${r.peer} ${r.peer_backend} ${least(r.peer_ms)} ms`;
  const end = r.fault ? r.fault.message : `${r.ratios.map((x) => x.toFixed(2)).join(" ")}, ${r.median_ratio.toFixed(2)}`;
  console.log(`${r.model.padEnd(8)}${String(r.batch).padStart(6)}  ${r.what.padEnd(8)} ${ours.padEnd(20)}${peer.padEnd(20)}  ${end}`);
}
console.log(JSON.stringify(results));
