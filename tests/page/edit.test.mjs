/** The lab's tab "edit": pictures filled, varied, inverted and blended. A made-up engine tells what reached it and how it looks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, server, suite } from "./harness.mjs";
import { DEVICES, look, openLab, shoot } from "./lab-look.mjs";

const element = "unnoise-digits";
const SIDE = 28;
const MODES = ["Inpaint", "Vary", "Invert", "Interpolate"];

suite({ gpu: false });

/** Opens the tab on the digits; all that is asked to be drawn is kept in `globalThis.asked`. */
async function start(options = {}) {
  const visit = await openLab(browser, `${server.urlFake}?autoplay=0#task=digits`, "Edit", { element, ...options });
  await visit.until("samples", (v) => Number(v) >= 1);
  return watched(visit);
}

async function watched(visit) {
  await visit.lab.getByRole("radio", { name: /^Picture 24/ }).waitFor();
  await visit.tool.evaluate(({ store }) => {
    globalThis.asked = [];
    const draw = store.draw.bind(store);
    store.draw = async (given, inputs = {}) => {
      const drawn = await draw(given, inputs);
      globalThis.asked.push({ options: given, inputs, drawn });
      return drawn;
    };
  });
  const mode = (name) => visit.lab.getByRole("radio", { name, exact: true }).check({ force: true });
  const pick = (n) => visit.lab.getByRole("radio", { name: new RegExp(`^Picture ${n}:`) }).check({ force: true });
  /** What was drawn, with arrays as plain numbers. */
  const asked = () =>
    visit.page.evaluate(() =>
      globalThis.asked.map(({ options: given, inputs, drawn }) => ({
        options: given,
        inputs: Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, Array.from(values)])),
        results: Array.from(drawn.frames.slice(-drawn.count * drawn.dim)),
        starts: Array.from(drawn.frames.slice(0, drawn.count * drawn.dim)),
      })),
    );
  return { ...visit, mode, pick, asked, board: visit.lab.getByRole("application"), facts: visit.lab.locator(".results .facts") };
}

/** Numbers of the forgotten pixels in the mask of the first of some samples. */
const forgotten = ({ inputs: { mask } }) => mask.slice(0, SIDE * SIDE).flatMap((value, i) => (value === 0 ? [i] : []));
const at = (x, y) => y * SIDE + x;
/** The pixels of a stroke of width 3 along a row. */
const stroke = (from, to, y) => {
  const found = [];
  for (let row = y - 1; row <= y + 1; row++) for (let x = from - 1; x <= to + 1; x++) found.push(at(x, row));
  return found;
};
const sorted = (pixels) => [...pixels].sort((a, b) => a - b);
/** A 3-wide brush is round: at both ends of a stroke its corners stay. */
const round = (pixels, from, to, y) => sorted(pixels.filter((pixel) => ![at(from - 1, y - 1), at(to + 1, y - 1), at(from - 1, y + 1), at(to + 1, y + 1)].includes(pixel)));

/** Known pixels are what was given, the others are not. */
function checkFilled({ inputs: { known, mask }, results }) {
  assert.equal(mask.length, known.length);
  assert.equal(results.length, known.length);
  let changed = 0;
  results.forEach((value, i) => {
    if (mask[i] === 1) assert.equal(value, known[i], `known number ${i}`);
    else if (value !== known[i]) changed += 1;
  });
  assert.ok(changed > 0, "something was filled in");
}

