/** For tests of the lab: opens a tab of it, judges it with axe, and takes its picture at the sizes and in the colours that matter. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { axeSource, open, output } from "./harness.mjs";

/** Opens the page's lab at a tab. `title` is the tab's name on the screen. */
export async function openLab(browser, url, title, options = {}) {
  const visit = await open(browser, url, options);
  visit.page.setDefaultTimeout(20_000);
  await visit.until("state", (v) => v === "training" || v === "paused");
  await visit.page.locator("unnoise-lab-place:visible").scrollIntoViewIfNeeded();
  await visit.page.getByRole("tab", { name: title, exact: true }).click();
  return { ...visit, lab: visit.page.getByRole("tabpanel"), button: (name) => visit.page.getByRole("tabpanel").getByRole("button", { name, exact: true }) };
}

/** Nothing in the lab that axe complains about. */
export async function axe(page) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => (await globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })).violations);
  assert.deepEqual(found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`), []);
}

/** No part of the page is wider than its window. */
export async function fits(page) {
  const { scroll, view } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, view: document.documentElement.clientWidth }));
  assert.ok(scroll <= view, `the page is ${scroll} px wide in a ${view} px window`);
}

/** Sizes and colours in which every tab is looked at. */
export const LOOKS = [
  [320, "light"],
  [390, "light"],
  [390, "dark"],
  [1280, "light"],
  [1280, "dark"],
];

export const lookOptions = (width, colorScheme) => ({
  viewport: { width, height: width < 500 ? 844 : 900 },
  colorScheme,
  deviceScaleFactor: width < 500 ? 2 : 1,
  ...(width < 500 ? { hasTouch: true, isMobile: true } : {}),
});

/** A picture of the lab alone. */
export async function shoot(page, name) {
  await page.locator("unnoise-lab:visible").screenshot({ path: join(output, `${name}.png`), timeout: 40_000 });
}
