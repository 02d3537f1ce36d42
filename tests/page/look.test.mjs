/** How the page is used and looks: by keyboard alone, with assistive technology, on small and large screens, light and dark. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { axeSource, browser, open, output, server, suite } from "./harness.mjs";

suite();

/** The element that has the focus, looked up through shadow roots. */
const focused = (page) =>
  page.evaluate(() => {
    let node = document.activeElement;
    while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
    return { tag: node?.tagName.toLowerCase(), label: node?.getAttribute("aria-label") ?? node?.textContent?.trim() ?? "", id: node?.id ?? "" };
  });

test("everything is reachable and usable by keyboard", { timeout: 120_000 }, async () => {
  const visit = await open(browser, server.url);
  const { page, until, untilStep } = visit;
  await untilStep(20);
  // The tool has the focus from the start, so its keys work at once.
  await page.keyboard.press("k");
  await until("state", (v) => v === "paused");
  const step = await visit.step();
  await page.keyboard.press(".");
  await untilStep(step + 1);
  assert.equal(await visit.step(), step + 1);
  await page.keyboard.press("Shift+>");
  await untilStep(step + 101);
  assert.equal(await visit.step(), step + 101);
  await page.keyboard.press("Space");
  await until("state", (v) => v === "training");
  await until("samples", (v) => Number(v) >= 1);
  await page.keyboard.press("ArrowLeft");
  assert.equal(await visit.data("live"), "false");
  const samples = Number(await visit.data("samples"));
  await page.keyboard.press("s");
  await page.waitForFunction((n) => Number(document.querySelector("unnoise-playground").dataset.samples) > n, samples);
  await page.keyboard.press("k");
  await until("state", (v) => v === "paused");
  const drawn = Number(await visit.data("samples"));
  await page.keyboard.press("r");
  await until("step", (v) => v === "0");
  // The new model is sampled once; until then time has nothing to move through.
  await page.waitForFunction((n) => Number(document.querySelector("unnoise-playground").dataset.samples) > n, drawn);
  await page.keyboard.press("Shift+?");
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor({ state: "hidden" });

  // Tab visits the parts in the order they are read.
  await page.evaluate(() => document.activeElement.blur());
  const order = [];
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press("Tab");
    const { tag, label, id } = await focused(page);
    order.push(id || label || tag);
  }
  const place = (name) => order.findIndex((entry) => entry === name || entry.startsWith(`${name} `) || entry.startsWith(`${name},`));
  for (const name of ["Skip", "Time", "reset", "play", "step", "save", "load"]) assert.ok(place(name) >= 0, `${name} is in the tab order: ${order.join(" | ")}`);
  assert.ok(place("reset") < place("play") && place("play") < place("step"));

  // While someone types, the keys are letters.
  const seed = visit.field("seed").getByRole("spinbutton");
  await seed.focus();
  await page.keyboard.press(".");
  await page.keyboard.press("r");
  await page.waitForTimeout(200);
  assert.equal(await visit.data("state"), "paused");
  assert.equal(await visit.step(), 0);
  assert.deepEqual(visit.problems, []);
});

for (const scheme of ["light", "dark"]) {
  test(`axe finds nothing to complain about (${scheme})`, { timeout: 120_000 }, async () => {
    const visit = await open(browser, `${server.url}#v=1&foo=1`, { colorScheme: scheme });
    await visit.until("samples", (v) => Number(v) >= 1);
    await visit.page.evaluate(axeSource);
    // Open every group, so that hidden controls are judged too.
    await visit.page.evaluate(() => {
      const open = (root) => {
        for (const element of root.querySelectorAll("*")) {
          if (element.localName === "details") element.open = true;
          if (element.shadowRoot) open(element.shadowRoot);
        }
      };
      open(document);
    });
    const found = await visit.page.evaluate(async () => (await globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })).violations);
    const short = found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`);
    assert.deepEqual(short, []);
  });
}

for (const width of [320, 390, 768, 1280, 1600]) {
  for (const scheme of width === 390 || width === 1280 ? ["light", "dark"] : ["light"]) {
    test(`looks right at ${width} px, ${scheme}`, { timeout: 120_000 }, async () => {
      const phone = width < 500;
      const visit = await open(browser, server.url, {
        viewport: { width, height: phone ? 844 : 900 },
        colorScheme: scheme,
        deviceScaleFactor: phone ? 2 : 1,
        ...(phone ? { hasTouch: true, isMobile: true } : {}),
      });
      await visit.untilStep(300);
      await visit.until("samples", (v) => Number(v) >= 2);
      // Still pictures: a training page on a slow machine would keep the camera waiting.
      await visit.tool.evaluate((element) => element.pause());
      await visit.until("state", (v) => v === "paused");
      await visit.page.waitForFunction(() => !document.querySelector("unnoise-playground").store.playback.animating);
      const { scroll, view } = await visit.page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, view: document.documentElement.clientWidth }));
      assert.ok(scroll <= view, `the page is ${scroll} px wide in a ${view} px window`);
      await visit.page.screenshot({ path: join(output, `page-${width}-${scheme}.png`) });
      await visit.page.screenshot({ path: join(output, `page-${width}-${scheme}-full.png`), fullPage: true });
      assert.deepEqual(visit.problems, []);
    });
  }
}

test("a plate without height does not stop the page", { timeout: 60_000 }, async () => {
  const visit = await open(browser, server.urlFake);
  await visit.untilStep(5);
  await visit.tool.evaluate((tool) => (tool.renderRoot.querySelector("unnoise-stage").style.height = "0"));
  const step = await visit.step();
  await visit.page.waitForTimeout(300);
  await visit.untilStep(step + 5, 10_000);
  assert.deepEqual(visit.problems, []);
});

test("reduced motion shows results without playing them", { timeout: 120_000 }, async () => {
  const visit = await open(browser, server.url, { reducedMotion: "reduce" });
  await visit.until("samples", (v) => Number(v) >= 2);
  const moving = await visit.tool.evaluate((element) => element.store.playback.animating || element.store.playback.position !== 1);
  assert.equal(moving, false);
});

test("an embedded tool has no header and leaves the focus alone", { timeout: 120_000 }, async () => {
  const visit = await open(browser, `${server.url}?embed=1&hide=files,loss&theme=dark&autoplay=0`);
  await visit.until("state", (v) => v === "paused");
  assert.equal(await visit.page.locator("unnoise-header").count(), 0);
  assert.equal(await visit.page.locator("unnoise-essay").count(), 0);
  assert.equal(await visit.page.locator("unnoise-files").count(), 0);
  assert.equal(await visit.page.locator("unnoise-loss-curve").count(), 0);
  assert.equal(await visit.tool.getAttribute("theme"), "dark");
  assert.equal((await focused(visit.page)).tag, "body");
});
