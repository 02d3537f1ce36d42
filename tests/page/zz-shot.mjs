import { launch, serve, closePages } from "/tmp/wt-p3/tests/page/harness.mjs";
import { openLab, lookOptions, shoot } from "/tmp/wt-p3/tests/page/lab-look.mjs";
const server = await serve(); const browser = await launch({gpu:false});
const [width, scheme, ...modes] = process.argv.slice(2);
const v = await openLab(browser, `${server.urlFake}?autoplay=0#task=digits`, "Edit", { element: "unnoise-digits", ...lookOptions(Number(width), scheme) });
const { page, button, lab } = v;
await lab.locator("unnoise-edit-source label").nth(5).waitFor();
for (const mode of modes) {
  await lab.getByRole("radio", { name: mode, exact: true }).check({ force: true });
  if (mode === "Inpaint") { await button("Forget the right half").click(); await button("Compare 1 and 10").click(); await lab.locator(".result").nth(1).waitFor(); }
  else { await button(mode).click(); await lab.locator(".results .facts").first().waitFor({timeout: 15000}); }
  await page.waitForTimeout(400);
  await shoot(page, `edit-${mode}-${width}-${scheme}`);
}
console.log(v.problems);
await closePages(); await browser.close(); server.close();
