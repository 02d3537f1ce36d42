/** Machines without WebGPU, software adapters, lost devices and long runs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, launch, open, server, suite } from "./harness.mjs";

suite();

async function expectCpu(visit) {
  await visit.until("backend", (v) => v === "cpu");
  await visit.untilStep(50);
  await visit.page.getByText("This browser offers no WebGPU here, so training runs on the CPU.").waitFor();
  await visit.page.getByText("How to turn WebGPU on").click();
  for (const name of ["Firefox", "Safari", "Chrome on Linux"]) await visit.page.getByText(name, { exact: true }).waitFor();
  assert.deepEqual(visit.problems, []);
}

test("with navigator.gpu removed it trains on the CPU and says so", { timeout: 120_000 }, async () => {
  await expectCpu(await open(browser, server.urlWithoutGpu));
});

test("a browser without WebGPU trains on the CPU and says so", { timeout: 120_000 }, async () => {
  const plain = await launch({ gpu: false });
  try {
    await expectCpu(await open(plain, server.url));
  } finally {
    await plain.close();
  }
});

test("a software adapter is named as such, with a way to switch", { timeout: 120_000 }, async () => {
  const visit = await open(browser, `${server.url}?backend=webgpu#v=1&model.width=32`);
  await visit.until("backend", (v) => v === "webgpu");
  await visit.untilStep(5);
  await visit.page.getByText("WebGPU runs here on a software adapter").waitFor();
  await visit.page.getByRole("link", { name: "Use the CPU engine" }).click();
  await visit.until("backend", (v) => v === "cpu");
  await visit.untilStep(5);
  // The link changes the backend and nothing else.
  assert.match(visit.page.url(), /backend=cpu#v=1&model\.width=32$/);
  await visit.page.getByText("Training runs on the CPU, as the address asks.").waitFor();
  assert.deepEqual(visit.problems, []);
});

test("a lost device is set up again and training goes on", { timeout: 120_000 }, async () => {
  const visit = await open(browser, `${server.url}?backend=webgpu#v=1&model.width=32&training.batch_size=64`);
  await visit.untilStep(100);
  await visit.tool.evaluate((element) => element.store.loseDevice());
  await visit.page.getByText("The graphics device was lost and has been set up again").waitFor({ timeout: 60_000 });
  const step = await visit.step();
  await visit.untilStep(step + 50);
});

test("5,000 steps: buffers and their bytes stay as they were after the first 100", { timeout: 300_000 }, async () => {
  const hash = "#v=1&model.width=16&model.hidden_layers=1&model.time_embedding=8&training.batch_size=16&sample.num_samples=64&sample.num_inference_steps=5";
  const visit = await open(browser, `${server.url}?backend=webgpu${hash}`);
  await visit.tool.evaluate((element) => {
    window.seen = new Set();
    element.addEventListener("progress", () => {
      if (element.metrics.step < 100 || Number(element.dataset.samples) < 1) return;
      window.seen.add(`${element.metrics.buffers} buffers, ${element.metrics.buffer_bytes} bytes`);
    });
  });
  await visit.untilStep(5000, 280_000);
  await visit.tool.evaluate((element) => element.pause());
  assert.ok(Number(await visit.data("samples")) > 1, "live samples were drawn on the way");
  const seen = await visit.page.evaluate(() => [...window.seen]);
  assert.equal(seen.length, 1, `memory changed: ${seen.join("; ")}`);
  assert.ok(!seen[0].startsWith("0 buffers"), seen[0]);
  assert.deepEqual(visit.problems, []);
});
