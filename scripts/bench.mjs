/** Runs the bench page of a built folder in headless Chromium and prints its report: `node bench.mjs <folder>`. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { serve } from "./serve.mjs";

const PAGE = "bench.html";
const TIMEOUT = 10 * 60_000;

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = process.argv[2] ?? join(root, "dist");
if (!existsSync(join(folder, PAGE))) {
  console.error(`${join(folder, PAGE)} is missing; run ./build.sh first`);
  process.exit(1);
}
const { chromium } = createRequire(join(root, "www", "package.json"))("playwright-core");

/** The tests' flags name a software adapter; others can choose this machine's own. */
const flags = process.env.CHROMIUM_FLAGS?.split(/\s+/).filter(Boolean);
const settings = JSON.parse(readFileSync(join(root, "webdriver.json"), "utf8"));
const args = flags ? ["--headless=new", ...flags] : settings["goog:chromeOptions"].args;

const { server, url } = await serve(folder);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args });
try {
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(error.stack ?? String(error)));
  page.on("console", (message) => message.type() === "error" && console.error(message.text()));
  await page.goto(`${url}${PAGE}?auto`);
  await page.waitForFunction(() => document.title === "done", undefined, { timeout: TIMEOUT });
  console.log(await page.locator("#report").innerText());
} finally {
  await browser.close();
  server.close();
}
