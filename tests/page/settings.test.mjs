/** The settings of schedules, objectives and samplers: which are shown, what the address keeps, and where refusals stand. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { axeSource, browser, open, output, server, suite } from "./harness.mjs";

suite();

const start = async (hash = "", options = {}) => {
  const visit = await open(browser, `${server.urlFake}?autoplay=0${hash}`, options);
  await visit.until("samples", (v) => Number(v) >= 1);
  return visit;
};
const options = (page, tag = "unnoise-playground") => page.evaluate((name) => document.querySelector(name).store.sampleOptions, tag);
const config = (page, tag = "unnoise-playground") => page.evaluate((name) => document.querySelector(name).store.config, tag);
const openMore = (page) => page.evaluate(() => {
  const each = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.localName === "details") element.open = true;
      if (element.shadowRoot) each(element.shadowRoot);
    }
  };
  each(document);
});

test("only what the chosen sampler knows is shown and sent", { timeout: 60_000 }, async () => {
  const visit = await start();
  const { page, field } = visit;
  await openMore(page);
  await field("sample.eta").waitFor();
  assert.equal(await field("sample.solver_order").count(), 0);
  assert.equal(await field("sample.use_karras_sigmas").count(), 0);
  await field("sample.set_alpha_to_one").getByRole("checkbox").uncheck();
  await page.waitForFunction(() => location.hash.includes("set_alpha_to_one=false"));
  assert.equal((await options(page)).set_alpha_to_one, false);
  await field("sample.sampler").getByRole("combobox").selectOption("dpmpp");
  await field("sample.solver_order").waitFor();
  await field("sample.eta").waitFor({ state: "detached" });
  const sent = await options(page);
  assert.deepEqual([sent.sampler, sent.solver_order, sent.set_alpha_to_one], ["dpmpp", 2, true], "what the sampler does not know goes as the engine has it");
  await field("sample.use_karras_sigmas").getByRole("checkbox").check();
  await page.waitForFunction(() => location.hash.includes("use_karras_sigmas=true"));
  await field("sample.timesteps").getByRole("textbox").fill("900 600; 300,0");
  await field("sample.timesteps").getByRole("textbox").press("Enter");
  await page.waitForFunction(() => location.hash.includes("sample.timesteps=900,600,300,0"));
  assert.deepEqual((await options(page)).timesteps, [900, 600, 300, 0]);
  await field("sample.timestep_spacing").waitFor({ state: "detached" });
  await field("sample.timesteps").getByRole("textbox").fill("900, soon");
  await field("sample.timesteps").getByRole("textbox").press("Enter");
  await field("sample.timesteps").getByText("Write numbers with commas").waitFor();

  // A visitor with the link sees the same.
  const second = await open(browser, page.url());
  await second.until("samples", (v) => Number(v) >= 1);
  const again = await options(second.page);
  assert.deepEqual([again.sampler, again.use_karras_sigmas, again.timesteps], ["dpmpp", true, [900, 600, 300, 0]]);
  assert.deepEqual([...visit.problems, ...second.problems], []);
});

test("a refusal stands beside the setting it names, and goes when the way is free", { timeout: 60_000 }, async () => {
  const visit = await start("#v=1&schedule.prediction_type=v_prediction&schedule.rescale_betas_zero_snr=true");
  const { page, field } = visit;
  assert.equal((await config(page)).schedule.rescale_betas_zero_snr, true);
  await field("schedule.prediction_type").getByRole("combobox").selectOption("epsilon");
  const fault = field("schedule.rescale_betas_zero_snr").getByRole("alert");
  await fault.filter({ hasText: "no signal is left to find the noise from" }).waitFor();
  assert.equal(await field("schedule.prediction_type").getByRole("combobox").inputValue(), "v_prediction", "what was refused is taken back");
  await field("schedule.rescale_betas_zero_snr").getByRole("checkbox").uncheck();
  await fault.waitFor({ state: "hidden" });
  await field("schedule.prediction_type").getByRole("combobox").selectOption("epsilon");
  await page.waitForFunction(() => location.hash === "");
  assert.deepEqual(visit.problems, []);
});

test("flow matching brings a sampler that knows it, and no schedule of β", { timeout: 60_000 }, async () => {
  const visit = await start("#v=1&sample.sampler=ddpm");
  const { page, field } = visit;
  await field("schedule.prediction_type").getByRole("combobox").selectOption("flow_prediction");
  await page.waitForFunction(() => location.hash.includes("sample.sampler=euler"));
  await field("schedule.beta_schedule").waitFor({ state: "detached" });
  await openMore(page);
  await field("schedule.shift").waitFor();
  const samples = Number(await visit.data("samples"));
  await page.getByRole("button", { name: "New samples" }).or(page.getByRole("button", { name: "Draw new samples" })).first().click();
  await page.waitForFunction((n) => Number(document.querySelector("unnoise-playground").dataset.samples) > n, samples);
  assert.deepEqual(visit.problems, []);
});

test("digits have them, too", { timeout: 60_000 }, async () => {
  const visit = await open(browser, `${server.urlFake}#task=digits&v=1&preset=tiny&objective.loss_weighting=min_snr&sample.sampler=ddpm&sample.variance_type=fixed_large_log`, { element: "unnoise-digits" });
  await visit.until("samples", (v) => Number(v) >= 1);
  const sent = await options(visit.page, "unnoise-digits");
  assert.deepEqual([sent.sampler, sent.variance_type, sent.clip_sample], ["ddpm", "fixed_large_log", true]);
  assert.equal((await config(visit.page, "unnoise-digits")).objective.loss_weighting, "min_snr");
  assert.deepEqual(visit.problems, []);
});

for (const [width, scheme] of [[1280, "light"], [390, "dark"], [320, "light"]]) {
  test(`the settings look right at ${width} px, ${scheme}`, { timeout: 60_000 }, async () => {
    const phone = width < 500;
    const visit = await start("#v=1&sample.sampler=dpmpp&model.class_conditioning=true&objective.loss_weighting=gamma", { viewport: { width, height: 900 }, colorScheme: scheme, ...(phone ? { hasTouch: true, isMobile: true, deviceScaleFactor: 2 } : {}) });
    const { page } = visit;
    await openMore(page);
    await page.waitForTimeout(200);
    const { scroll, view } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, view: document.documentElement.clientWidth }));
    assert.ok(scroll <= view, `the page is ${scroll} px wide in a ${view} px window`);
    await page.locator("unnoise-settings").screenshot({ path: join(output, `settings-${width}-${scheme}.png`) });
    await page.evaluate(axeSource);
    const found = await page.evaluate(async () => (await globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })).violations);
    assert.deepEqual(found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`), []);
    assert.deepEqual(visit.problems, []);
  });
}
