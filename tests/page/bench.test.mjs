/** The bench page: choices, results as they come, cancelling, report and JSON, and that other engines stay where they are. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { axeSource, browser, open, output, server, suite } from "./harness.mjs";

suite();

const TAG = { element: "unnoise-bench" };
const visitFake = (query = "", options = {}) => open(browser, `${server.urlFake}bench.html${query}`, { ...TAG, ...options });
const done = (page, timeout = 60_000) => page.waitForFunction(() => document.title === "done", undefined, { timeout });

test("measures what is chosen and shows it", { timeout: 120_000 }, async () => {
  const { page, problems } = await visitFake("", { permissions: ["clipboard-read", "clipboard-write"] });
  await page.getByRole("radio", { name: "Full" }).check();
  await page.getByRole("button", { name: "Measure", exact: true }).click();
  await page.getByRole("status").filter({ hasText: "Done." }).waitFor();
  for (const name of ["WebGPU Made-up adapter", "CPU (WebAssembly SIMD)"]) await page.getByRole("heading", { name }).waitFor();
  await page.getByText("a software adapter: a program, not a GPU", { exact: true }).waitFor();
  const table = page.getByRole("table", { name: "Training and sampling" }).first();
  await table.getByRole("row", { name: /^2D model, width 256, batch 1,024 417 steps\/s 2\.40 ms/ }).waitFor();
  await table.getByRole("row", { name: /U-Net small: 64 digits, 20 steps 354 digits\/s/ }).waitFor();
  await table.getByText("left out: about 312 s expected, 15 s allowed").waitFor();
  await page.getByText("U-Net course, batch 8", { exact: true }).locator("visible=true").first().waitFor();
  await page.locator("summary", { hasText: "U-Net course, batch 8" }).first().click();
  await page.getByText("At best on Apple M2 (10 cores)").locator("visible=true").waitFor();
  await page.getByText("0.86 times what its graph must move without fusion").locator("visible=true").waitFor();
  await page.getByText("17 kernels in 430 ms; 40.6 ms a step before").locator("visible=true").waitFor();
  await page.getByText("3 more take 0%").locator("visible=true").waitFor();
  await page.getByText("Slope 0.94 on logarithmic axes").first().waitFor();

  await page.getByRole("button", { name: "Copy report" }).click();
  await page.getByRole("status").filter({ hasText: "Copied." }).waitFor();
  const report = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(report, await page.locator("#report").innerText());
  assert.match(report, /WebGPU: Made-up adapter/);
  assert.match(report, /Mozilla/);
  assert.match(report, /\d{4}-\d\d-\d\d/);
  assert.match(report, /2D model, width 256, batch 1,024 +417 steps\/s/);

  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as JSON" }).click()]);
  const json = JSON.parse(readFileSync(await download.path(), "utf8"));
  assert.deepEqual(json.backends.map(({ backend }) => backend), ["webgpu", "cpu"]);
  assert.equal(json.backends[0].outcomes.find(({ name }) => name === "train/course-8").kernels.length, 23);
  assert.deepEqual(problems, []);
});

test("results stay when it is cancelled, and it can begin again", { timeout: 60_000 }, async () => {
  const { page, problems } = await visitFake("?only=slow");
  await page.getByRole("button", { name: "Measure", exact: true }).click();
  await page.getByRole("status").filter({ hasText: "WebGPU: 2D model, 256 (1 of 6) …" }).waitFor();
  await page.getByText("1,234.5").or(page.getByText("1,235")).first().waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("status").filter({ hasText: "Cancelled." }).waitFor();
  assert.equal(await page.getByRole("heading", { name: "CPU", exact: true }).count(), 0);
  await page.getByRole("button", { name: /^Measure/ }).waitFor();
  assert.deepEqual(problems, []);
});

test("a backend that is not there says so and the other one is measured", { timeout: 60_000 }, async () => {
  const { page } = await visitFake("?auto&only=no-adapter");
  await done(page);
  await page.getByText("This browser offers no WebGPU here, so there is nothing to measure.").first().waitFor();
  await page.getByRole("heading", { name: "CPU (WebAssembly SIMD)" }).waitFor();
  assert.match(await page.locator("#report").innerText(), /no WebGPU here[^]*CPU: CPU \(WebAssembly SIMD\)/);
});

test("the address chooses where, how much and what", { timeout: 60_000 }, async () => {
  const { page } = await visitFake("?auto&backend=cpu&depth=full&only=growth");
  await done(page);
  const json = await page.locator("unnoise-bench").evaluate((element) => element.json);
  assert.deepEqual([json.depth, json.backends.map((b) => b.backend), json.backends[0].outcomes.map((o) => o.name)], ["full", ["cpu"], ["growth/batch"]]);
});

test("keyboard alone starts it and cancels it", { timeout: 60_000 }, async () => {
  const { page } = await visitFake("?only=slow");
  await page.getByRole("link", { name: "Back to the playground" }).focus();
  const names = [];
  for (let i = 0; i < 4; i++) {
    await page.keyboard.press("Tab");
    names.push(await page.evaluate(() => {
      let at = document.activeElement;
      while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
      return at.closest("label")?.textContent.trim() || at.textContent.trim();
    }));
  }
  assert.match(names.join(" | "), /^WebGPU \| CPU \| Quick about half a minute \| Measure$/);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Cancel" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("status").filter({ hasText: "Cancelled." }).waitFor();
});

test("reads well at any width, in light and dark, and to a screen reader", { timeout: 120_000 }, async () => {
  for (const [width, theme] of [[1280, "light"], [1280, "dark"], [390, "light"], [390, "dark"]]) {
    const { page, context } = await visitFake(`?auto&depth=full&theme=${theme}`, { viewport: { width, height: 900 } });
    await done(page);
    await page.locator("summary").first().click();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 0, `${width} px: the page is ${overflow} px too wide`);
    await page.screenshot({ path: join(output, `bench-${width}-${theme}.png`), fullPage: true });
    await page.evaluate(axeSource);
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.target.join(" ")).join(", ")}`), []);
    await context.close();
  }
});

test("no other engine is fetched unless a race is started", { timeout: 60_000 }, async () => {
  const fetched = [];
  const { page } = await visitFake("");
  page.on("request", (request) => fetched.push(new URL(request.url()).pathname));
  await page.reload();
  await page.getByRole("heading", { name: "Compare with other engines" }).waitFor();
  assert.ok(fetched.length > 0 && fetched.every((path) => !/peers|\/bench\/|jax|tfjs|ort/.test(path)), fetched.join(" "));
  fetched.length = 0;
  await page.goto(server.urlFake);
  await page.waitForLoadState("networkidle");
  assert.ok(fetched.every((path) => !/peers|\/bench\/|jax|tfjs|ort|bench\.js/.test(path)), fetched.join(" "));
});

/** In the place of `peers.js`: two races, of which the second finds that the engines disagree. */
const MADE_UP_PEERS = `
export const PEERS = { jax: "jax-js", tfjs: "TensorFlow.js", onnx: "ONNX Runtime Web" };
export const races = [
  { model: "mlp", batch: 1024, work: "step", ours: "cpu", peer: "jax", theirs: "wasm" },
  { model: "course", batch: 8, work: "forward", ours: "webgpu", peer: "tfjs", theirs: "webgpu" },
];
export async function* run(race, { repeats }) {
  yield { event: "stage", stage: "loading" };
  if (race.peer === "tfjs") throw Object.assign(new Error("it computes something else"), { kind: "mismatch" });
  yield { event: "agreement", output: 1e-6, loss: 2e-6, update: 3e-5, greatest: 3e-5 };
  yield { event: "stage", stage: "racing" };
  for (let i = 0; i < repeats; i++) yield { event: "repeat", ours: 20, theirs: 30 + 10 * i };
  yield { event: "done", adapter: "Made-up", version: "9.9" };
}`;

