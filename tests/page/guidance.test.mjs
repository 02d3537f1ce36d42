/** The lab's tab "guidance": scales side by side, the interval, and a classifier trained aside. A made-up engine tells what reached it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, server, suite } from "./harness.mjs";
import { DEVICES, look, openLab } from "./lab-look.mjs";

suite({ gpu: false });

/** Opens the tab; the options of all that is drawn are kept in `globalThis.asked`. */
async function start(task, { hash = "", ...options } = {}) {
  const element = task === "digits" ? "unnoise-digits" : "unnoise-playground";
  const visit = await openLab(browser, `${server.urlFake}?autoplay=0#task=${task}${hash}`, "Guidance", { element, ...options });
  await visit.until("samples", (v) => Number(v) >= 1);
  await visit.tool.evaluate(({ store }) => {
    globalThis.asked = [];
    globalThis.trained = [];
    const { draw, ask } = store;
    store.draw = async (given, inputs) => {
      const drawn = await draw.call(store, given, inputs);
      globalThis.asked.push({ ...given, drawn: Array.from(drawn.frames.slice(-drawn.count * drawn.dim)) });
      return drawn;
    };
    store.ask = (method, ...args) => {
      if (method === "train_classifier") globalThis.trained.push(args[0]);
      return ask.call(store, method, ...args);
    };
  });
  const way = (name) => visit.lab.getByRole("radio", { name, exact: true }).check({ force: true });
  const share = async (kind, scale) => Number(await visit.lab.locator(`[data-kind="${kind}"][data-scale="${scale}"] [data-accuracy]`).getAttribute("data-accuracy"));
  return { ...visit, way, share, asked: () => visit.page.evaluate(() => globalThis.asked) };
}

/** Points whose model is told the class. */
const TOLD = { hash: "&v=1&model.class_conditioning=true" };

test("the same noise at each scale of the list; a wrong list is refused beside the field", { timeout: 60_000 }, async () => {
  const visit = await start("digits");
  const { lab, button, asked, page } = visit;
  const scales = lab.getByRole("textbox", { name: "Scales" });
  assert.equal(await scales.inputValue(), "1, 2, 3, 5");
  await button("Draw at each scale").click();
  await lab.locator('[data-scale="5"]').waitFor();
  let calls = await asked();
  assert.deepEqual(calls.map(({ guidance_scale }) => guidance_scale), [1, 2, 3, 5]);
  assert.equal(new Set(calls.map(({ seed }) => seed)).size, 1);
  assert.deepEqual(calls[0].labels, [...Array(20).keys()].map((i) => i % 10), "two of each class, the classes in columns");
  assert.equal(await lab.locator("[data-accuracy]").count(), 0, "without a classifier nobody can tell");
  for (const wrong of ["", "1, two", "1, 2, 3, 4, 5, 6, 7", "-1", "21"]) {
    await scales.fill(wrong);
    await scales.press("Enter");
    await lab.getByRole("alert").filter({ hasText: "Write one to six numbers" }).waitFor();
    assert.equal(await button("Draw at each scale").isDisabled(), true, wrong);
  }
  await scales.fill("0 1.5;7");
  await scales.press("Enter");
  await button("Draw at each scale").click();
  await lab.locator('[data-scale="7"]').waitFor();
  calls = await asked();
  assert.deepEqual(calls.slice(4).map(({ guidance_scale }) => guidance_scale), [0, 1.5, 7]);
  await lab.getByText("class ignored").waitFor();
  // Only the classes that the page draws.
  await page.getByRole("button", { name: "3", exact: true }).click();
  await button("Draw at each scale").click();
  await page.waitForFunction(() => globalThis.asked.length === 10);
  assert.equal((await asked()).at(-1).labels.includes(3), false);
  assert.deepEqual(visit.problems, []);
});

