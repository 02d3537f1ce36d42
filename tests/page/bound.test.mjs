/** The tab with the variational bound and the likelihood, with a made-up engine. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, server, suite } from "./harness.mjs";
import { DEVICES, look, openLab, shoot } from "./lab-look.mjs";

suite();

const start = (address = "?autoplay=0#v=1&data.dataset=blobs", options = {}) => openLab(browser, `${server.urlFake}${address}`, "Bits per dimension", options);
const part = (lab, name) => lab.locator(`section[data-part="${name}"]`);
/** The numbers of a part, by name. */
const numbers = (section) =>
  section.locator("dl > div").evaluateAll((rows) => Object.fromEntries(rows.map((row) => [row.querySelector("dt").textContent, Number(row.querySelector("dd").firstChild.nextSibling.textContent.replace("−", "-"))])));

test("the bound's parts add up to its total, and its terms are a curve and a table", { timeout: 60_000 }, async () => {
  const visit = await start();
  const { lab } = visit;
  const section = part(lab, "bound");
  await section.getByRole("button", { name: "Measure" }).click();
  await section.getByText("Over 512 samples; model at step 0.").waitFor();
  const { Total, Prior, Terms, Decoder } = await numbers(section);
  assert.ok(Math.abs(Total - Prior - Terms - Decoder) < 0.003, `${Prior} + ${Terms} + ${Decoder} is not ${Total}`);
  assert.ok(Decoder < 0 && Terms > 0);
  assert.match(await section.locator(".total dd").first().textContent(), /± [\d.]+$/, "four batches have a standard error");
  await section.getByText("As a table").click();
  assert.equal(await section.getByRole("row").count(), 51);
  const cells = await section.locator("tbody td").evaluateAll((all) => all.map((cell) => Number(cell.textContent)));
  assert.ok(Math.abs(cells.reduce((a, b) => a + b, 0) / Terms - 1) < 0.1, "the table's bits add up to the terms");
  await section.getByText(/^Half of the terms’ cost lies below t\s=\s\d+, in [\d.]+\s% of the timesteps\.$/).waitFor();
  // Small timesteps get room on logarithmic axes.
  const place = () => section.locator("svg circle").nth(5).getAttribute("cx").then(Number);
  const wide = await place();
  await section.getByRole("checkbox", { name: "Logarithmic axes" }).uncheck();
  await lab.page().waitForTimeout(100);
  assert.ok((await place()) < wide - 50);
  assert.deepEqual(visit.problems, []);
});

test("the likelihood has a standard error, and beside it the exact value and the gap", { timeout: 60_000 }, async () => {
  const visit = await start();
  const { lab } = visit;
  const section = part(lab, "likelihood");
  await section.getByRole("button", { name: "Measure" }).click();
  await section.getByText("Over 256 samples; model at step 0.").waitFor();
  const found = await numbers(section);
  assert.equal(found["Data themselves"], 0.742);
  assert.ok(Math.abs(found.Model - found["Data themselves"] - found.Gap) < 0.0015);
  // 0.9/√32 in each of eight batches is about 0.9/√256 over all.
  const error = Number((await section.locator(".total dd").first().textContent()).split("±")[1]);
  assert.ok(error > 0.05 && error < 0.07, `standard error ${error}`);
  const moons = await start("?autoplay=0");
  await part(moons.lab, "likelihood").getByRole("button", { name: "Measure" }).click();
  await moons.lab.getByText("the true density is not known").waitFor();
  assert.deepEqual([...visit.problems, ...moons.problems], []);
});

test("it shows how far it is, can be cancelled, and keeps what it has", { timeout: 60_000 }, async () => {
  const visit = await start("#v=1&data.dataset=blobs");
  const { lab, page } = visit;
  const section = part(lab, "likelihood");
  await section.getByLabel("Samples").fill("6400");
  await section.getByLabel("Samples").press("Enter");
  await section.getByText(/^(32|64|96|128) of 6,400 samples$/).waitFor();
  assert.ok((await section.getByRole("progressbar").evaluate((bar) => bar.position)) < 0.5);
  await section.getByRole("button", { name: "Cancel" }).click();
  await section.getByText(/^Cancelled; over \d+ of 6,400 samples; (model at step|training went on)/).waitFor();
  const found = await numbers(section);
  await page.waitForTimeout(600);
  assert.deepEqual(await numbers(section), found, "nothing goes on in secret");
  // A replaced run leaves no numbers behind.
  await visit.tool.evaluate((tool) => tool.reset());
  await section.locator("dl").waitFor({ state: "detached" });
  assert.deepEqual(visit.problems, []);
});

