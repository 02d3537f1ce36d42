/** The lab's tab "compare": samplers side by side from the same noise, with the network's calls counted. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { axeSource, browser, open, output, server, suite } from "./harness.mjs";

suite();

const start = async (hash = "", { url = server.urlFake, query = "?autoplay=0", element = "unnoise-playground", ...options } = {}) => {
  const visit = await open(browser, `${url}${query}${hash}`, { element, ...options });
  await visit.until("samples", (v) => Number(v) >= 1);
  await visit.page.locator("unnoise-lab-place").scrollIntoViewIfNeeded();
  await visit.page.locator("unnoise-lab-compare").waitFor();
  return visit;
};
const columns = (page) => page.getByRole("group", { name: /^Sampler \d/ });
const settled = (page) => page.waitForFunction(() => {
  const find = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.localName === "unnoise-lab-compare") return node;
      const inner = node.shadowRoot && find(node.shadowRoot);
      if (inner) return inner;
    }
    return null;
  };
  const tab = find(document);
  return tab && tab.renderRoot.querySelectorAll("[data-busy]").length === 0;
});
const evaluations = (page) => page.locator("unnoise-lab-compare .evaluations").allTextContents();
const first = (page, frame) =>
  page.locator("unnoise-compare-picture").evaluateAll((all, f) => all.map(({ drawn }) => Array.from(drawn.frames.slice(f < 0 ? (drawn.frameCount - 1) * drawn.count * drawn.dim : 0).slice(0, 40), (v) => v.toFixed(4)).join()), frame);

test("columns start from the same noise and count their calls; evaluations can be matched", { timeout: 60_000 }, async () => {
  const visit = await start("#v=1&view.tab=compare");
  const { page } = visit;
  await visit.tool.evaluate((tool) => tool.step(100));
  await page.getByRole("button", { name: "Draw anew" }).click();
  await page.getByText("Drawn by the model at training step 100.").waitFor();
  await settled(page);
  assert.equal(await columns(page).count(), 3);
  assert.deepEqual(await evaluations(page), ["10", "9", "10"], "Heun's method calls twice per step, but for the last");
  const noise = await first(page, 0);
  assert.equal(new Set(noise).size, 1, "the same noise");
  assert.equal(new Set(await first(page, -1)).size, 3, "other ways");
  await columns(page).nth(1).getByRole("spinbutton", { name: "Steps" }).fill("20");
  await columns(page).nth(1).getByRole("spinbutton", { name: "Steps" }).press("Enter");
  await settled(page);
  assert.deepEqual(await evaluations(page), ["10", "39", "10"]);
  await page.getByRole("button", { name: "Match evaluations" }).click();
  await page.getByText("All call the network about 39 times now.").waitFor();
  await settled(page);
  assert.deepEqual(await evaluations(page), ["39", "39", "39"]);
  assert.ok(new URL(page.url()).hash.includes("view.compare=ddim%3A39,heun%3A20,dpmpp%3A39"), page.url());
  await page.getByRole("button", { name: "Add a sampler" }).click();
  assert.equal(await columns(page).count(), 4);
  assert.ok(await page.getByRole("button", { name: "Add a sampler" }).isDisabled());
  await page.getByRole("button", { name: "Remove DDIM" }).click();
  await page.getByRole("button", { name: "Remove Heun" }).click();
  assert.equal(await columns(page).count(), 2);
  assert.ok(await page.getByRole("button", { name: /^Remove/ }).first().isDisabled());
  // A visitor with the link sees the same.
  const second = await start(new URL(page.url()).hash);
  await settled(second.page);
  assert.deepEqual(await evaluations(second.page), ["39", "39"]);
  assert.deepEqual([...visit.problems, ...second.problems], []);
});

test("a refusal stands in its column, and the others are drawn", { timeout: 60_000 }, async () => {
  const visit = await start("#v=1&view.tab=compare&schedule.num_train_timesteps=20&sample.num_inference_steps=10&view.compare=ddim:10,ddpm:30");
  const { page } = visit;
  await columns(page).nth(1).getByRole("alert").filter({ hasText: "Steps is 30, and the schedule has 20 timesteps" }).waitFor();
  await settled(page);
  assert.deepEqual(await evaluations(page), ["10"]);
  await columns(page).nth(1).getByRole("spinbutton", { name: "Steps" }).fill("20");
  await columns(page).nth(1).getByRole("spinbutton", { name: "Steps" }).press("Enter");
  await settled(page);
  assert.deepEqual(await evaluations(page), ["10", "20"]);
  assert.deepEqual(visit.problems, []);
});

test("one slider moves all; the run's age is told, and a new run is drawn anew", { timeout: 60_000 }, async () => {
  const visit = await start("#v=1&view.tab=compare");
  const { page } = visit;
  const tab = page.locator("unnoise-lab-compare");
  await settled(page);
  const slider = tab.getByRole("slider", { name: "From noise to data" });
  await slider.focus();
  await page.keyboard.press("Home");
  assert.deepEqual(await page.locator("unnoise-compare-picture").evaluateAll((all) => all.map(({ position }) => position)), [0, 0, 0]);
  await tab.getByRole("button", { name: "Play" }).click();
  await page.waitForFunction(() => true);
  await tab.getByRole("button", { name: "Stop" }).waitFor();
  await tab.getByRole("button", { name: "Play" }).waitFor();
  assert.equal(await slider.inputValue(), "1000");
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await tab.getByText("It has trained on since, to step 1.").waitFor();
  const before = await first(page, -1);
  await tab.getByRole("button", { name: "Draw anew" }).click();
  await tab.getByText("Drawn by the model at training step 1.").waitFor();
  assert.notDeepEqual(await first(page, -1), before);
  await page.getByRole("button", { name: "Reset" }).click();
  await tab.getByText("Drawn by the model at training step 0.").waitFor();
  assert.deepEqual(visit.problems, []);
});

test("digits are compared, too", { timeout: 60_000 }, async () => {
  const visit = await start("#task=digits&v=1&preset=tiny&view.tab=compare", { element: "unnoise-digits", query: "" });
  await visit.untilStep(100);
  await visit.tool.evaluate((tool) => tool.pause());
  await visit.page.getByRole("button", { name: "Draw anew" }).click();
  await settled(visit.page);
  await visit.page.locator("unnoise-lab").screenshot({ path: join(output, "compare-digits.png") });
  assert.deepEqual(visit.problems, []);
});

for (const [width, scheme] of [[1280, "light"], [1280, "dark"], [390, "light"], [390, "dark"], [320, "light"]]) {
  test(`the comparison looks right at ${width} px, ${scheme}`, { timeout: 60_000 }, async () => {
    const phone = width < 500;
    const visit = await start("#v=1&view.tab=compare&data.dataset=eight_gaussians", { query: "", viewport: { width, height: 900 }, colorScheme: scheme, ...(phone ? { hasTouch: true, isMobile: true, deviceScaleFactor: 2 } : {}) });
    const { page } = visit;
    await visit.untilStep(150);
    await visit.tool.evaluate((tool) => tool.pause());
    await settled(page);
    await page.getByRole("button", { name: "Draw anew" }).click();
    await settled(page);
    await page.waitForTimeout(100);
    await page.locator("unnoise-lab").screenshot({ path: join(output, `compare-${width}-${scheme}.png`) });
    const { scroll, view } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, view: document.documentElement.clientWidth }));
    assert.ok(scroll <= view, `the page is ${scroll} px wide in a ${view} px window`);
    await page.evaluate(axeSource);
    const found = await page.evaluate(async () => (await globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })).violations);
    assert.deepEqual(found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`), []);
    assert.deepEqual(visit.problems, []);
  });
}

// On the real engine.

test("the real engine draws four samplers from the same noise", { timeout: 120_000 }, async () => {
  const visit = await start("#v=1&view.tab=compare&view.compare=ddim:20,heun:10,dpmpp:20,ddpm:20", { url: server.url, query: "?backend=cpu" });
  const { page } = visit;
  await visit.untilStep(300);
  await visit.tool.evaluate((tool) => tool.pause());
  await page.getByRole("button", { name: "Draw anew" }).click();
  await page.getByText(/Drawn by the model at training step [\d,]+\. *$/).waitFor();
  await settled(page);
  assert.deepEqual(await evaluations(page), ["20", "19", "20", "20"]);
  const noise = await first(page, 0);
  // Heun starts from σ times noise under every spacing but leading, a hair less than 1.
  const numbers = noise.map((text) => text.split(",").map(Number));
  for (const other of numbers) other.forEach((v, i) => assert.ok(Math.abs(v - numbers[0][i]) < 1e-3));
  assert.equal(new Set(await first(page, -1)).size, 4);
  const distances = await page.locator("unnoise-lab-compare dl dd:last-child").allTextContents();
  assert.ok(distances.every((text) => Number(text) > 0 && Number(text) < 1), `${distances}`);
  assert.deepEqual(visit.problems, []);
});
