/** The shipped weights draw what they are asked for, in the eyes of a classifier that was trained natively. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { classify, loadClassifier, weightsFile } from "./classifier.mjs";
import { browser, open, output, server, suite } from "./harness.mjs";

const element = "unnoise-digits";
/** Samples that are judged, and the share of them that must be the digit asked for. */
const SAMPLES = 80;
const SHARE = 0.9;

suite({ gpu: false });

const missing = existsSync(weightsFile) ? false : `${weightsFile} is missing; run: cargo test --locked --test classifier`;

test("a classifier recognises 90 % of the digits that the shipped weights draw", { timeout: 400_000, skip: missing }, async () => {
  const visit = await open(browser, `${server.url}?backend=cpu#task=digits`, { element });
  const { page, until, data } = visit;
  await page.getByText(/^Pretrained: MNIST small, [\d,]+ steps of [\d,]{1,4} images$/).waitFor({ timeout: 60_000 });
  await until("weights", (v) => v === "pretrained");
  // As the page samples at the start, without a click.
  await until("samples", (v) => Number(v) >= 1, 300_000);
  assert.equal(await data("step"), "0", "nothing was trained on top");
  assert.equal(await data("backend"), "cpu");
  const { pixels, count, side, channels, labels } = await visit.tool.evaluate((tool) => ({ ...tool.samples, pixels: Array.from(tool.samples.pixels) }));
  assert.deepEqual([count, side, channels, labels.length], [SAMPLES, 28, 1, SAMPLES]);
  assert.equal(new Set(labels).size, 10, "every digit is asked for");
  const found = classify(loadClassifier(), Float32Array.from(pixels, (byte) => byte / 127.5 - 1));
  const wrong = labels.flatMap((label, i) => (found[i] === label ? [] : [`${label} taken for ${found[i]}`]));
  const share = 1 - wrong.length / count;
  console.log(`${(100 * share).toFixed(1)} % of ${count} digits are recognised${wrong.length ? `; ${wrong.join(", ")}` : ""}`);
  await page.screenshot({ path: join(output, "pretrained.png") });
  assert.ok(share >= SHARE, `${(100 * share).toFixed(1)} % are recognised, expected ${100 * SHARE} %`);
  assert.deepEqual(visit.problems, []);
});
