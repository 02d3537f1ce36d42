/** The main job, as a visitor does it: watch it train, pause, step, look back in time, change the data, save and restore. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { browser, open, output, server, setVisibility, suite } from "./harness.mjs";

suite();

test("trains two moons, pauses, steps, scrubs time, changes the set, saves and restores", { timeout: 240_000 }, async () => {
  const visit = await open(browser, server.url);
  const { page, data, until, untilStep, points } = visit;

  // It starts by itself, and the loss halves.
  await until("state", (v) => v === "training");
  assert.equal(await data("dataset"), "two_moons");
  await untilStep(20);
  const first = await page.evaluate(() => {
    const { raw } = document.querySelector("unnoise-playground").store.losses;
    return raw.slice(0, 5).reduce((a, b) => a + b, 0) / 5;
  });
  assert.ok(first > 0.6, `an untrained model's loss is near 1, not ${first}`);
  await page.waitForFunction((half) => document.querySelector("unnoise-playground").metrics?.loss < half, first / 2, { timeout: 120_000 });
  await until("samples", (v) => Number(v) >= 2);

  // Pause holds the step count; a single step adds exactly one.
  await page.getByRole("button", { name: "Pause" }).click();
  await until("state", (v) => v === "paused");
  const paused = await visit.step();
  await page.waitForTimeout(400);
  assert.equal(await visit.step(), paused);
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await visit.untilStep(paused + 1);
  assert.equal(await visit.step(), paused + 1);

  // Time: dragging to the left shows noise and holds; back to the right shows the result.
  const slider = page.getByRole("slider", { name: "Time, from noise to data" });
  const box = await slider.boundingBox();
  const drag = async (share) => {
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * share, box.y + box.height / 2, { steps: 8 });
    await page.mouse.up();
  };
  await drag(1);
  const result = await points();
  await drag(0);
  const noise = await points();
  assert.notEqual(noise, result);
  assert.equal(await data("live"), "false");
  const spread = Math.sqrt(noise.split(",").reduce((sum, v) => sum + v * v, 0) / noise.split(",").length);
  assert.ok(spread > 0.8 && spread < 1.2, `the start is standard normal noise, with spread ${spread}`);

  // A checkpoint is a safetensors file.
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save checkpoint" }).click()]);
  const path = join(output, "checkpoint.safetensors");
  await download.saveAs(path);
  const file = await readFile(path);
  assert.match(download.suggestedFilename(), /^unnoise-two_moons-step-\d+\.safetensors$/);
  assert.ok(file.length > 100);

  // Another set: other data, a new model.
  const before = await points("dataPoints");
  await page.getByRole("radio", { name: "Swiss roll" }).check({ force: true });
  await until("dataset", (v) => v === "swiss_roll");
  await page.waitForFunction(() => Number(document.querySelector("unnoise-playground").dataset.step) === 0);
  assert.notEqual(await points("dataPoints"), before);
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await untilStep(10);

  // Reset starts over; the file brings everything back.
  await page.getByRole("button", { name: "Pause" }).click();
  await until("state", (v) => v === "paused");
  await page.getByRole("button", { name: "Reset" }).click();
  await until("step", (v) => v === "0");
  await page.locator("unnoise-files input[type=file]").setInputFiles(path);
  await until("dataset", (v) => v === "two_moons");
  await untilStep(paused + 1);
  assert.equal(await visit.step(), paused + 1);
  assert.equal(await points("dataPoints"), before);
  await page.getByText(/training goes on from step/).waitFor();

  assert.deepEqual(visit.problems, []);
});

test("the address keeps the settings, and forgives what it does not know", { timeout: 120_000 }, async () => {
  const visit = await open(browser, `${server.url}?autoplay=0`);
  const { page, until } = visit;
  await until("state", (v) => v === "paused");
  assert.equal(new URL(page.url()).hash, "");
  await page.getByRole("radio", { name: "Heart" }).check({ force: true });
  await until("dataset", (v) => v === "heart");
  const rate = visit.field("training.learning_rate").getByRole("spinbutton");
  await rate.fill("0.0025");
  await rate.press("Enter");
  await page.waitForFunction(() => location.hash.includes("learning_rate"));
  assert.equal(new URL(page.url()).hash, "#v=1&data.dataset=heart&training.learning_rate=0.0025");

  // A visitor with that link sees the same.
  const second = await open(browser, page.url());
  await second.until("dataset", (v) => v === "heart");
  assert.equal(await second.field("training.learning_rate").getByRole("spinbutton").inputValue(), "0.0025");

  // Settings typed into the address bar count too.
  await page.evaluate(() => (location.hash = "#v=1&data.dataset=rings"));
  await until("dataset", (v) => v === "rings");

  // Back at the defaults, the hash goes.
  await page.getByRole("radio", { name: "Two moons" }).check({ force: true });
  await until("dataset", (v) => v === "two_moons");
  await page.waitForFunction(() => location.hash === "");

  const odd = await open(browser, `${server.url}?autoplay=0#v=1&training.batch_size=999999&colour=red&data.dataset=rings`);
  await odd.until("state", (v) => v === "paused");
  await odd.page.getByText("the address asks for 999999; 16,384 is the nearest possible value").waitFor();
  await odd.page.getByText("they were ignored: colour").waitFor();
  assert.equal(await odd.data("dataset"), "rings");
  assert.deepEqual([...visit.problems, ...odd.problems], []);
});

test("a hidden tab pauses, says so, and goes on when it is back", { timeout: 120_000 }, async () => {
  const visit = await open(browser, server.url);
  const { page, until, untilStep } = visit;
  await untilStep(20);
  await setVisibility(page, "hidden");
  await until("state", (v) => v === "hidden");
  await page.getByText("Paused while this tab was hidden").waitFor();
  await page.waitForTimeout(200);
  const step = await visit.step();
  await page.waitForTimeout(600);
  assert.equal(await visit.step(), step);
  await setVisibility(page, "visible");
  await until("state", (v) => v === "training");
  await page.getByText("Training again; it paused while this tab was hidden").waitFor();
  await untilStep(step + 10);
  // A run the visitor paused stays paused.
  await page.getByRole("button", { name: "Pause" }).click();
  await until("state", (v) => v === "paused");
  await setVisibility(page, "hidden");
  await setVisibility(page, "visible");
  await page.waitForTimeout(300);
  assert.equal(await visit.data("state"), "paused");
  assert.deepEqual(visit.problems, []);
});
