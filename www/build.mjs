/**
 * Bundles the page into a folder: `node build.mjs <folder> [--pkg <folder of the wasm package>]`.
 * The wasm package is copied to `<folder>/pkg` when given; otherwise the caller puts it there.
 */
import { build } from "esbuild";
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { firstView } from "../scripts/first-view.mjs";

/** Script for the first view, compressed: the page stays light enough for a phone on a slow line. */
const SCRIPT_LIMIT = 150 * 1024;

/** The licence of a package that is raced: its own file, or ours of that name where it brings none along. */
function licence(name) {
  const folder = join(here, "node_modules", name);
  const { version, license, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const places = [join(folder, "LICENSE"), join(here, "licenses", `${name}.txt`), join(here, "..", `LICENSE-${license.split("-")[0].toUpperCase()}`)];
  const text = readFileSync(places.find((file) => existsSync(file)), "utf8");
  return `${name} ${version}${author ? `, by ${author.name ?? author}` : ", by its authors"}\n\n${text}`;
}

const here = dirname(fileURLToPath(import.meta.url));
const [target, ...flags] = process.argv.slice(2);
if (!target) {
  console.error("usage: node build.mjs <folder> [--pkg <folder>]");
  process.exit(2);
}
const out = resolve(target);
mkdirSync(out, { recursive: true });

const options = {
  absWorkingDir: here,
  outdir: out,
  bundle: true,
  format: "esm",
  target: ["es2022"],
  minify: true,
  sourcemap: false,
  legalComments: "linked",
  loader: { ".css": "text" },
  logLevel: "warning",
};
// The digits' code is a file of its own, fetched when they are opened; what both tasks need is shared. All files lie side
// by side, for the workers' addresses are relative to the file that starts them.
await build({ ...options, entryPoints: { app: "src/main.ts" }, splitting: true, chunkNames: "[name]-[hash]" });
await build({
  ...options,
  entryPoints: {
    worker: "src/worker/worker.ts",
    "digits-worker": "src/worker/digits-worker.ts",
    bench: "src/bench.ts",
    "bench-worker": "src/worker/bench-worker.ts",
    peers: "src/bench/peers/index.ts",
  },
});
// The races against other engines: fetched by the bench page alone, and of the engines only the one that is raced.
const versions = JSON.parse(readFileSync(join(here, "package.json"), "utf8")).devDependencies;
const peers = { jax: versions["@jax-js/jax"], tfjs: versions["@tensorflow/tfjs-core"], onnx: versions["onnxruntime-web"] };
const raced = ["@jax-js/jax", "@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-cpu", "@tensorflow/tfjs-backend-webgpu", "onnxruntime-web"];
await build({
  ...options,
  entryPoints: { "bench/race-worker": "src/bench/peers/race-worker.ts" },
  splitting: true,
  chunkNames: "bench/[name]-[hash]",
  define: { PEER_VERSIONS: JSON.stringify(peers) },
});
writeFileSync(join(out, "bench", "LICENSES.txt"), raced.map(licence).join("\n\n\n"));
cpSync(join(here, "node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm"), join(out, "bench", "ort-wasm-simd-threaded.wasm"));
for (const name of ["bench.html", "app.css"]) cpSync(join(here, name), join(out, name));
// What app.js imports is asked for together with it.
const preload = (name) => `<link rel="modulepreload" href="${name}" />`;
const page = readFileSync(join(here, "index.html"), "utf8");
writeFileSync(join(out, "index.html"), page.replace(preload("app.js"), firstView(out, ["app.js"]).map(preload).join("\n    ")));
cpSync(join(here, "icons"), join(out, "icons"), { recursive: true });
// Pretrained weights, if there are any; the page asks for the list in either case.
const weights = join(here, "..", "weights");
mkdirSync(join(out, "weights"), { recursive: true });
if (existsSync(weights)) cpSync(weights, join(out, "weights"), { recursive: true });
else writeFileSync(join(out, "weights", "manifest.json"), "[]\n");
const pkg = flags.indexOf("--pkg");
if (pkg >= 0) cpSync(resolve(flags[pkg + 1]), join(out, "pkg"), { recursive: true });

let scripts = 0;
for (const name of firstView(out, ["app.js", "worker.js"])) {
  const file = join(out, name);
  const packed = gzipSync(readFileSync(file), { level: 9 }).length;
  scripts += packed;
  console.log(`${name}: ${statSync(file).size} bytes, ${packed} gzip`);
}
if (scripts > SCRIPT_LIMIT) {
  console.error(`scripts take ${scripts} bytes gzip; the limit is ${SCRIPT_LIMIT}`);
  process.exit(1);
}
