/** The tab with the loss per noise band, with a made-up engine. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, server, suite } from "./harness.mjs";
import { DEVICES, look, openLab, shoot } from "./lab-look.mjs";

suite();

const start = (address = "", options = {}) => openLab(browser, `${server.urlFake}${address}`, "Noise bands", options);
const rows = (lab) => lab.locator("tbody tr");
const table = (lab) => rows(lab).evaluateAll((all) => all.map((row) => [...row.children].filter((cell) => !cell.ariaHidden).map((cell) => cell.textContent.trim())));
const status = async (lab) => Number((await lab.locator(".status").textContent()).replace(/\D/g, ""));

test("ten bands from almost clean to almost noise, with a word on the worst", { timeout: 60_000 }, async () => {
  const visit = await start("?autoplay=0");
  const { lab } = visit;
  await rows(lab).first().waitFor();
  const cells = await table(lab);
  assert.equal(cells.length, 10);
  assert.deepEqual(cells[0].slice(0, 2), ["almost clean", "0–99"]);
  assert.deepEqual(cells[9].slice(0, 2), ["almost noise", "900–999"]);
  assert.ok(cells.every(([, , ema, raw]) => Number(ema) > 0 && Number(raw) > 0));
  await visit.tool.evaluate((tool) => tool.step(400));
  await visit.button("Measure now").click();
  await lab.getByText("Of the model at step 400.").waitFor();
  await lab.getByText("The loss is highest where little noise is left (t = 0 to 99): there ε can hardly be told from the data, and even a perfect model misses much of it.").waitFor();
  const widths = await lab.locator(".ema").evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().width));
  assert.ok(widths[0] > 5 * widths[9], `bars follow the numbers: ${widths}`);
  assert.equal(await lab.locator(".worst th").textContent(), "almost clean");
  assert.deepEqual(visit.problems, []);
});

test("it follows the training and keeps earlier bars, until the run is replaced", { timeout: 60_000 }, async () => {
  const visit = await start();
  const { lab, page } = visit;
  await rows(lab).first().waitFor();
  assert.equal(await lab.locator(".old").count(), 0);
  const first = await status(lab);
  await lab.locator(".old").first().waitFor({ state: "attached" });
  assert.ok((await status(lab)) > first);
  assert.equal(await lab.locator(".old").count(), 10);
  await lab.getByRole("switch", { name: "Refresh while it trains" }).uncheck();
  await page.waitForTimeout(500);
  const held = await status(lab);
  await page.waitForTimeout(3600);
  assert.equal(await status(lab), held);
  await visit.tool.evaluate((tool) => tool.reset());
  await lab.locator(".old").first().waitFor({ state: "detached" });
  await rows(lab).first().waitFor();
  assert.deepEqual(visit.problems, []);
});

test("with another schedule the words for the same timesteps are others", { timeout: 60_000 }, async () => {
  const linear = await start("?autoplay=0");
  await rows(linear.lab).first().waitFor();
  const cosine = await start("?autoplay=0#v=1&schedule.beta_schedule=squaredcos_cap_v2");
  await rows(cosine.lab).first().waitFor();
  const words = async (lab) => (await table(lab)).map(([word]) => word);
  assert.equal((await words(linear.lab))[4], "mostly noise");
  assert.equal((await words(cosine.lab))[4], "half noise");
});

test("where the exact noise is known, so is the least loss of each band", { timeout: 60_000 }, async () => {
  const visit = await start("?autoplay=0#v=1&data.dataset=eight_gaussians");
  const { lab } = visit;
  await rows(lab).first().waitFor();
  await lab.getByText(/It is farthest from what is possible at t\s=\s\d+ to\s\d+: [\d.]+ above the least, [\d.]+\./).waitFor();
  const cells = await table(lab);
  for (const [, , ema, , least] of cells) assert.ok(Number(least) <= Number(ema), `${least} is at most ${ema}`);
  assert.equal(await lab.locator(".pair .least").count(), 10);
  const moons = await start("?autoplay=0");
  await rows(moons.lab).first().waitFor();
  assert.equal(await moons.lab.locator(".least").count(), 0);
  assert.deepEqual([...visit.problems, ...moons.problems], []);
});

test("images are measured once, and again only when asked", { timeout: 60_000 }, async () => {
  const visit = await start("#task=digits&v=1&preset=tiny", { element: "unnoise-digits" });
  const { lab, page } = visit;
  await rows(lab).first().waitFor();
  assert.equal(await lab.getByRole("switch").isChecked(), false);
  const first = await status(lab);
  await page.waitForTimeout(3500);
  assert.equal(await status(lab), first);
  await visit.button("Measure now").click();
  await lab.locator(".old").first().waitFor({ state: "attached" });
  assert.deepEqual(visit.problems, []);
});

for (const { device, widths, options } of DEVICES) {
  test(`the noise bands look right on a ${device}`, { timeout: 60_000 }, async () => {
    const visit = await start("#v=1&data.dataset=eight_gaussians", options);
    await visit.lab.locator(".old").first().waitFor({ state: "attached" });
    await visit.tool.evaluate((tool) => tool.pause());
    await visit.until("state", (v) => v === "paused");
    await look(visit.page, "noise", widths);
    assert.deepEqual(visit.problems, []);
  });
}

test("real engine: the loss of each band falls, and stays highest where little noise is left", { timeout: 180_000 }, async () => {
  const visit = await openLab(browser, `${server.url}?autoplay=0&backend=cpu#v=1&data.dataset=eight_gaussians&training.batch_size=128`, "Noise bands");
  const { lab } = visit;
  await rows(lab).first().waitFor();
  const before = await table(lab);
  await visit.tool.evaluate((tool) => tool.step(800));
  await lab.getByText("Of the model at step 800.").waitFor();
  const after = await table(lab);
  for (let i = 2; i < 10; i++) assert.ok(Number(after[i][2]) < 0.6 * Number(before[i][2]), `band ${i}: ${before[i][2]}, then ${after[i][2]}`);
  assert.equal(await lab.locator(".worst th").textContent(), "almost clean");
  await shoot(visit.page, "noise-real");
  assert.deepEqual(visit.problems, []);
});