test("inpainting by mouse: what was drawn is what the engine is told to forget", { timeout: 60_000 }, async () => {
  const visit = await start();
  const { page, board, button, asked, lab, facts } = visit;
  await visit.pick(2);
  assert.equal(await button("Fill in").isDisabled(), true, "nothing is forgotten yet");
  const drag = async (from, to, y) => {
    await board.scrollIntoViewIfNeeded();
    const box = await board.boundingBox();
    const place = (x) => [box.x + ((x + 0.5) / SIDE) * box.width, box.y + ((y + 0.5) / SIDE) * box.height];
    await page.mouse.move(...place(from));
    await page.mouse.down();
    await page.mouse.move(...place(to), { steps: 3 });
    await page.mouse.up();
  };
  await drag(8, 20, 10);
  const drawn = round(stroke(8, 20, 10), 8, 20, 10);
  await lab.getByText(`${drawn.length} of 784 pixels are forgotten.`).waitFor();
  await button("Fill in").click();
  await facts.first().waitFor();
  let calls = await asked();
  assert.equal(calls.length, 2, "four variants, two at a time");
  for (const call of calls) {
    assert.deepEqual(forgotten(call), drawn);
    assert.equal(call.options.num_resamples, 1);
    assert.equal(call.options.sampler, "ddpm");
    assert.deepEqual(call.options.labels, [3, 3], "the picture's own class");
    checkFilled(call);
  }
  assert.notDeepEqual(calls[0].results, calls[1].results, "variants differ");
  await lab.getByText("Pixels you kept are unchanged.").first().waitFor();

  // The brush keeps, too; undo takes a stroke back as a whole.
  await lab.getByRole("radio", { name: "Keeps" }).check({ force: true });
  await drag(8, 12, 10);
  const fewer = await board.evaluate((canvas) => canvas.getRootNode().host.mask.count);
  assert.ok(fewer < drawn.length && fewer > 0);
  await button("Undo").click();
  await lab.getByText(`${drawn.length} of 784 pixels are forgotten.`).waitFor();
  await button("Invert").click();
  await lab.getByText(`${784 - drawn.length} of 784 pixels are forgotten.`).waitFor();
  await button("Forget the left half").click();
  await button("Fill in").click();
  await page.waitForFunction(() => globalThis.asked.length === 4);
  calls = await asked();
  assert.deepEqual(forgotten(calls[3]), Array.from({ length: 784 }, (_, i) => i).filter((i) => i % SIDE < 14));
  await lab.getByText("In the picture itself").waitFor();
  assert.equal(await lab.locator(".result").count(), 1, "results of another mask are put away");
  await button("Clear").click();
  assert.equal(await button("Fill in").isDisabled(), true);
  assert.deepEqual(visit.problems, []);
});

test("inpainting by keyboard alone: arrows move, Space toggles, Shift and arrows draw, brackets change the brush", { timeout: 60_000 }, async () => {
  const visit = await start();
  const { page, board, button, asked, lab } = visit;
  const state = await visit.data("state");
  const speed = await visit.tool.evaluate(({ store }) => store.settings["view.speed"]);
  await board.focus();
  const press = async (key, times = 1) => {
    for (let i = 0; i < times; i++) await page.keyboard.press(key);
  };
  // From the middle (14, 14) to (6, 5).
  await press("ArrowLeft", 8);
  await press("ArrowUp", 9);
  await lab.getByText("Row 6, column 7: kept").first().waitFor();
  await press("[", 3);
  await press("Space");
  await lab.getByText("Row 6, column 7: forgotten").first().waitFor();
  await press("Shift+ArrowRight", 4);
  await press("Shift+ArrowDown", 2);
  const wanted = [at(6, 5), at(7, 5), at(8, 5), at(9, 5), at(10, 5), at(10, 6), at(10, 7)];
  // Space on a forgotten pixel takes it back, and again; Ctrl+Z undoes.
  await press("Space");
  await press("Control+z");
  await press("]");
  assert.equal(await lab.getByRole("slider", { name: "Brush" }).inputValue(), "3");
  await press("[");
  assert.equal(await visit.data("state"), state, "Space did not start the training");
  assert.equal(await visit.tool.evaluate(({ store }) => store.settings["view.speed"]), speed, "nor did the brackets change the animation");
  await button("Fill in").focus();
  await press("Enter");
  await page.waitForFunction(() => globalThis.asked.length === 2);
  for (const call of await asked()) {
    assert.deepEqual(forgotten(call), sorted(wanted));
    checkFilled(call);
  }
  await lab.getByText("Pixels you kept are unchanged.").first().waitFor();
  // At the edge the cursor stays.
  await board.focus();
  await press("ArrowLeft", 40);
  await press("ArrowUp", 40);
  await lab.getByText("Row 1, column 1").first().waitFor();
  assert.deepEqual(visit.problems, []);
});

