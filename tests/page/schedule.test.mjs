/** The lab's tab "schedule": the curve, drawing it by hand, and diffusers' file. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { axeSource, browser, open, output, server, suite } from "./harness.mjs";

suite();

const start = async (hash = "", { url = server.urlFake, query = "?autoplay=0", ...options } = {}) => {
  const visit = await open(browser, `${url}${query}${hash}`, options);
  await visit.until("samples", (v) => Number(v) >= 1);
  await visit.page.locator("unnoise-lab-place").scrollIntoViewIfNeeded();
  await visit.page.locator("unnoise-lab-schedule").waitFor();
  return visit;
};
const schedule = (page, tag = "unnoise-playground") => page.evaluate((name) => document.querySelector(name).store.config.schedule, tag);
const handles = (page) => page.getByRole("slider", { name: /^Curve at t/ });
const values = async (page) => (await handles(page).evaluateAll((all) => all.map((handle) => Number(handle.getAttribute("aria-valuenow")))));
const isFalling = (list) => list.every((value, i) => i === 0 || value < list[i - 1]);

test("a curve drawn by mouse and by keys trains only when it is applied", { timeout: 60_000 }, async () => {
  const visit = await start("", { query: "" });
  const { page, until } = visit;
  await visit.untilStep(10);
  assert.equal(await handles(page).count(), 9);
  const before = await values(page);
  assert.ok(isFalling(before) && Math.abs(before[0] - Math.log((1 - 1e-4) / 1e-4)) < 0.01, `${before}`);
  await page.locator("unnoise-schedule-plot").scrollIntoViewIfNeeded();
  const box = await handles(page).nth(4).boundingBox();
  const step = await visit.step();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2 - 40, { steps: 5 });
  await page.mouse.up();
  const dragged = await values(page);
  assert.ok(dragged[4] > before[4] + 0.5, `${dragged}`);
  assert.deepEqual(dragged.toSpliced(4, 1), before.toSpliced(4, 1), "only the dragged handle moves");
  // However far it is pulled, it stays below its neighbour.
  const pulled = await handles(page).nth(4).boundingBox();
  await page.mouse.move(pulled.x + pulled.width / 2, pulled.y + pulled.height / 2);
  await page.mouse.down();
  await page.mouse.move(pulled.x, 0, { steps: 5 });
  await page.mouse.up();
  assert.ok(isFalling(await values(page)), `${await values(page)}`);
  // Keys do the same.
  await handles(page).nth(6).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("PageDown");
  const keyed = await values(page);
  assert.ok(Math.abs(keyed[6] - (before[6] - 1.25)) < 0.01, `${keyed[6]}`);
  assert.equal((await schedule(page)).beta_schedule, "linear", "nothing is trained with it yet");
  await visit.untilStep(step + 3);
  await page.getByText("The drawn curve is not in use yet").waitFor();
  await page.locator("unnoise-lab").screenshot({ path: join(output, "schedule-draft.png") });

  await page.getByRole("button", { name: "Discard" }).click();
  assert.deepEqual(await values(page), before);
  await handles(page).nth(8).focus();
  for (let i = 0; i < 6; i++) await page.keyboard.press("ArrowUp");
  const wanted = await values(page);
  await page.getByRole("button", { name: "Apply to training" }).click();
  await page.waitForFunction(() => location.hash.includes("schedule.beta_schedule=drawn"));
  await until("step", (v) => Number(v) < 8);
  const used = await schedule(page);
  assert.equal(used.beta_schedule, "drawn");
  assert.deepEqual(used.log_snr, wanted);
  await page.getByRole("button", { name: "Apply to training" }).waitFor({ state: "detached" });
  assert.ok((await values(page)).every((value, i) => Math.abs(value - wanted[i]) < 0.15), "the engine's curve goes through the handles");
  // The address carries it.
  const second = await open(browser, `${server.urlFake}?autoplay=0${new URL(page.url()).hash}`);
  await second.until("samples", (v) => Number(v) >= 1);
  assert.deepEqual((await schedule(second.page)).log_snr, wanted);
  assert.deepEqual([...visit.problems, ...second.problems], []);
});

test("the end of the schedule is told in words", { timeout: 60_000 }, async () => {
  const visit = await start("#v=1&schedule.prediction_type=v_prediction&schedule.beta_end=0.002");
  const { page } = visit;
  await page.getByText("Samples then lean towards the mean of the set.").waitFor();
  const lab = page.locator("unnoise-lab-schedule");
  await visit.field("schedule.beta_end").evaluate((field) => {
    const details = field.getRootNode().querySelector("details");
    details.open = true;
  });
  await visit.field("schedule.rescale_betas_zero_snr").getByRole("checkbox").check();
  await lab.getByText("No signal is left: training ends where sampling begins").waitFor();
  await lab.getByText("“End in pure noise” is on").waitFor();
  await visit.field("schedule.prediction_type").getByRole("combobox").selectOption("flow_prediction");
  await lab.getByText("Flow matching has its own straight schedule").waitFor();
  await handles(page).first().waitFor({ state: "detached" });
  assert.deepEqual(visit.problems, []);
});

test("a scheduler_config.json is taken, refused by name, and written", { timeout: 60_000 }, async () => {
  const visit = await start();
  const { page } = visit;
  const text = page.getByRole("textbox", { name: /scheduler_config/ });
  const read = page.getByRole("button", { name: "Use this" });
  const file = { _class_name: "DPMSolverMultistepScheduler", beta_schedule: "scaled_linear", beta_start: 0.00085, beta_end: 0.012, num_train_timesteps: 1000, prediction_type: "v_prediction", algorithm_type: "sde-dpmsolver++", timestep_spacing: "trailing" };
  await text.fill(JSON.stringify(file));
  await read.click();
  await page.getByText("DPMSolverMultistepScheduler: all of it is in use now.").waitFor();
  const { hash } = new URL(page.url());
  for (const part of ["schedule.beta_schedule=scaled_linear", "schedule.beta_start=0.00085", "schedule.prediction_type=v_prediction", "sample.sampler=dpmpp", "sample.algorithm_type=sde-dpmsolver%2B%2B"]) assert.ok(hash.includes(part), `${part} in ${hash}`);

  // A refusal stands beside the setting that the key belongs to …
  await text.fill(JSON.stringify({ ...file, beta_end: 1.5 }));
  await read.click();
  await visit.field("schedule.beta_end").getByRole("alert").filter({ hasText: "choose a number below 1" }).waitFor();
  await page.getByText("the message stands beside “Last β”").waitFor();
  // … or here, where there is none.
  await text.fill(JSON.stringify({ ...file, dance: true }));
  await read.click();
  await page.locator("unnoise-scheduler-file").getByRole("alert").filter({ hasText: "dance: scheduler.dance is true" }).waitFor();
  await visit.field("schedule.beta_end").getByRole("alert").waitFor({ state: "hidden" });

  // A list of β is a schedule "from a file", which no address carries.
  const betas = Array.from({ length: 1000 }, (_, t) => 0.0001 + 0.00001 * t);
  await page.locator("unnoise-scheduler-file input[type=file]").setInputFiles({ name: "scheduler_config.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify({ _class_name: "DDIMScheduler", num_train_timesteps: 1000, trained_betas: betas })) });
  await page.getByText("DDIMScheduler: all of it is in use now.").waitFor();
  assert.equal(await visit.field("schedule.beta_schedule").getByRole("combobox").evaluate((select) => select.selectedOptions[0].textContent), "From a file");
  assert.deepEqual((await schedule(page)).trained_betas, betas);
  assert.ok(!page.url().includes("betas=") && !page.url().includes("from_file"));
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download" }).click()]);
  assert.equal(download.suggestedFilename(), "scheduler_config.json");
  const written = JSON.parse(await readFile(await download.path(), "utf8"));
  assert.deepEqual([written._class_name, written.trained_betas.length], ["DDIMScheduler", 1000]);
  // Another choice leaves the list.
  await visit.field("schedule.beta_schedule").getByRole("combobox").selectOption("sigmoid");
  await page.waitForFunction(() => location.hash.includes("schedule.beta_schedule=sigmoid"));
  assert.equal((await schedule(page)).trained_betas, null);
  assert.deepEqual(visit.problems, []);
});

for (const [width, scheme] of [[1280, "light"], [1280, "dark"], [390, "light"], [390, "dark"], [320, "light"]]) {
  test(`the schedule looks right at ${width} px, ${scheme}`, { timeout: 60_000 }, async () => {
    const phone = width < 500;
    const visit = await start("#v=1&sample.num_inference_steps=20", { viewport: { width, height: 900 }, colorScheme: scheme, ...(phone ? { hasTouch: true, isMobile: true, deviceScaleFactor: 2 } : {}) });
    const { page } = visit;
    await handles(page).first().waitFor();
    if (width === 1280) {
      await page.getByRole("radio", { name: "amplitudes of the signal" }).check({ force: true });
      await page.locator("unnoise-lab").screenshot({ path: join(output, `schedule-levels-${scheme}.png`) });
      await page.getByRole("radio", { name: "the logarithm of" }).check({ force: true });
    }
    await page.locator("unnoise-lab").screenshot({ path: join(output, `schedule-${width}-${scheme}.png`) });
    const { scroll, view } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, view: document.documentElement.clientWidth }));
    assert.ok(scroll <= view, `the page is ${scroll} px wide in a ${view} px window`);
    await page.evaluate(axeSource);
    const found = await page.evaluate(async () => (await globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })).violations);
    assert.deepEqual(found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`), []);
    assert.deepEqual(visit.problems, []);
  });
}

// On the real engine.

test("the real engine trains on a drawn curve and reads diffusers' file", { timeout: 120_000 }, async () => {
  const visit = await start("", { url: server.url, query: "?backend=cpu" });
  const { page } = visit;
  await visit.untilStep(20);
  await handles(page).nth(4).focus();
  await page.keyboard.press("ArrowUp");
  const wanted = await values(page);
  await page.getByRole("button", { name: "Apply to training" }).click();
  await page.waitForFunction(() => location.hash.includes("schedule.beta_schedule=drawn"));
  await page.getByRole("button", { name: "Apply to training" }).waitFor({ state: "detached" });
  // Knots stand between timesteps, so that the table shows them nearly.
  assert.ok((await values(page)).every((value, i) => Math.abs(value - wanted[i]) < 0.15), `${await values(page)} for ${wanted}`);
  await visit.untilStep(20);
  const text = page.getByRole("textbox", { name: /scheduler_config/ });
  await text.fill(JSON.stringify({ _class_name: "EulerDiscreteScheduler", beta_schedule: "scaled_linear", beta_start: 0.00085, beta_end: 0.012, use_karras_sigmas: true }));
  await page.getByRole("button", { name: "Use this" }).click();
  await page.getByText("EulerDiscreteScheduler: all of it is in use now.").waitFor();
  assert.equal((await schedule(page)).beta_schedule, "scaled_linear");
  await text.fill(JSON.stringify({ _class_name: "EulerDiscreteScheduler", interpolation_type: "log_linear" }));
  await page.getByRole("button", { name: "Use this" }).click();
  await page.locator("unnoise-scheduler-file").getByRole("alert").filter({ hasText: "interpolation_type" }).waitFor();
  assert.deepEqual(visit.problems, []);
});
