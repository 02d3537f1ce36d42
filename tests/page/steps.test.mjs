/** The lab's tab "step by step": every sampler's formula, filled in, gives the next frame's numbers. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { axeSource, browser, open, output, server, suite } from "./harness.mjs";

suite();

const start = async (hash = "", { url = server.urlFake, query = "?autoplay=0", element = "unnoise-playground", ...options } = {}) => {
  const visit = await open(browser, `${url}${query}${hash}`, { element, ...options });
  await visit.until("samples", (v) => Number(v) >= 1);
  await visit.page.locator("unnoise-lab-place").scrollIntoViewIfNeeded();
  await visit.page.locator("unnoise-step-picture").waitFor();
  return visit;
};

/**
 * For each variant of the settings the largest difference, over all rows and some samples, between what the formula gives and the next
 * frame's numbers, and what stands there in words.
 */
const formulas = (visit, variants) =>
  visit.page.locator("unnoise-lab-steps").evaluate(async (tab, all) => {
    const { store } = tab;
    const usual = { ...store.settings };
    const found = {};
    for (const [name, change] of Object.entries(all)) {
      if (!(await store.setAll({ ...usual, ...change }))) throw new Error(`${name}: ${[...store.faults].join()}`);
      const until = async (accept) => {
        for (let i = 0; i < 400 && !accept(); i++) await new Promise((done) => setTimeout(done, 25));
        await tab.updateComplete;
      };
      // An untrained model says so little that many formulas come to the same.
      if ((store.metrics?.step ?? 0) < 60) await store.step(60);
      await until(() => tab.worked);
      tab.renderRoot.querySelector(".drawn button")?.click();
      await until(() => tab.worked && !tab.renderRoot.querySelector(".drawn button"));
      const outcome = (found[name] = { most: 0, rows: 0, text: "", fresh: [] });
      const slider = tab.renderRoot.querySelector("input[type=range]");
      const tracked = tab.renderRoot.querySelector(".pick input");
      for (const sample of ["1", "30"]) {
        tracked.value = sample;
        tracked.dispatchEvent(new Event("change"));
        for (let row = 0; row <= Number(slider.max); row++) {
          slider.value = String(row);
          slider.dispatchEvent(new Event("input"));
          await tab.updateComplete;
          const { step, next } = tab.worked;
          if (step.right.value.length !== next.length) throw new Error(`${name}: the formula has another number of coordinates`);
          step.right.value.forEach((v, k) => (outcome.most = Math.max(outcome.most, Math.abs(v - next[k]))));
          outcome.rows++;
          if (tab.worked.fresh) outcome.fresh.push(...tab.worked.fresh);
          outcome.text += tab.renderRoot.querySelector(".formulas").textContent;
        }
      }
    }
    return found;
  }, variants);

const setting = (sampler, more = {}) => ({ "sample.sampler": sampler, ...more });
const prediction = (name, more = {}) => ({ "schedule.prediction_type": name, ...more });
const VARIANTS = {
  "DDIM": {},
  "DDIM, η = 1, from velocity": prediction("v_prediction", { "sample.eta": 1 }),
  "DDIM, clipped": { "sample.clip_sample": true, "sample.clip_sample_range": 0.8 },
  "DDPM": setting("ddpm"),
  "Euler": setting("euler"),
  "Euler ancestral": setting("euler_ancestral"),
  "Heun": setting("heun"),
  "DPM-Solver++": setting("dpmpp"),
  "LMS": setting("lms", prediction("sample")),
  "Euler, flow matching": setting("euler", prediction("flow_prediction")),
  "Heun, flow matching": setting("heun", prediction("flow_prediction", { "schedule.shift": 3 })),
};
/** What the made-up engine does not know. */
const ONLY_REAL = {
  "DPM-Solver++, Heun's rule": setting("dpmpp", { "sample.solver_type": "heun" }),
  "DPM-Solver++, third order": setting("dpmpp", { "sample.solver_order": 3 }),
  "DPM-Solver++, SDE": setting("dpmpp", { "sample.algorithm_type": "sde-dpmsolver++" }),
  "DPM-Solver++, thresholded": setting("dpmpp", { "sample.thresholding": true }),
  "DPM-Solver++, flow matching": setting("dpmpp", prediction("flow_prediction")),
  "DDIM, flow matching": prediction("flow_prediction"),
  "DDIM, clipped, noise as it was said": { "sample.clip_sample": true, "sample.clip_sample_range": 0.8, "sample.use_clipped_model_output": false },
  "Euler, Karras": setting("euler", { "sample.use_karras_sigmas": true }),
  "Euler from no signal": setting("euler", prediction("v_prediction", { "schedule.rescale_betas_zero_snr": true })),
  "Heun, clipped": setting("heun", { "sample.clip_sample": true }),
};

function judge(found, steps, tolerance) {
  // What a formula with fresh noise leaves over is that noise: all of them find the same, for it was drawn from the same seed.
  const random = Object.entries(found).filter(([, { fresh }]) => fresh.length);
  assert.ok(random.length >= 3, `${random.map(([name]) => name)}`);
  const [, { fresh: first }] = random[0];
  for (const [name, { fresh }] of random) {
    assert.equal(fresh.length, first.length, name);
    fresh.forEach((z, i) => assert.ok(Math.abs(z - first[i]) < 0.02, `${name}: its noise is ${z} and not ${first[i]}`));
  }
  for (const [name, { most, rows, text }] of Object.entries(found)) {
    assert.ok(rows >= 2 * steps, `${name}: ${rows} steps looked at`);
    // Frames are single precision; near clean data a little of it is multiplied.
    assert.ok(most < tolerance, `${name}: the formula is off by ${most}`);
    assert.ok(!/NaN|Infinity|undefined|null/.test(text), `${name}: ${text.match(/.{40}(NaN|Infinity|undefined|null)/)?.[0]}`);
  }
}

test("each sampler's formula, filled in, comes to the next frame", { timeout: 120_000 }, async () => {
  const visit = await start("#v=1&view.tab=steps&sample.num_inference_steps=9");
  const found = await formulas(visit, VARIANTS);
  assert.equal(Object.keys(found).length, Object.keys(VARIANTS).length);
  judge(found, 9, 2e-4);
  assert.deepEqual(visit.problems, []);
});

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

test("on the real engine, too, each formula comes to the next frame", { timeout: 240_000 }, async () => {
  const visit = await start("#v=1&view.tab=steps&sample.num_inference_steps=20", { url: server.url, query: "?backend=cpu&autoplay=0" });
  judge(await formulas(visit, { ...VARIANTS, ...ONLY_REAL }), 20, 1e-3);
  assert.deepEqual(visit.problems, []);
});
