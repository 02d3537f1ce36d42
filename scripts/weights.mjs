/**
 * Takes a finished run into weights/, from where the page ships it: `node scripts/weights.mjs <run folder> <seconds> <adapter>`.
 *
 * A run folder is what `--example train` writes. The model is its moving average, as diffusers keeps it; how long it was trained is
 * read from the checkpoint beside it, the loss from losses.csv (mean of the last 1,000 steps).
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [run, seconds, adapter] = process.argv.slice(2);
if (!run || !Number.isFinite(Number(seconds)) || !adapter) {
  console.error("usage: node scripts/weights.mjs <run folder> <seconds it took> <adapter it ran on>");
  process.exit(2);
}
const FILES = {
  "unet/config.json": "config.json",
  "unet/diffusion_pytorch_model.safetensors": "diffusion_pytorch_model.safetensors",
  "scheduler/scheduler_config.json": "scheduler_config.json",
};
/** Network by its widths, as the presets have them. */
const PRESETS = { "8,16": "tiny", "8,16,32": "small", "32,64,64": "course" };

const checkpoint = readFileSync(join(run, "run.safetensors"));
const header = JSON.parse(checkpoint.subarray(8, 8 + Number(checkpoint.readBigUInt64LE(0))).toString());
const { config: text, step } = header.__metadata__;
const { images, training } = JSON.parse(text);
const preset = PRESETS[images.unet.block_out_channels.join()];
if (!preset) throw new Error(`${run}: widths ${images.unet.block_out_channels.join()} are those of no preset`);

const losses = readFileSync(join(run, "losses.csv"), "utf8").trim().split("\n").slice(-1000).map((line) => Number(line.split(",")[1]));
const loss = losses.reduce((sum, value) => sum + value, 0) / losses.length;

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "weights");
const folder = `${images.dataset}-${preset}`;
mkdirSync(join(root, folder), { recursive: true });
let bytes = 0;
for (const [from, to] of Object.entries(FILES)) {
  copyFileSync(join(run, from), join(root, folder, to));
  bytes += statSync(join(root, folder, to)).size;
}
const list = join(root, "manifest.json");
const known = existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : [];
const entry = {
  dataset: images.dataset,
  preset,
  steps: Number(step),
  images: training.batch_size,
  seconds: Math.round(Number(seconds)),
  adapter,
  loss: Number(loss.toFixed(4)),
  folder,
  files: Object.values(FILES),
  bytes,
};
const others = known.filter((other) => other.folder !== folder);
const all = [...others, entry].sort((a, b) => b.folder.localeCompare(a.folder));
writeFileSync(list, `${JSON.stringify(all, null, 2)}\n`);
console.log(entry);
