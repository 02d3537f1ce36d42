/** Bad input: the message stands beside the control, and the running model is untouched. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, open, server, suite } from "./harness.mjs";

suite();

async function stillTrains(visit) {
  const step = await visit.step();
  await visit.untilStep(step + 5);
}

test("impossible numbers are refused beside their control", { timeout: 120_000 }, async () => {
  const visit = await open(browser, server.url);
  const { page } = visit;
  await visit.untilStep(20);
  const tries = [
    ["training.learning_rate", ["-1", "", "2"]],
    ["training.batch_size", ["0", "-5", "1.5", "1e12"]],
    ["sample.eta", ["-0.5", ""]],
    ["sample.num_inference_steps", ["0", "100000"]],
  ];
  for (const [key, values] of tries) {
    const field = visit.field(key);
    const input = field.getByRole("spinbutton");
    const good = await input.inputValue();
    for (const value of values) {
      await input.fill(value);
      await input.press("Enter");
      await input.blur();
      const fault = field.getByRole("alert");
      await fault.waitFor({ timeout: 10_000 });
      assert.equal(await input.getAttribute("aria-invalid"), "true", `${key} = "${value}"`);
      assert.ok((await fault.textContent()).trim().length > 10);
    }
    await stillTrains(visit);
    await input.fill(good);
    await input.press("Enter");
    await field.getByRole("alert").waitFor({ state: "hidden" });
  }
  assert.ok((await visit.step()) > 20, "no refused value restarted the model");
  assert.deepEqual(visit.problems, []);
});

test("hostile checkpoint files are refused beside the load button", { timeout: 120_000 }, async () => {
  const visit = await open(browser, server.url);
  const { page } = visit;
  await visit.untilStep(20);
  const good = Buffer.from(await visit.tool.evaluate(async (element) => Array.from(await element.save())));
  const withHeader = (json, body = 0) => {
    const header = Buffer.from(JSON.stringify(json));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    return Buffer.concat([length, header, Buffer.alloc(body)]);
  };
  const hostile = {
    "empty.safetensors": Buffer.alloc(0),
    "short.safetensors": Buffer.from([1, 2, 3]),
    "header-longer-than-file.safetensors": Buffer.concat([Buffer.alloc(8, 0xff), Buffer.from("{}")]),
    "not-json.safetensors": Buffer.concat([Buffer.from([4, 0, 0, 0, 0, 0, 0, 0]), Buffer.from("nope")]),
    "truncated.safetensors": good.subarray(0, good.length >> 1),
    "out-of-range.safetensors": withHeader({ w: { dtype: "F32", shape: [1e9, 1e9], data_offsets: [0, 4e18] } }, 16),
    "overlap.safetensors": withHeader({ a: { dtype: "F32", shape: [2], data_offsets: [0, 8] }, b: { dtype: "F32", shape: [2], data_offsets: [4, 12] } }, 12),
    "nothing-inside.safetensors": withHeader({}),
  };
  for (const [name, bytes] of Object.entries(hostile)) {
    await visit.drop(name, bytes);
    const fault = page.locator("unnoise-files").getByRole("alert");
    await fault.filter({ hasText: name }).waitFor({ timeout: 10_000 });
    await stillTrains(visit);
  }
  assert.equal(await visit.data("dataset"), "two_moons");
  // A good file clears the message.
  await visit.drop("good.safetensors", good);
  await page.locator("unnoise-files").getByRole("alert").waitFor({ state: "hidden" });
  assert.deepEqual(visit.problems, []);
});

test("a loss that is not a number freezes the model, says so, and a lower rate starts over", { timeout: 120_000 }, async () => {
  // Eight wide layers at a learning rate of 1 overflow 32-bit floats within a few steps.
  const visit = await open(browser, `${server.url}?backend=cpu&autoplay=0#v=1&model.hidden_layers=8&training.batch_size=64`);
  const { page } = visit;
  await visit.until("state", (v) => v === "paused");
  const rate = visit.field("training.learning_rate").getByRole("spinbutton");
  await rate.fill("1");
  await rate.press("Enter");
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await page.getByText("the loss was no longer a finite number").waitFor({ timeout: 60_000 });
  await visit.until("state", (v) => v === "paused");
  await page.getByRole("button", { name: "Set 0.003 and reset" }).click();
  await visit.until("state", (v) => v === "training");
  await visit.untilStep(10);
  await page.getByText("the loss was no longer a finite number").waitFor({ state: "hidden" });
  assert.equal(await rate.inputValue(), "0.003");
  assert.deepEqual(visit.problems, []);
});