test("the interval has two handles that keys and pointer move, and that never cross", { timeout: 60_000 }, async () => {
  const visit = await start("digits");
  const { page, lab, button, asked } = visit;
  const [from, to] = [lab.getByRole("slider", { name: "Guidance acts from" }), lab.getByRole("slider", { name: "Guidance acts up to" })];
  await lab.getByText("everywhere").waitFor();
  await page.waitForFunction(() => !document.querySelector("unnoise-digits").store.playback.animating);
  const position = await visit.tool.evaluate(({ store }) => store.playback.position);
  await from.focus();
  for (const key of ["ArrowRight", "ArrowUp", "ArrowRight", "ArrowLeft", "PageUp"]) await page.keyboard.press(key);
  assert.equal(await from.getAttribute("aria-valuenow"), "0.3");
  assert.equal(await from.getAttribute("aria-valuetext"), "30%");
  await to.focus();
  await page.keyboard.press("PageDown");
  assert.equal(await to.getAttribute("aria-valuenow"), "0.8");
  await lab.getByText("t from 0.3 to 0.8 of T").waitFor();
  await page.keyboard.press("Home");
  assert.equal(await to.getAttribute("aria-valuenow"), "0.3", "not below the other handle");
  assert.equal(await visit.tool.evaluate(({ store }) => store.playback.position), position, "the time bar did not move");
  // By pointer: the nearer handle follows.
  const track = await lab.locator("unnoise-interval .track").boundingBox();
  const place = (share) => [track.x + share * track.width, track.y + track.height / 2];
  await page.mouse.move(...place(0.85));
  await page.mouse.down();
  await page.mouse.move(...place(0.6), { steps: 3 });
  await page.mouse.up();
  assert.equal(await to.getAttribute("aria-valuenow"), "0.6");
  await button("Draw at each scale").click();
  await lab.locator('[data-scale="5"]').waitFor();
  assert.deepEqual((await asked()).map(({ guidance_from, guidance_to }) => [guidance_from, guidance_to]), Array(4).fill([0.3, 0.6]));
  assert.deepEqual(visit.problems, []);
});

test("points: the share in the region of their class is counted by the nearest data point", { timeout: 60_000 }, async () => {
  const visit = await start("points", TOLD);
  const { lab, button, share, asked } = visit;
  await button("Draw at each scale").click();
  await lab.locator('[data-scale="5"]').waitFor();
  const calls = await asked();
  assert.deepEqual(calls[0].labels.slice(0, 4), [0, 1, 0, 1]);
  const { points, labels } = await visit.tool.evaluate(({ store }) => ({ points: Array.from(store.data.points), labels: Array.from(store.data.labels) }));
  const nearest = (x, y) => {
    let [best, least] = [0, Infinity];
    labels.forEach((label, i) => {
      const distance = Math.hypot(points[2 * i] - x, points[2 * i + 1] - y);
      if (distance < least) [best, least] = [label, distance];
    });
    return best;
  };
  for (const { guidance_scale, labels: wanted, drawn } of calls) {
    const right = wanted.filter((label, i) => nearest(drawn[2 * i], drawn[2 * i + 1]) === label).length / wanted.length;
    assert.equal(await share("scale", guidance_scale), right);
  }
  assert.ok((await share("scale", 5)) > (await share("scale", 1)));
  assert.ok((await share("scale", 1)) < 0.97, "some land elsewhere");
  assert.deepEqual(visit.problems, []);
});

test("a set without classes, and a model that is not told them, say so and offer what helps", { timeout: 60_000 }, async () => {
  const visit = await start("points");
  const { lab, button } = visit;
  await lab.getByText("This model is not told the class").waitFor();
  await button("Tell it the class (restarts training)").click();
  await button("Draw at each scale").waitFor();
  assert.equal(await visit.tool.evaluate(({ store }) => store.config.model.class_conditioning), true);
  assert.deepEqual(visit.problems, []);
  const other = await start("points", { hash: "&v=1&data.dataset=heart" });
  await other.lab.getByText("This set has no classes").waitFor();
  assert.deepEqual(other.problems, []);
});

