/** What a running loop makes on the device: nothing. And tuning: measured once, remembered, switched off by the address. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, open, server, suite } from "./harness.mjs";

suite();

/** Counts in the worker what is made on its device, and tells the page. */
const COUNTING = `
const made = {};
for (const name of Object.getOwnPropertyNames(GPUDevice.prototype)) {
  if (!name.startsWith("create") || name === "createCommandEncoder") continue;
  const create = GPUDevice.prototype[name];
  GPUDevice.prototype[name] = function (...args) {
    made[name] = (made[name] ?? 0) + 1;
    return create.apply(this, args);
  };
}
const channel = new BroadcastChannel("made");
channel.onmessage = ({ data }) => data === "ask" && channel.postMessage(made);
`;

const made = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        const channel = new BroadcastChannel("made");
        channel.onmessage = ({ data }) => {
          channel.close();
          resolve(data);
        };
        channel.postMessage("ask");
      }),
  );

/** The record of measurements in the browser's storage; null if there is none. */
const stored = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open("unnoise-tuning", 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore("records");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const get = opening.result.transaction("records").objectStore("records").get("all");
          get.onsuccess = () => {
            opening.result.close();
            resolve(get.result ? JSON.parse(get.result) : null);
          };
        };
      }),
  );

test("digits train for 50 steps and nothing is made on the device", { timeout: 400_000 }, async () => {
  const hash = "#task=digits&v=1&preset=tiny&training.batch_size=2&sample.num_inference_steps=2&sample.num_samples=4";
  const visit = await open(browser, `${server.url}?backend=webgpu&tune=0${hash}`, { element: "unnoise-digits", workerPrelude: COUNTING });
  // Until a sample has been drawn and the first copies for safety were made, things are made once.
  await visit.until("samples", (v) => Number(v) >= 2, 240_000);
  await visit.page.waitForTimeout(5000);
  const [before, step] = [await made(visit.page), await visit.step()];
  assert.ok(before.createComputePipeline > 50 && before.createBindGroup > 250 && before.createBuffer > 50, JSON.stringify(before));
  await visit.untilStep(step + 50, 240_000);
  assert.deepEqual(await made(visit.page), before);
  assert.deepEqual(visit.problems, []);
});

test("kernels are tuned while training begins, and what was found is there at the next visit", { timeout: 240_000 }, async () => {
  const visit = await open(browser, `${server.url}?backend=webgpu`, { workerPrelude: COUNTING });
  const { page } = visit;
  await page.getByRole("link", { name: "tuned", exact: true }).waitFor();
  let record = null;
  for (let i = 0; i < 600 && !record; i++) {
    await page.waitForTimeout(200);
    record = await stored(page);
  }
  const [adapter] = Object.entries(record.adapters);
  const keys = Object.keys(adapter[1]);
  assert.ok(keys.length > 0 && keys.every((key) => key.startsWith("matmul")), JSON.stringify(record));
  const step = await visit.step();
  await visit.untilStep(step + 20);

  // The next visit goes on from there: what is known stays as it is.
  await page.reload();
  await visit.untilStep(100);
  const later = await stored(page);
  assert.equal(later.engine, record.engine);
  for (const key of keys) assert.equal(later.adapters[adapter[0]][key], adapter[1][key]);

  // A record that is none does no harm.
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        const opening = indexedDB.open("unnoise-tuning", 1);
        opening.onsuccess = () => {
          const transaction = opening.result.transaction("records", "readwrite");
          transaction.objectStore("records").put("{ no record", "all");
          transaction.oncomplete = () => resolve(opening.result.close());
        };
      }),
  );
  await page.reload();
  await visit.untilStep(20);
  await page.getByRole("link", { name: "tuned", exact: true }).click();
  await page.getByRole("link", { name: "not tuned", exact: true }).waitFor();
  assert.match(page.url(), /[?&]tune=0/);
  await visit.untilStep(20);
  assert.deepEqual(visit.problems, []);
});