test("what the engine refuses stands beside its field", { timeout: 60_000 }, async () => {
  const visit = await start();
  const { lab } = visit;
  for (const [name, label, given, message] of [
    ["bound", "Terms", "5000", "5000 terms: choose a number from 1 to 999"],
    ["bound", "Samples", "0", "0 samples tell nothing"],
    ["likelihood", "Steps", "0", "0 steps: choose a number from 1 to 10,000"],
  ]) {
    const section = part(lab, name);
    const field = section.getByRole("spinbutton", { name: label });
    const usual = await field.inputValue();
    await field.fill(given);
    await section.getByRole("button", { name: "Measure" }).click();
    await section.getByRole("alert").filter({ hasText: message }).waitFor();
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    await field.fill(usual);
    await section.getByRole("button", { name: "Measure" }).click();
    await section.getByRole("alert").waitFor({ state: "detached" });
    assert.equal(await field.getAttribute("aria-invalid"), "false");
    await section.locator("dl").waitFor();
  }
  assert.deepEqual(visit.problems, []);
});

test("images have a bound and no likelihood", { timeout: 60_000 }, async () => {
  const visit = await start("?autoplay=0#task=digits&v=1&preset=tiny", { element: "unnoise-digits" });
  const { lab } = visit;
  assert.equal(await lab.locator("form").count(), 1);
  await lab.getByText("one of 256 values").waitFor({ state: "detached" });
  await visit.button("Measure").click();
  await lab.getByText("one of 256 values").waitFor();
  assert.deepEqual(visit.problems, []);
});

for (const { device, widths, options } of DEVICES) {
  test(`the bound looks right on a ${device}`, { timeout: 60_000 }, async () => {
    const visit = await start(undefined, options);
    for (const name of ["bound", "likelihood"]) {
      await part(visit.lab, name).getByRole("button", { name: "Measure" }).click();
      await part(visit.lab, name).getByText(/^Over/).waitFor();
    }
    await look(visit.page, "bound", widths);
    assert.deepEqual(visit.problems, []);
  });
}

test("real engine: bits fall with training and stay above the data's own", { timeout: 180_000 }, async () => {
  const visit = await openLab(browser, `${server.url}?autoplay=0&backend=cpu#v=1&data.dataset=eight_gaussians&training.batch_size=128`, "Bits per dimension");
  visit.page.setDefaultTimeout(60_000);
  const { lab } = visit;
  const measure = async (name, count, step) => {
    const section = part(lab, name);
    await section.getByLabel("Samples").fill(String(count));
    await section.getByRole("spinbutton", { name: /Terms|Steps/ }).fill("20");
    await section.getByRole("button", { name: "Measure" }).click();
    await section.getByText(`Over ${count} samples; model at step ${step}.`).waitFor();
    return numbers(section);
  };
  const raw = await measure("likelihood", 64, 0);
  const rawBound = await measure("bound", 256, "0");
  await visit.tool.evaluate((tool) => tool.step(1200));
  await visit.untilStep(1200);
  const learned = await measure("likelihood", 64, "1,200");
  const bound = await measure("bound", 256, "1,200");
  assert.ok(learned.Model < raw.Model && learned.Gap > -0.1, `${JSON.stringify(raw)}, then ${JSON.stringify(learned)}`);
  assert.ok(bound.Total < rawBound.Total && Math.abs(bound.Total - bound.Prior - bound.Terms - bound.Decoder) < 0.003, JSON.stringify(bound));
  await shoot(visit.page, "bound-real");
  assert.deepEqual(visit.problems, []);
});