test("resampling is compared by the boundary error, and a long run can be cancelled", { timeout: 60_000 }, async () => {
  const visit = await start();
  const { page, lab, button, asked } = visit;
  await button("Forget the top half").click();
  await button("Compare 1 and 10").click();
  await lab.locator('.result[data-resamples="1"]').waitFor({ timeout: 20_000 });
  const error = async (resamples) => Number(await lab.locator(`.result[data-resamples="${resamples}"] .value`).textContent());
  const calls = await asked();
  assert.deepEqual(calls.map(({ options }) => options.num_resamples), [10, 10, 1, 1]);
  assert.deepEqual(calls.map(({ options }) => options.seed), [calls[0].options.seed, calls[1].options.seed, calls[0].options.seed, calls[1].options.seed], "the same noise");
  // The number is what the pictures say.
  const across = calls.slice(2).flatMap(({ results }) => [0, 1].flatMap((i) => Array.from({ length: SIDE }, (_, x) => Math.abs(results[i * 784 + at(x, 13)] - results[i * 784 + at(x, 14)]))));
  assert.ok(Math.abs((await error(1)) - across.reduce((sum, v) => sum + v, 0) / across.length) < 0.001);
  assert.ok((await error(10)) < (await error(1)));

  await lab.getByRole("slider", { name: "Resampling" }).fill("10");
  await button("Fill in").click();
  await lab.getByText("Drawing: 0 of 4 pictures done").waitFor();
  await button("Cancel").click();
  await lab.getByText("Stops after what is being drawn").waitFor();
  await lab.getByText("Stops after what is being drawn").waitFor({ state: "hidden" });
  assert.equal((await asked()).length, 5, "the second half was not drawn");
  assert.equal(await lab.locator(".result").count(), 2, "nothing was added");
  // Another picture puts the results away.
  await button("Next").click();
  assert.equal(await lab.locator(".result").count(), 0);
  await page.waitForTimeout(10);
  assert.deepEqual(visit.problems, []);
});

test("varying: strength and picture go to the engine, the result follows the slider, and 0 changes nothing", { timeout: 60_000 }, async () => {
  const visit = await start();
  const { page, lab, button, asked, facts } = visit;
  await visit.mode("Vary");
  await visit.pick(4);
  await button("Vary").click();
  await facts.waitFor();
  let calls = await asked();
  assert.equal(calls[0].options.strength, 0.6);
  assert.equal(calls[0].options.num_inference_steps, 50);
  assert.equal(calls[0].inputs.image.length, 2 * 784);
  assert.deepEqual(calls[0].inputs.image.slice(0, 784), calls[0].inputs.image.slice(784));
  await lab.getByText(/^Noised to t = \d+$/).waitFor();
  const slider = lab.getByRole("slider", { name: "Strength" });
  await slider.focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await lab.locator('.result[data-strength="0.5"]').waitFor();
  calls = await asked();
  assert.equal(calls.at(-1).options.strength, 0.5);
  const before = calls.length;
  await slider.fill("0");
  await lab.getByText("Nothing was noised, so nothing changes.").waitFor();
  assert.equal((await asked()).length, before, "the engine was not asked");
  await lab.getByRole("combobox", { name: "Class" }).selectOption("none");
  await slider.fill("1");
  await lab.locator('.result[data-strength="1"]').waitFor();
  assert.deepEqual((await asked()).at(-1).options.labels, []);
  assert.deepEqual(visit.problems, []);
});

