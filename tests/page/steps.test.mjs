/** The lab's tab "step by step": every sampler's formula, filled in, gives the next frame's numbers. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { axeSource, closePages, launch, open, output, serve } from "./harness.mjs";

let server, browser;
before(async () => {
  server = await serve();
  browser = await launch();
});
afterEach(closePages);
after(async () => {
  await browser?.close();
  server?.close();
});

const start = async (hash = "", { url = server.urlFake, query = "?autoplay=0", element = "unnoise-playground", ...options } = {}) => {
  const visit = await open(browser, `${url}${query}${hash}`, { element, ...options });
  await visit.until("samples", (v) => Number(v) >= 1);
  await visit.page.locator("unnoise-lab-place").scrollIntoViewIfNeeded();
  await visit.page.locator("unnoise-step-picture").waitFor();
  return visit;
};

/** Largest difference, over all rows and some samples, between what the formula gives and the next frame's numbers. */
const worst = (page) =>
  page.locator("unnoise-lab-steps").evaluate(async (tab) => {
    let most = 0;
    let rows = 0;
    const slider = tab.renderRoot.querySelector("input[type=range]");
    const tracked = tab.renderRoot.querySelector(".pick input");
    for (const sample of [1, 7, 30]) {
      if (sample > Number(tracked.max)) continue;
      tracked.value = String(sample);
      tracked.dispatchEvent(new Event("change"));
      for (let row = 0; row <= Number(slider.max); row++) {
        slider.value = String(row);
        slider.dispatchEvent(new Event("input"));
        await tab.updateComplete;
        const { step, next, reading } = tab.worked;
        const value = step.right.value;
        if (value.length !== next.length) throw new Error("the formula has another number of coordinates");
        value.forEach((v, k) => (most = Math.max(most, Math.abs(v - next[k]))));
        if (reading && !reading.right.value.every(Number.isFinite)) throw new Error("x̂₀ is no number");
        rows++;
      }
    }
    return { most, rows };
  });

const HASHES = {
  DDIM: "",
  "DDIM, η = 1, from velocity": "&sample.eta=1&schedule.prediction_type=v_prediction",
  "DDIM, clipped": "&sample.clip_sample=true&sample.clip_sample_range=0.8",
  DDPM: "&sample.sampler=ddpm",
  Euler: "&sample.sampler=euler",
  "Euler ancestral": "&sample.sampler=euler_ancestral",
  Heun: "&sample.sampler=heun",
  "DPM-Solver++": "&sample.sampler=dpmpp",
  "DPM-Solver++, Heun's rule": "&sample.sampler=dpmpp&sample.solver_type=heun",
  LMS: "&sample.sampler=lms&schedule.prediction_type=sample",
  "Euler, flow matching": "&sample.sampler=euler&schedule.prediction_type=flow_prediction",
  "Heun, flow matching": "&sample.sampler=heun&schedule.prediction_type=flow_prediction&schedule.shift=3",
};
/** What the made-up engine does not know. */
const ONLY_REAL = {
  "DPM-Solver++, third order": "&sample.sampler=dpmpp&sample.solver_order=3",
  "DPM-Solver++, SDE": "&sample.sampler=dpmpp&sample.algorithm_type=sde-dpmsolver%2B%2B",
  "DDIM, flow matching": "&schedule.prediction_type=flow_prediction",
  "DPM-Solver++, flow matching": "&sample.sampler=dpmpp&schedule.prediction_type=flow_prediction",
  "Euler, Karras": "&sample.sampler=euler&sample.use_karras_sigmas=true",
  "DDIM, clipped, noise as it was said": "&sample.clip_sample=true&sample.clip_sample_range=0.8&sample.use_clipped_model_output=false",
  "DPM-Solver++, thresholded": "&sample.sampler=dpmpp&sample.thresholding=true",
  "Euler from no signal": "&sample.sampler=euler&schedule.prediction_type=v_prediction&schedule.rescale_betas_zero_snr=true",
};

for (const [name, hash] of Object.entries(HASHES)) {
  // The fake knows midpoint alone.
  if (name.includes("rule")) continue;
  test(`the formula of ${name} comes to the next frame`, { timeout: 60_000 }, async () => {
    const visit = await start(`#v=1&view.tab=steps&sample.num_inference_steps=9${hash}`);
    const { most, rows } = await worst(visit.page);
    assert.ok(rows >= 27, `${rows} steps looked at`);
    // Frames are single precision; near clean data a little of it is multiplied.
    assert.ok(most < 2e-4, `${name}: the formula is off by ${most}`);
    const text = await visit.page.locator("unnoise-lab-steps .formulas").textContent();
    assert.ok(!/NaN|Infinity|undefined|null/.test(text), text);
    assert.deepEqual(visit.problems, []);
  });
}