for (const task of ["digits", "points"]) {
  test(`a classifier is trained in small parts, stopped, and guides (${task})`, { timeout: 60_000 }, async () => {
    const visit = await start(task, task === "points" ? TOLD : {});
    const { page, lab, button, asked, share } = visit;
    await button("Draw at each scale").click();
    await lab.locator('[data-scale="5"]').waitFor();
    await visit.way("With a classifier");
    assert.equal(await button("Draw").isDisabled(), true);
    await lab.getByRole("spinbutton", { name: "Steps to train" }).fill("5000");
    await button("Train a classifier on noised samples").click();
    await page.waitForFunction(() => globalThis.trained.length >= 3);
    await button("Stop").click();
    await button("Train it further").waitFor();
    await lab.getByText("Stops after these steps").waitFor({ state: "hidden" });
    const trained = await page.evaluate(() => globalThis.trained);
    assert.ok(trained.length < 30 && trained.every((steps) => steps === 20), `${trained}`);
    const said = await lab.locator('[data-value="step"]').textContent();
    assert.equal(Number(said.replace(",", "")), 20 * trained.length);
    // Training and drawing share the engine, but not their buttons.
    await lab.getByRole("slider", { name: "Classifier scale" }).fill("4");
    await button("Draw").click();
    await lab.locator('[data-kind="free"]').waitFor();
    const [plain, classified, free] = (await asked()).slice(4);
    assert.deepEqual([plain, classified, free].map(({ guidance_scale, classifier_scale }) => [guidance_scale, classifier_scale]), [[0, 0], [0, 4], [3, 0]]);
    assert.deepEqual(plain.labels, classified.labels);
    assert.ok((await share("classifier", 4)) > (await share("plain", 0)), "the classifier pulls towards the class");
    // What was drawn before there was a classifier is judged, too.
    await visit.way("Classifier-free");
    assert.ok((await share("scale", 5)) >= (await share("scale", 1)));
    await visit.way("With a classifier");
    await button("Forget it").click();
    await button("Train a classifier on noised samples").waitFor();
    assert.equal(await button("Draw").isDisabled(), true);
    assert.equal(await visit.tool.evaluate(({ store }) => store.ask("classifier")), null);
    assert.deepEqual(visit.problems, []);
  });
}

test("a refusal is shown, a draw can be cancelled, and a new run forgets all", { timeout: 60_000 }, async () => {
  const visit = await start("digits");
  const { lab, button, page } = visit;
  await visit.tool.evaluate(({ store }) => {
    const { draw } = store;
    store.draw = (options, inputs) => draw({ ...options, num_inference_steps: options.guidance_scale === 2 ? 5000 : options.num_inference_steps, classifier_scale: options.guidance_scale === 2 ? 1 : 0 }, inputs);
  });
  await button("Draw at each scale").click();
  await lab.getByRole("alert").filter({ hasText: "there is no classifier yet" }).waitFor();
  assert.equal(await lab.locator(".result").count(), 1, "what was drawn before stays");
  await visit.tool.evaluate(({ store }) => {
    delete store.draw;
    const { draw } = store;
    globalThis.drawn = 0;
    store.draw = async (options, inputs) => {
      await new Promise((done) => setTimeout(done, 500));
      globalThis.drawn += 1;
      return draw.call(store, options, inputs);
    };
  });
  await button("Draw at each scale").click();
  await lab.getByText(/^Drawing: row 2 of 4/).waitFor();
  await button("Cancel").click();
  await lab.getByText("Stops after what is being drawn").waitFor();
  await lab.getByText("Stops after what is being drawn").waitFor({ state: "hidden" });
  assert.equal(await lab.locator(".result").count(), 1);
  assert.equal(await page.evaluate(() => globalThis.drawn), 2, "what was under way came to its end, and nothing after it");
  await visit.field("preset").getByRole("combobox").selectOption("tiny");
  await lab.getByText("Results appear here").waitFor();
  await page.waitForTimeout(10);
  assert.deepEqual(visit.problems, []);
});

for (const { device, widths, options } of DEVICES) {
  for (const task of ["points", "digits"]) {
    test(`the tab looks right on a ${device} (${task})`, { timeout: 120_000 }, async () => {
      const visit = await start(task, { ...options, ...(task === "points" ? TOLD : {}) });
      const { page, lab, button } = visit;
      await button("Draw at each scale").click();
      await lab.locator('[data-scale="5"]').waitFor();
      await look(page, `lab-guidance-free-${task}`, widths);
      await page.setViewportSize(options.viewport);
      await visit.way("With a classifier");
      await button("Train a classifier on noised samples").click();
      await button("Train it further").waitFor();
      await button("Draw").click();
      await lab.locator('[data-kind="free"]').waitFor();
      await look(page, `lab-guidance-classifier-${task}`, widths);
      assert.deepEqual(visit.problems, []);
    });
  }
}