test("inversion: the picture goes in as it is, its noise comes out again, and the error is measured", { timeout: 60_000 }, async () => {
  const visit = await start();
  const { lab, button, asked } = visit;
  await visit.mode("Invert");
  await visit.pick(5);
  await button("Invert").click();
  const error = lab.locator('[data-value="error"]');
  await error.waitFor();
  const [up, down] = await asked();
  assert.deepEqual([up.options.inverse, up.options.sampler, up.options.eta, up.options.guidance_scale, up.options.clip_sample, up.options.num_inference_steps], [true, "ddim", 0, 1, false, 100]);
  assert.deepEqual([up.options.num_resamples, down.options.num_resamples ?? 1], [2, 1], "corrected on the way up only");
  assert.ok(!down.options.inverse);
  assert.deepEqual(down.inputs.latent, up.results, "what came out goes in");
  assert.deepEqual(down.options.labels, up.options.labels);
  const measured = down.results.reduce((sum, value, i) => sum + Math.abs(value - up.inputs.latent[i]), 0) / down.results.length;
  assert.equal(await error.textContent(), measured.toFixed(4));
  assert.ok(measured > 0 && measured < 0.02);
  const mean = up.results.reduce((sum, value) => sum + value, 0) / up.results.length;
  assert.equal(Number(await lab.locator('[data-value="mean"]').textContent()), Number(mean.toFixed(3)));
  await lab.getByRole("spinbutton", { name: "Steps" }).fill("20");
  await lab.getByRole("spinbutton", { name: "Steps" }).press("Enter");
  await lab.getByRole("radio", { name: "Heun" }).check({ force: true });
  await button("Invert").click();
  await lab.getByRole("row").nth(2).waitFor();
  const rows = await lab.getByRole("row").allTextContents();
  assert.equal(rows.length, 3);
  assert.match(rows[1], /Heun\s*20/, "fewest steps first");
  assert.deepEqual(visit.problems, []);
});

test("interpolation: between the noises of two pictures, between two seeds, and at a depth", { timeout: 60_000 }, async () => {
  const visit = await start();
  const { page, lab, button, asked } = visit;
  await visit.mode("Interpolate");
  await lab.getByRole("radio", { name: "Choose the picture to go: To" }).check({ force: true });
  await visit.pick(6);
  await button("Interpolate").click();
  await lab.locator('.result[data-way="noise"]').waitFor();
  const [up, down] = await asked();
  assert.equal(up.options.inverse, true);
  assert.deepEqual(up.options.labels, [1, 8]);
  assert.deepEqual(down.options.labels, [1, 1, 1, 1, 8, 8, 8, 8, 8]);
  const begun = (i) => down.inputs.latent.slice(i * 784, (i + 1) * 784);
  const length = (v) => Math.hypot(...v);
  assert.deepEqual([begun(0), begun(8)].map((v) => v.map((x) => x.toFixed(4))), [up.results.slice(0, 784), up.results.slice(784)].map((v) => v.map((x) => x.toFixed(4))), "it ends in both noises");
  // Half-way on the great circle: as far from both, and as long as they are.
  const [a, b, middle] = [begun(0), begun(8), begun(4)];
  assert.ok(Math.abs(length(middle) - (length(a) + length(b)) / 2) < 0.02 * length(a), `${length(middle)} beside ${length(a)} and ${length(b)}`);
  const cos = (u, v) => u.reduce((sum, x, i) => sum + x * v[i], 0) / length(u) / length(v);
  assert.ok(Math.abs(cos(middle, a) - cos(middle, b)) < 0.02);

  await lab.getByRole("radio", { name: "Part of the way" }).check({ force: true });
  await lab.locator('.result[data-way="depth"]').waitFor();
  const deep = (await asked()).at(-1);
  assert.equal(deep.options.strength, 0.6);
  assert.ok(!deep.options.inverse);
  const part = (i) => deep.inputs.latent.slice(i * 784, (i + 1) * 784);
  part(4).forEach((value, i) => assert.ok(Math.abs(value - (part(0)[i] + part(8)[i]) / 2) < 1e-4, "half-way they are blended"));
  // Both got the same noise: it cancels in their difference.
  const images = await visit.tool.evaluate(({ store }) => [0, 5].map((n) => Array.from(store.strip.pixels.slice(n * 784, (n + 1) * 784), (v) => v / 127.5 - 1)));
  const ratios = part(0).flatMap((value, i) => (Math.abs(images[0][i] - images[1][i]) > 0.5 ? [(value - part(8)[i]) / (images[0][i] - images[1][i])] : []));
  assert.ok(Math.max(...ratios) - Math.min(...ratios) < 1e-3, "signal times the difference of the pictures");
  await lab.getByRole("slider", { name: "Depth" }).fill("0.3");
  await page.waitForFunction(() => globalThis.asked.at(-1).options.strength === 0.3);

  await lab.getByRole("radio", { name: "Seeds" }).check({ force: true });
  await page.waitForFunction(() => globalThis.asked.at(-1).options.strength === undefined);
  const seeded = (await asked()).at(-1);
  assert.deepEqual(seeded.options.labels, [], "seeds have no class of their own");
  const [first, second] = await visit.tool.evaluate(async ({ store }) => [Array.from(await store.ask("initial_noise", 1, 1)), Array.from(await store.ask("initial_noise", 1, 2))]);
  assert.deepEqual(seeded.inputs.latent.slice(0, 784).map((v) => v.toFixed(4)), first.map((v) => v.toFixed(4)));
  assert.deepEqual(seeded.inputs.latent.slice(8 * 784).map((v) => v.toFixed(4)), second.map((v) => v.toFixed(4)));
  assert.deepEqual(visit.problems, []);
});