test("steps by buttons and keys, in step with the picture above", { timeout: 60_000 }, async () => {
  const visit = await start("#v=1&view.tab=steps&sample.num_inference_steps=10");
  const { page } = visit;
  const tab = page.locator("unnoise-lab-steps");
  const position = () => visit.tool.evaluate((tool) => tool.store.playback.position);
  // An untrained model takes every sample for the same.
  await visit.tool.evaluate((tool) => tool.step(100));
  await tab.getByRole("button", { name: "Draw anew" }).click();
  await tab.getByText("Drawn by the model at training step 100.").waitFor();
  await tab.getByText("Step 1 of 10", { exact: true }).waitFor();
  await tab.getByRole("button", { name: "Next step" }).click();
  await tab.getByText("Step 2 of 10", { exact: true }).waitFor();
  assert.ok(Math.abs((await position()) - 0.1) < 1e-6);
  assert.equal(await visit.data("live"), "false");
  await page.keyboard.press("ArrowRight");
  await tab.getByText("Step 3 of 10", { exact: true }).waitFor();
  assert.ok(Math.abs((await position()) - 0.2) < 1e-6, "the key moves one step, and not time besides");
  await page.keyboard.press("ArrowLeft");
  await tab.getByText("Step 2 of 10", { exact: true }).waitFor();
  // And the other way round.
  await visit.tool.evaluate((tool) => tool.store.seek(0.75));
  await tab.getByText("Step 8 of 10", { exact: true }).waitFor();
  const shown = await tab.locator(".formulas section").last().locator("math").last().locator("mn").allTextContents();
  const next = await tab.evaluate((element) => element.worked.next);
  const numbers = shown.map((text) => Number(text.replace("\u2007", "").replace("−", "-")));
  assert.equal(numbers.length, 2);
  numbers.forEach((value, i) => assert.ok(Math.abs(value - next[i]) < 1e-3, `${shown} for ${next}`));
  await tab.getByRole("button", { name: "Play the steps" }).click();
  await tab.getByText("Step 10 of 10", { exact: true }).waitFor();
  await tab.getByRole("button", { name: "Play the steps" }).waitFor();
  // Another point, by a click on it.
  const before = await tab.evaluate((element) => element.worked.next.join());
  await page.locator("unnoise-step-picture canvas").scrollIntoViewIfNeeded();
  const box = await page.locator("unnoise-step-picture canvas").boundingBox();
  await page.mouse.click(box.x + box.width * 0.8, box.y + box.height * 0.4);
  await page.waitForFunction((old) => document.querySelector("unnoise-playground").renderRoot.querySelector("unnoise-lab-place").renderRoot.querySelector("unnoise-lab").renderRoot.querySelector("unnoise-lab-steps").worked.next.join() !== old, before);
  // Another sampler has another formula.
  await visit.field("sample.sampler").getByRole("combobox").selectOption("heun");
  await tab.getByText(/of 19$/).waitFor();
  assert.deepEqual(visit.problems, []);
});

test("samples are of a training step, and are drawn anew on demand", { timeout: 60_000 }, async () => {
  const visit = await start("#v=1&view.tab=steps&sample.num_inference_steps=10");
  const { page } = visit;
  const tab = page.locator("unnoise-lab-steps");
  await tab.getByText("Drawn by the model at training step 0.").waitFor();
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await tab.getByText("The model has trained on since, to step 1.").waitFor();
  await tab.getByRole("button", { name: "Draw anew" }).click();
  await tab.getByText("Drawn by the model at training step 1.").waitFor();
  // A replaced run takes them with it.
  await page.getByRole("button", { name: "Reset" }).click();
  await tab.getByText("Drawn by the model at training step 0.").waitFor();
  assert.deepEqual(visit.problems, []);
});

test("digits show three images and a pixel", { timeout: 60_000 }, async () => {
  const visit = await start("#task=digits&v=1&preset=tiny&view.tab=steps&sample.num_inference_steps=8", { element: "unnoise-digits" });
  const tab = visit.page.locator("unnoise-lab-steps");
  await tab.getByText("Step 1 of 8", { exact: true }).waitFor();
  assert.equal(await visit.page.locator("unnoise-step-picture canvas").count(), 3);
  await tab.getByRole("spinbutton", { name: "Pixel row" }).fill("3");
  await tab.getByRole("spinbutton", { name: "Pixel row" }).press("Enter");
  for (let i = 0; i < 5; i++) await tab.getByRole("button", { name: "Next step" }).click();
  await visit.page.locator("unnoise-lab").screenshot({ path: join(output, "steps-digits.png") });
  assert.deepEqual(visit.problems, []);
});

for (const [width, scheme] of [[1280, "light"], [1280, "dark"], [390, "light"], [390, "dark"], [320, "light"]]) {
  test(`step by step looks right at ${width} px, ${scheme}`, { timeout: 60_000 }, async () => {
    const phone = width < 500;
    const sampler = scheme === "dark" ? "dpmpp" : "ddim";
    const visit = await start(`#v=1&view.tab=steps&sample.num_inference_steps=12&sample.sampler=${sampler}`, { query: "", viewport: { width, height: 900 }, colorScheme: scheme, ...(phone ? { hasTouch: true, isMobile: true, deviceScaleFactor: 2 } : {}) });
    const { page } = visit;
    await visit.untilStep(200);
    await visit.tool.evaluate((tool) => tool.pause());
    await page.getByRole("button", { name: "Draw anew" }).click();
    for (let i = 0; i < 5; i++) await page.getByRole("button", { name: "Next step" }).click();
    await page.waitForTimeout(200);
    await page.locator("unnoise-lab").screenshot({ path: join(output, `steps-${width}-${scheme}.png`) });
    const { scroll, view } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, view: document.documentElement.clientWidth }));
    assert.ok(scroll <= view, `the page is ${scroll} px wide in a ${view} px window`);
    await page.evaluate(axeSource);
    const found = await page.evaluate(async () => (await globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })).violations);
    assert.deepEqual(found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`), []);
    assert.deepEqual(visit.problems, []);
  });
}

// On the real engine.

for (const [name, hash] of Object.entries({ ...HASHES, ...ONLY_REAL })) {
  test(`on the real engine the formula of ${name} comes to the next frame`, { timeout: 120_000, skip: process.env.UNNOISE_REAL ? false : "needs the engine's tables; set UNNOISE_REAL=1" }, async () => {
    const visit = await start(`#v=1&view.tab=steps&sample.num_inference_steps=20${hash}`, { url: server.url, query: "?backend=cpu&autoplay=0" });
    const { most } = await worst(visit.page);
    assert.ok(most < 1e-3, `${name}: the formula is off by ${most}`);
    assert.deepEqual(visit.problems, []);
  });
}
