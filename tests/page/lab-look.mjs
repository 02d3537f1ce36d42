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

/** A desk and a phone; every tab is looked at on both. */
export const DEVICES = [
  { device: "desk", widths: [1280], options: { viewport: { width: 1280, height: 900 } } },
  { device: "phone", widths: [390, 320], options: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true } },
];

/** Judges the lab as it stands, light and dark, at all widths of a device, and takes its pictures. */
export async function look(page, name, widths) {
  for (const width of widths) {
    await page.setViewportSize({ width, height: width < 500 ? 844 : 900 });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(150);
      await fits(page);
      if (width === widths[0]) await axe(page);
      await shoot(page, `${name}-${width}-${colorScheme}`);
    }
  }
}

/** A picture of the lab alone. */
export async function shoot(page, name) {
  const clip = await page.locator("unnoise-lab:visible").evaluate((lab) => {
    const { x, y, width, height } = lab.getBoundingClientRect();
    return { x: x + scrollX, y: y + scrollY, width, height };
  });
  await page.screenshot({ path: join(output, `${name}.png`), fullPage: true, clip });
}
