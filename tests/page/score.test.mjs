/** The tab that compares learned and exact score, with a made-up engine. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, server, suite } from "./harness.mjs";
import { DEVICES, look, openLab, shoot } from "./lab-look.mjs";

suite();

const start = (hash = "#v=1&data.dataset=eight_gaussians", options = {}) => openLab(browser, `${server.urlFake}${hash}`, "Score", options);
const reading = (lab) => lab.locator(".reading");
const canvas = (lab, name) => lab.locator(`canvas[data-plot="${name}"]`);
/** Mean colour of a canvas, to tell an empty one from a painted one. */
const spread = (locator) =>
  locator.evaluate((element) => {
    const { data } = element.getContext("2d").getImageData(0, 0, element.width, element.height);
    const seen = new Set();
    for (let i = 0; i < data.length; i += 4 * 97) seen.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
    return seen.size;
  });

test("a set that is no mixture is said to be none, and a click starts one that is", { timeout: 60_000 }, async () => {
  const visit = await start("");
  const { lab, data, until, problems } = visit;
  await lab.getByText("“Two moons” is none").waitFor();
  assert.equal(await lab.locator("canvas").count(), 0);
  await visit.button("Ring of 8").click();
  await until("dataset", (v) => v === "eight_gaussians");
  await canvas(lab, "difference").waitFor();
  assert.equal(await data("dataset"), "eight_gaussians");
  assert.deepEqual(problems, []);
});

test("three plots, their scales in numbers, and the error per level; the slider chooses the level", { timeout: 60_000 }, async () => {
  const visit = await start();
  const { page, lab } = visit;
  await canvas(lab, "learned").waitFor();
  await visit.untilStep(60);
  await page.waitForFunction((tag) => document.querySelector(tag).store.running, "unnoise-playground");
  for (const name of ["learned", "exact", "difference"]) assert.ok((await spread(canvas(lab, name))) > 20, `${name} is painted`);
  assert.match(await canvas(lab, "exact").getAttribute("aria-label"), /^Exact score at timestep 200 over the square from −2\.5 to 2\.5: arrows, typically [\d.]+ long, at most [\d.]+\.$/);
  assert.match(await canvas(lab, "difference").getAttribute("aria-label"), /largest near \(-?\d\.\d, -?\d\.\d\)/);
  await lab.getByText(/^≥ [\d.]+$/).first().waitFor();
  await lab.getByText(/At t = 200, the learned score is off by about [\d.]+\s%/).waitFor();

  const slider = lab.getByRole("slider", { name: "Timestep" });
  assert.equal(await slider.getAttribute("aria-valuetext"), "200 of 999, half noise");
  await slider.fill("900");
  await lab.getByText("t = 900, almost noise").waitFor();
  await page.waitForFunction((at) => document.querySelector("unnoise-playground").renderRoot.querySelector("unnoise-lab-place").renderRoot.querySelector("unnoise-lab").renderRoot.querySelector("unnoise-lab-score").renderRoot.querySelector("canvas").getAttribute("aria-label").includes(at), "timestep 900");
  // The curve leads there, too: from the first level, with Enter.
  const curve = lab.getByRole("group", { name: /^Error per noise level/ });
  await curve.focus();
  await curve.press("Home");
  await lab.getByText(/^t = 0: error [\d.]+\s%$/).waitFor();
  await curve.press("Enter");
  await lab.getByText("t = 0, almost clean").waitFor();
  await lab.getByText("As a table").click();
  assert.equal(await lab.getByRole("row").count(), 13);
  assert.deepEqual(visit.problems, []);
});

test("values are read at a point by mouse and by keyboard", { timeout: 60_000 }, async () => {
  const visit = await start("?autoplay=0#v=1&data.dataset=gaussian_grid");
  const { lab } = visit;
  const plot = canvas(lab, "learned");
  await plot.waitFor();
  const box = await plot.boundingBox();
  await plot.hover({ position: { x: box.width * 0.75, y: box.height * 0.25 } });
  const text = await reading(lab).textContent();
  assert.match(text, /^At \(1\.2\d, 1\.2\d\): learned \(-?[\d.]+, -?[\d.]+\), exact \(-?[\d.]+, -?[\d.]+\), [\d.]+ apart \([\d.,]+\s%\)\.$/);
  const group = lab.getByRole("group", { name: /^Read the fields/ });
  await group.focus();
  await group.press("Escape");
  await group.press("ArrowRight");
  assert.match(await reading(lab).textContent(), /^At \(0\.00, 0\.00\)/);
  await group.press("ArrowUp");
  assert.match(await reading(lab).textContent(), /^At \(0\.00, 0\.31\)/);
  assert.equal(await reading(lab).getAttribute("aria-live"), "polite");
  assert.deepEqual(visit.problems, []);
});

