/**
 * Runs the bench page of a built folder in headless Chromium and prints its report:
 * `node bench.mjs <folder> [--quick | --full] [--only PATTERN] [--backend cpu|webgpu] [--json FILE]`. Races are run by `race.mjs`.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { serve } from "./serve.mjs";

const PAGE = "bench.html";
/** Between two signs of life: a case on a slow machine takes minutes. */
const TIMEOUT = 20 * 60_000;

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean" },
    full: { type: "boolean" },
    only: { type: "string" },
    backend: { type: "string" },
    json: { type: "string" },
  },
});
const folder = positionals[0] ?? join(root, "dist");
if (!existsSync(join(folder, PAGE))) {
  console.error(`${join(folder, PAGE)} is missing; run ./build.sh first`);
  process.exit(1);
}
const { chromium } = createRequire(join(root, "www", "package.json"))("playwright-core");

/** The tests' flags name a software adapter; others can choose this machine's own. */
const flags = process.env.CHROMIUM_FLAGS?.split(/\s+/).filter(Boolean);
const settings = JSON.parse(readFileSync(join(root, "webdriver.json"), "utf8"));
const args = flags ? ["--headless=new", ...flags] : settings["goog:chromeOptions"].args;

const query = new URLSearchParams({ auto: "", depth: values.full ? "full" : values.quick ? "quick" : "standard" });
for (const name of ["only", "backend"]) if (values[name] !== undefined) query.set(name, values[name]);

const { server, url } = await serve(folder);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args });
try {
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(error.stack ?? String(error)));
  page.on("console", (message) => message.type() === "error" && console.error(message.text()));
  await page.goto(`${url}${PAGE}?${query}`);
  // What it says of its progress, until it is done.
  let said = "";
  for (;;) {
    const now = await page.waitForFunction(
      (before) => {
        const line = document.querySelector("unnoise-bench")?.shadowRoot?.querySelector("[role=status]")?.textContent.trim() ?? "";
        return (document.title === "done" || line !== before) && { line, done: document.title === "done" };
      },
      said,
      { timeout: TIMEOUT, polling: 500 },
    );
    const { line, done } = await now.jsonValue();
    if (done) break;
    said = line;
    console.error(said);
  }
  console.log(await page.locator("#report").innerText());
  if (values.json) {
    const json = await page.locator("unnoise-bench").evaluate((element) => element.json);
    const command = `./build.sh bench web ${process.argv.slice(2 + positionals.length).join(" ")}`.trim();
    mkdirSync(dirname(values.json), { recursive: true });
    writeFileSync(values.json, `${JSON.stringify({ command, ...json }, null, 2)}\n`);
  }
} finally {
  await browser.close();
  server.close();
}