test("samples of the grid can be edited, a refusal is shown, and a new run puts everything away", { timeout: 60_000 }, async () => {
  const visit = await start();
  const { page, lab, button, asked } = visit;
  await lab.getByRole("radio", { name: "Samples" }).check({ force: true });
  await visit.pick(3);
  await button("Forget the bottom half").click();
  await button("Fill in").click();
  await page.waitForFunction(() => globalThis.asked.length === 2);
  const shown = await visit.tool.evaluate((tool) => Array.from(tool.samples.pixels.slice(2 * 784, 3 * 784), (v) => v / 127.5 - 1));
  assert.deepEqual((await asked())[0].inputs.known.slice(0, 784).map((v) => v.toFixed(4)), shown.map((v) => v.toFixed(4)));
  await lab.locator(".result").waitFor();
  await visit.tool.evaluate(({ store }) => {
    const draw = store.draw;
    store.draw = (options, inputs) => draw({ ...options, sampler: "euler", num_resamples: 2 }, inputs);
  });
  await button("Fill in").click();
  await lab.getByRole("alert").filter({ hasText: "works with ddpm and ddim, not with euler" }).waitFor();
  await visit.field("preset").getByRole("combobox").selectOption("tiny");
  await visit.until("preset", (v) => v === "tiny");
  await lab.getByText("0 of 196 pixels are forgotten.").waitFor();
  assert.equal(await lab.locator(".result").count(), 0);
  assert.equal(await lab.getByRole("alert").filter({ hasText: "euler" }).count(), 0, "what was refused then is of no concern now");
  assert.deepEqual(visit.problems, []);
});

/** The page with its own engine on the CPU and the shipped weights; without a GPU it takes a while. */
async function startReal() {
  const visit = await openLab(browser, `${server.url}?autoplay=0&backend=cpu#task=digits&v=1&sample.num_samples=10`, "Edit", { element });
  await visit.until("weights", (v) => v === "pretrained");
  await visit.until("samples", (v) => Number(v) >= 1, 300_000);
  return watched(visit);
}