test("it follows the training, never asks twice at once, and forgets a run that was replaced", { timeout: 60_000 }, async () => {
  const visit = await start("#v=1&data.dataset=blobs", {
    workerPrelude: "globalThis.addEventListener('message', ({ data }) => data.type === 'ask' && (globalThis.asked ??= []).push(data.method));",
  });
  const { lab, page, until } = visit;
  const step = async () => Number((await lab.locator(".status").first().textContent()).replace(/\D/g, ""));
  await canvas(lab, "learned").waitFor();
  const first = await step();
  await page.waitForFunction((before) => {
    const score = document.querySelector("unnoise-playground").renderRoot.querySelector("unnoise-lab-place").renderRoot.querySelector("unnoise-lab").renderRoot.querySelector("unnoise-lab-score");
    return Number(score.renderRoot.querySelector(".status")?.textContent.replace(/\D/g, "")) > before;
  }, first);
  await lab.getByRole("switch", { name: "Refresh while it trains" }).uncheck();
  const held = await step();
  await page.waitForTimeout(4000);
  assert.equal(await step(), held, "held while the switch is off");
  await visit.tool.evaluate((tool) => tool.pause());
  await until("state", (v) => v === "paused");
  await lab.getByText("training has gone on since").first().waitFor();
  // Switched on again while training rests, it is up to date at once.
  await lab.getByRole("switch", { name: "Refresh while it trains" }).check();
  await lab.getByText(`Of the model at step ${await visit.step()}.`).first().waitFor();
  const methods = await Promise.all(page.workers().map((worker) => worker.evaluate(() => globalThis.asked ?? [])));
  assert.ok(methods.flat().filter((name) => name === "score_map").length < 8, `asked ${methods.flat().length} questions`);
  await visit.tool.evaluate((tool) => tool.reset());
  await until("step", (v) => v === "0");
  await lab.getByText("Of the model at step 0.").first().waitFor();
  assert.deepEqual(visit.problems, []);
});

test("what the engine refuses is shown", { timeout: 60_000 }, async () => {
  const visit = await start("#v=1&data.dataset=blobs", { workerPrelude: "globalThis.refuseScore = true;" });
  await visit.lab.getByRole("alert").filter({ hasText: "The engine answered: no score today" }).first().waitFor();
  assert.deepEqual(visit.problems, []);
});

for (const { device, widths, options } of DEVICES) {
  test(`the score looks right on a ${device}`, { timeout: 60_000 }, async () => {
    const visit = await start(undefined, options);
    await canvas(visit.lab, "difference").waitFor();
    await visit.untilStep(120);
    await visit.tool.evaluate((tool) => tool.pause());
    await visit.until("state", (v) => v === "paused");
    await look(visit.page, "score", widths);
    assert.deepEqual(visit.problems, []);
  });
}

test("real engine: training brings the learned score to the exact one", { timeout: 180_000 }, async () => {
  const visit = await openLab(browser, `${server.url}?autoplay=0&backend=cpu#v=1&data.dataset=eight_gaussians&training.batch_size=128`, "Score");
  const { lab } = visit;
  const off = async () => Number((await lab.locator(".summary").textContent()).match(/about ([\d.,]+)/)[1].replace(",", ""));
  await canvas(lab, "difference").waitFor();
  await lab.locator(".summary").waitFor();
  const before = await off();
  await visit.tool.evaluate((tool) => tool.step(1200));
  await lab.getByText("Of the model at step 1,200.").first().waitFor();
  const after = await off();
  assert.ok(before > 80 && after < 0.6 * before, `the error went from ${before} % to ${after} %`);
  await shoot(visit.page, "score-real");
  assert.deepEqual(visit.problems, []);
});
