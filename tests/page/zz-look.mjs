import { launch, open, serve } from "./harness.mjs";
const [,, hash, width, theme, out, ...tabs] = process.argv;
const server = await serve(); const browser = await launch();
const digits = hash.includes("task=digits");
const visit = await open(browser, `${server.url}?backend=cpu&theme=${theme}${hash}`, { element: digits ? "unnoise-digits" : "unnoise-playground", viewport: { width: Number(width), height: 900 } });
await visit.until("state", (v) => v === "training" || v === "paused");
if (!digits) await visit.untilStep(300);
await visit.page.locator("unnoise-lab-place:visible").scrollIntoViewIfNeeded();
for (const tab of tabs) {
  await visit.page.getByRole("tab", { name: tab, exact: true }).click();
  await visit.page.waitForTimeout(3500);
  await visit.page.locator("unnoise-lab:visible").screenshot({ path: `/tmp/h4/${out}-${tab.replace(/\W/g, "")}.png` });
}
console.log(await visit.page.getByRole("tab").allInnerTexts(), visit.problems);
await browser.close(); server.close();