test("the real engine fills in what mouse and keyboard marked, 10 resamples make a lower boundary error than 1, and it inverts within 0.02", { timeout: 400_000 }, async () => {
  const visit = await startReal();
  const { page, lab, board, button, asked } = visit;
  await visit.pick(2);
  await lab.getByRole("slider", { name: "Brush" }).fill("11");
  await board.scrollIntoViewIfNeeded();
  const box = await board.boundingBox();
  await page.mouse.move(box.x + 0.2 * box.width, box.y + 0.6 * box.height);
  await page.mouse.down();
  await page.mouse.move(box.x + 0.8 * box.width, box.y + 0.6 * box.height, { steps: 4 });
  await page.mouse.up();
  await button("Compare 1 and 10").click();
  await lab.locator('.result[data-resamples="1"]').waitFor({ timeout: 200_000 });
  const calls = await asked();
  assert.equal(calls.length, 4);
  const marked = forgotten(calls[0]);
  assert.ok(marked.length > 150 && marked.length < 300 && marked.includes(at(14, 16)) && !marked.includes(at(14, 5)), `${marked.length} pixels`);
  calls.forEach(checkFilled);
  await lab.getByText("Pixels you kept are unchanged.").first().waitFor();
  const error = async (resamples) => Number(await lab.locator(`.result[data-resamples="${resamples}"] .value`).textContent());
  const [once, often] = [await error(1), await error(10)];
  console.log(`boundary error ${once} with each step once, ${often} with each step 10 times`);
  assert.ok(often < once);
  await shoot(page, "lab-edit-real-mouse");

  // The same by keyboard alone, on another picture.
  await visit.pick(6);
  await button("Clear").click();
  await lab.getByRole("slider", { name: "Brush" }).fill("3");
  await board.focus();
  const corner = ["ArrowLeft", "ArrowUp"].flatMap((key) => Array(SIDE).fill(key));
  const middle = ["ArrowRight", "ArrowDown"].flatMap((key) => Array(14).fill(key));
  for (const key of [...corner, ...middle, "]", "]", "Space", ...Array(6).fill("Shift+ArrowUp"), ...Array(3).fill("Shift+ArrowRight")]) await page.keyboard.press(key);
  await button("Fill in").focus();
  await page.keyboard.press("Enter");
  await lab.locator(".result").waitFor({ timeout: 100_000 });
  const keyed = (await asked()).slice(4);
  const typed = forgotten(keyed[0]);
  for (const pixel of [at(14, 14), at(14, 8), at(17, 8)]) assert.ok(typed.includes(pixel));
  for (const pixel of [at(4, 4), at(14, 20), at(22, 8)]) assert.ok(!typed.includes(pixel));
  keyed.forEach(checkFilled);
  await lab.getByText("Pixels you kept are unchanged.").waitFor();
  await shoot(page, "lab-edit-real-keyboard");

  await visit.mode("Invert");
  await button("Invert").click();
  const lost = lab.locator('[data-value="error"]');
  await lost.waitFor({ timeout: 100_000 });
  console.log(`image, noise, image: ${await lost.textContent()}`);
  assert.ok(Number(await lost.textContent()) <= 0.02, await lost.textContent());
  assert.ok(Math.abs(Number(await lab.locator('[data-value="deviation"]').textContent()) - 1) < 0.2, "it looks like noise");
  await shoot(page, "lab-edit-real-invert");
  assert.deepEqual(visit.problems, []);
});

for (const { device, widths, options } of DEVICES) {
  test(`the tab looks right on a ${device}`, { timeout: 180_000 }, async () => {
    const visit = await start(options);
    const { page, lab, button, mode } = visit;
    for (const name of MODES) {
      await mode(name);
      if (name === "Inpaint") {
        await visit.pick(2);
        if (device === "phone") {
          // A finger draws, too.
          await visit.board.tap();
          await lab.getByText("5 of 784 pixels are forgotten.").waitFor();
        }
        await button("Forget the bottom half").click();
        await button("Compare 1 and 10").click();
        await lab.locator('.result[data-resamples="1"]').waitFor();
      } else {
        await button(name).click();
        await visit.facts.waitFor();
      }
      await look(page, `lab-edit-${name.toLowerCase()}`, widths);
      await page.setViewportSize(options.viewport);
    }
    assert.deepEqual(visit.problems, []);
  });
}