test("races are chosen and run, and all their ratios are shown", { timeout: 60_000 }, async () => {
  const { page, problems } = await visitFake();
  await page.route("**/peers.js", (route) => route.fulfill({ contentType: "text/javascript", body: MADE_UP_PEERS }));
  await page.getByRole("button", { name: "Races …" }).click();
  await page.getByLabel("Repeats").fill("3");
  await page.getByLabel("Repeats").blur();
  await page.getByRole("button", { name: "Race", exact: true }).click();
  await page.getByText("All races are run.").waitFor();
  const table = page.getByRole("table", { name: /^Median milliseconds/ });
  await table.getByRole("row", { name: /2D model, batch 1,024, training step against jax-js 9\.9 CPU against wasm 20\.0 40\.0 2\.00 1\.50 · 2\.00 · 2\.50 3·10⁻⁵/ }).waitFor();
  await table.getByText("Not measured: it computes something else").waitFor();
  await page.getByRole("checkbox", { name: /against TensorFlow\.js/ }).uncheck();
  await page.getByRole("button", { name: "Race", exact: true }).click();
  await page.getByText("All races are run.").waitFor();
  assert.equal(await table.getByRole("row").count(), 2);
  const [race, ...more] = await page.locator("unnoise-bench").evaluate((element) => element.json.races);
  assert.deepEqual([more.length, race.ours, race.theirs, race.version, race.agreement.greatest], [0, 20, 40, "9.9", 3e-5]);
  assert.match(await page.locator("#report").innerText(), /Ratio|ratio 2\.00 \(1\.50, 2\.00, 2\.50\)/);
  assert.deepEqual(problems, []);
});

test("the engine itself measures in the browser", { timeout: 240_000 }, async () => {
  const { page, problems } = await open(browser, `${server.url}bench.html?auto&backend=cpu&only=train/mlp-128`, TAG);
  await done(page, 200_000);
  const json = await page.locator("unnoise-bench").evaluate((element) => element.json);
  const [{ peaks, outcomes, fault }] = json.backends;
  assert.equal(fault, null);
  assert.ok(peaks.gflops > 0 && peaks.gigabytes_per_second > 0);
  const [{ step, cost, kernels }] = outcomes;
  assert.ok(step.least > 0 && step.least <= step.median && step.repeats >= 3);
  assert.ok(cost.operations > 0 && cost.ratio > 0 && kernels.some(({ kernel }) => kernel === "matmul"));
  assert.deepEqual(problems, []);
});
