/** What every page test needs: a static server at a sub-path, a browser, and a page that reports its own errors. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { delimiter, dirname, extname, join, normalize } from "node:path";
import { after, afterEach, before } from "node:test";
import { fileURLToPath } from "node:url";
import { checkpoint, preset_config } from "./fake-engine.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
// The packages are installed with the page, not beside the tests.
const require = createRequire(join(root, "www", "package.json"));
const { chromium } = require("playwright-core");

export const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
export const output = join(root, "test-output");
mkdirSync(output, { recursive: true });

const dist = process.env.UNNOISE_DIST ?? join(root, "dist");
/** Not the root of the host: the page must work from any folder. */
const BASE = "/some/path/unnoise/";
/** The same page, but its worker finds no WebGPU: the worker has a navigator of its own, out of a page script's reach. */
const BASE_WITHOUT_GPU = "/some/path/without-gpu/";
/** The same page with an engine made up for the tests of the page alone: it needs no GPU and no time. */
const BASE_FAKE = "/some/path/fake-engine/";
/** What that address has of its own: the engine, and weights for it. */
const PRETRAINED = { dataset: "mnist", preset: "small", steps: 12_000, images: 64, seconds: 95, adapter: "a made-up GPU", loss: 0.031, folder: "mnist-small", files: ["config.json", "diffusion_pytorch_model.safetensors", "scheduler_config.json"], bytes: 770_000 };
const FAKE_ENGINE = [
  ["unnoise.js", readFileSync(join(here, "fake-engine.mjs"))],
  ...readdirSync(join(here, "fake")).map((name) => [`fake/${name}`, readFileSync(join(here, "fake", name))]),
];
const FAKES = {
  ...Object.fromEntries(["pkg", "bench/pkg"].flatMap((folder) => FAKE_ENGINE.map(([name, text]) => [`${folder}/${name}`, text]))),
  "weights/manifest.json": JSON.stringify([PRETRAINED]),
  "weights/mnist-small/config.json": JSON.stringify(preset_config("small", "mnist").images.unet),
  "weights/mnist-small/diffusion_pytorch_model.safetensors": checkpoint(preset_config("small", "mnist"), PRETRAINED.steps),
  "weights/mnist-small/scheduler_config.json": "{}",
};
const HIDE_GPU = "delete WorkerNavigator.prototype.gpu;\n";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".json": "application/json",
  ".gz": "application/gzip",
};

export async function serve() {
  if (!existsSync(join(dist, "index.html"))) throw new Error(`${dist} holds no built page; run ./build.sh first`);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const base = [BASE, BASE_WITHOUT_GPU, BASE_FAKE].find((path) => pathname.startsWith(path));
    const name = base === undefined ? "" : normalize(pathname.slice(base.length) || "index.html");
    const file = join(dist, name);
    const fake = base === BASE_FAKE ? FAKES[name] : undefined;
    if (base === undefined || name.startsWith("..") || (!fake && !existsSync(file))) {
      response.writeHead(404).end();
      return;
    }
    let body = fake ?? readFileSync(file);
    if (base === BASE_WITHOUT_GPU && name === "worker.js") body = HIDE_GPU + body;
    response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream" }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return { url: origin + BASE, urlWithoutGpu: origin + BASE_WITHOUT_GPU, urlFake: origin + BASE_FAKE, close: () => server.close() };
}

function findChromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of names) if (existsSync(join(folder, name))) return join(folder, name);
  }
  throw new Error("no Chromium on PATH; install one or set CHROMIUM to its executable");
}

const COMMON = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"];
const SOFTWARE_GPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

export function launch({ gpu = true } = {}) {
  return chromium.launch({ executablePath: findChromium(), args: gpu ? [...COMMON, ...SOFTWARE_GPU] : COMMON });
}

/** The server and the browser of a test file that calls `suite`. */
export let server = null;
export let browser = null;

/** To be called once by a test file: server and browser are there while its tests run, and pages are closed after each. */
export function suite(options) {
  before(async () => {
    server = await serve();
    browser = await launch(options);
  });
  afterEach(closePages);
  after(async () => {
    await browser?.close();
    server?.close();
  });
}

const contexts = new Set();

/** For `afterEach`: a page left open by a failed test would train on and slow the next one. */
export async function closePages() {
  for (const context of contexts) await context.close();
  contexts.clear();
}

/** Opens the page and gathers everything it complains about. `element` is the tool that the address shows; `workerPrelude` runs in each worker first. */
export async function open(browser, url, { element = "unnoise-playground", workerPrelude = "", ...contextOptions } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...contextOptions });
  contexts.add(context);
  const page = await context.newPage();
  const problems = [];
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error.stack ?? error)));
  page.on("response", (response) => {
    if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`);
  });
  if (workerPrelude) {
    await page.route("**/*worker.js", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: `${workerPrelude}\n${await answer.text()}` });
    });
  }
  await page.goto(url);
  const tool = page.locator(element);
  const data = (name) => tool.getAttribute(`data-${name}`);
  return {
    context,
    page,
    tool,
    problems,
    data,
    step: async () => Number(await data("step")),
    /** Waits until the element's attribute satisfies a predicate over its text. */
    until: (name, accept, timeout = 60_000) =>
      page.waitForFunction(
        ([tag, attribute, source]) =>
          new Function("value", `return (${source})(value)`)(document.querySelector(tag)?.getAttribute(`data-${attribute}`) ?? null),
        [element, name, String(accept)],
        { timeout },
      ),
    /** Waits until the model has trained at least this many steps. */
    untilStep: (least, timeout = 90_000) =>
      page.waitForFunction(([tag, n]) => Number(document.querySelector(tag)?.dataset.step) >= n, [element, least], { timeout }),
    field: (key) => page.locator(`[data-key="${key}"]`),
    /** The points on the screen, rounded, as text that can be compared. */
    points: (which = "visiblePoints") =>
      tool.evaluate((element, name) => Array.from(element[name].slice(0, 400), (v) => v.toFixed(3)).join(), which),
    /** Hands a file to the element as a drop would. */
    drop: async (name, bytes) => {
      const transfer = await page.evaluateHandle(
        ([fileName, content]) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([new Uint8Array(content)], fileName));
          return dataTransfer;
        },
        [name, Array.from(bytes)],
      );
      await tool.dispatchEvent("drop", { dataTransfer: transfer });
    },
  };
}

/** Makes the page believe that its tab went to the background, or came back. */
export function setVisibility(page, state) {
  return page.evaluate((value) => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => value });
    document.dispatchEvent(new Event("visibilitychange"));
  }, state);
}
