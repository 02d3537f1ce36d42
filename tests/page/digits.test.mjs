/** The digits task as a visitor has it: images arrive, a small network learns them, and nothing of it is lost. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { closePages, launch, open, output, serve, setVisibility } from "./harness.mjs";

const TINY = "#task=digits&v=1&preset=tiny&training.batch_size=8&sample.num_inference_steps=5&sample.num_samples=20";
const element = "unnoise-digits";

let server, browser, url;
before(async () => {
  server = await serve();
  browser = await launch();
  url = process.env.UNNOISE_FAKE ? server.urlFake : server.url;
});
afterEach(closePages);
after(async () => {
  await browser?.close();
  server?.close();
});

const start = (hash = TINY, options = {}) => open(browser, url + hash, { element, ...options });
const button = (page, name) => page.getByRole("button", { name, exact: true });

/** The means of the first and of the last losses. */
const ends = (page, count) =>
  page.evaluate(
    ([tag, n]) => {
      const { raw } = document.querySelector(tag).store.losses;
      const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
      return [mean(raw.slice(0, n)), mean(raw.slice(-n))];
    },
    [element, count],
  );

test("loads MNIST, trains tiny, samples a grid, saves, and resumes at the same step after a reload", { timeout: 400_000 }, async () => {
  const visit = await start();
  const { page, data, until } = visit;
  await until("images", (v) => Number(v) >= 10_000, 60_000);
  await until("state", (v) => v === "training", 120_000);
  assert.equal(await data("preset"), "tiny");
  await visit.untilStep(60, 180_000);
  const [first, last] = await ends(page, 10);
  assert.ok(last < 0.8 * first, `the loss falls: ${first} at first, ${last} after 60 steps`);
  await until("images", (v) => Number(v) === 60_000, 60_000);

  // A grid with the asked classes, from noise to images.
  await until("samples", (v) => Number(v) >= 1, 120_000);
  const clip = await page.evaluate((tag) => {
    const { frames, predicted, frameCount, count, side, labels, timesteps } = document.querySelector(tag).clip;
    return { frames: frames.length, predicted: predicted.length, frameCount, count, side, labels, timesteps: [...timesteps] };
  }, element);
  assert.equal(clip.count, 20);
  assert.equal(clip.side, 14);
  assert.equal(clip.frames, clip.frameCount * 20 * 14 * 14);
  assert.equal(clip.predicted, clip.frames);
  assert.deepEqual(clip.labels.slice(0, 10), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.ok(clip.timesteps[0] > clip.timesteps.at(-1), "time runs from noise to images");

  // A checkpoint and a diffusers folder as files.
  await button(page, "Pause").click();
  await until("state", (v) => v === "paused");
  const step = await visit.step();
  const [saved] = await Promise.all([page.waitForEvent("download"), button(page, "Save checkpoint").click()]);
  assert.equal(saved.suggestedFilename(), `unnoise-mnist-tiny-step-${step}.safetensors`);
  const path = join(output, "digits.safetensors");
  await saved.saveAs(path);
  const [exported] = await Promise.all([page.waitForEvent("download"), button(page, "Export for diffusers").click()]);
  const folder = join(output, "digits.zip");
  await exported.saveAs(folder);
  assert.equal((await readFile(folder)).readUInt32LE(0), 0x04034b50, "a ZIP file");

  // The pause wrote the run to the browser's storage; a new visit offers it.
  await until("stored", (v) => Number(v) > 0);
  assert.equal(Number(await data("stored")), step);
  await page.reload();
  await page.getByText(`Resume MNIST tiny at step ${step}?`).waitFor({ timeout: 60_000 });
  await until("samples", (v) => Number(v) >= 1, 120_000);
  await button(page, "Resume").click();
  await page.getByText(`Resumed MNIST tiny at step ${step}.`).waitFor({ timeout: 60_000 });
  assert.equal(await visit.step(), step);
  await until("images", (v) => Number(v) >= 10_000);
  await button(page, "Train").click();
  await visit.untilStep(step + 5);

  // The files bring it back, too.
  await button(page, "Pause").click();
  await until("state", (v) => v === "paused");
  await visit.drop("digits.safetensors", await readFile(path));
  await page.getByText(`Loaded digits.safetensors; training goes on from step ${step}.`).waitFor();
  assert.equal(await data("weights"), "file");
  assert.equal(await visit.step(), step);
  await visit.drop("digits.zip", await readFile(folder));
  await page.getByText("Loaded digits.zip; training goes on from step 0.").waitFor();
  assert.deepEqual(visit.problems, []);
});

test("files that are nothing of the sort are refused beside their controls, and training goes on", { timeout: 240_000 }, async () => {
  const visit = await start();
  const { page } = visit;
  await visit.untilStep(5, 180_000);
  const idx = Buffer.alloc(16);
  idx.writeUInt32BE(0x00000805);
  const files = page.locator("unnoise-digits-files").getByRole("alert");
  const images = page.locator("unnoise-digits-data").getByRole("alert");
  for (const [name, bytes, place] of [
    ["empty.safetensors", Buffer.alloc(0), files],
    ["noise.safetensors", Buffer.alloc(64, 7), files],
    ["noise.zip", Buffer.alloc(64, 7), files],
    ["notes.txt", Buffer.from("not an image"), images],
    ["train-images-idx3-ubyte", idx, images],
  ]) {
    await visit.drop(name, bytes);
    await place.filter({ hasText: name }).waitFor({ timeout: 20_000 });
    const step = await visit.step();
    await visit.untilStep(step + 2);
  }
  assert.deepEqual(visit.problems, []);
});

test("a batch that is too large is refused with the limit and the largest that fits", { timeout: 240_000 }, async () => {
  const visit = await start();
  await visit.untilStep(2, 180_000);
  const field = visit.field("training.batch_size");
  await field.getByRole("spinbutton").fill("60000");
  await field.getByRole("spinbutton").press("Enter");
  await field.getByRole("alert").filter({ hasText: /maxStorageBufferBindingSize.*choose at most \d+/ }).waitFor();
  await visit.untilStep((await visit.step()) + 2);
});

test("each task keeps its run while the other is shown", { timeout: 240_000 }, async () => {
  const visit = await start();
  const { page, until } = visit;
  await visit.untilStep(10, 180_000);
  await page.getByRole("link", { name: "Points" }).click();
  await until("state", (v) => v === "hidden");
  const step = await visit.step();
  // The made-up engine knows no points.
  if (!process.env.UNNOISE_FAKE) await page.waitForFunction(() => Number(document.querySelector("unnoise-playground")?.dataset.step) >= 20, undefined, { timeout: 60_000 });
  assert.equal(new URL(page.url()).hash, "");
  await page.locator("unnoise-playground").getByRole("link", { name: "Digits" }).click();
  await until("state", (v) => v === "training");
  assert.equal(new URL(page.url()).hash, TINY);
  await visit.untilStep(step + 3);
  await page.goBack();
  await until("state", (v) => v === "hidden");
  await page.goForward();
  await until("state", (v) => v === "training");
});

test("a hidden tab pauses and keeps the run in the browser", { timeout: 240_000 }, async () => {
  const visit = await start();
  await visit.untilStep(10, 180_000);
  await setVisibility(visit.page, "hidden");
  await visit.until("state", (v) => v === "hidden");
  await visit.until("stored", (v) => Number(v) >= 10);
  assert.equal(Number(await visit.data("stored")), await visit.step());
  await setVisibility(visit.page, "visible");
  await visit.until("state", (v) => v === "training");
});
