/** "Why is it still noise?": what the tab says and offers with a made-up engine, and that it finds four planted mistakes with the real one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, server, suite } from "./harness.mjs";
import { DEVICES, look, openLab, shoot } from "./lab-look.mjs";

suite();

const TITLE = "Why is it still noise?";
const IDS = ["data_range", "one_step", "ema", "schedule"];
const start = (hash = "", { query = "?autoplay=0", url = server.urlFake, ...options } = {}) => openLab(browser, `${url}${query}${hash}`, TITLE, options);
const finding = (lab, id) => lab.locator(`li[data-id="${id}"]`);
const check = async (visit) => {
  await visit.lab.getByRole("button", { name: /^Check (this run|again)$/ }).click();
  await visit.lab.locator(".verdict").waitFor();
};
const severities = (lab) => lab.locator(".findings li").evaluateAll((all) => Object.fromEntries(all.map((item) => [item.dataset.id, item.dataset.severity])));
const verdict = (lab) => lab.locator(".verdict").textContent();

/** Trained long enough, with nothing planted. */
async function trained(visit, steps = 2000) {
  await visit.tool.evaluate((tool, n) => tool.step(n), steps);
  await visit.untilStep(steps);
}

test("a run that is in order is said to be, with four findings in icon, word and numbers", { timeout: 60_000 }, async () => {
  const visit = await start();
  await trained(visit, 9000);
  await check(visit);
  const { lab } = visit;
  assert.deepEqual(await severities(lab), Object.fromEntries(IDS.map((id) => [id, "ok"])));
  assert.match(await verdict(lab), /^\s*Nothing is wrong with this run\./);
  for (const id of IDS) {
    assert.equal((await finding(lab, id).locator(".grade").textContent()).trim(), "All right");
    assert.equal(await finding(lab, id).locator(".grade svg").count(), 1);
    assert.equal(await finding(lab, id).getByRole("button").count(), 0);
  }
  await lab.getByText("The data lie between −1.93 and 1.95 with a deviation of 1.00").waitFor();
  await lab.getByText("Of the model at step 9,000.").waitFor();
  assert.deepEqual(visit.problems, []);
});

test("data of the wrong size are named, and a button sets their scale to 1", { timeout: 60_000 }, async () => {
  const visit = await start("#v=1&data.scale=6");
  await trained(visit, 9000);
  await check(visit);
  const { lab, page } = visit;
  assert.equal((await severities(lab)).data_range, "bad");
  assert.equal((await verdict(lab)).trim(), "It is still noise because the data do not have the size that the noise is made for.");
  await finding(lab, "data_range").getByText("The data reach from −11.58 to 11.70; −3 to 3 would suit the noise.").waitFor();
  await visit.button("Set the data’s scale to 1").click();
  await visit.until("step", (v) => v === "0");
  await page.waitForFunction(() => !location.hash.includes("data.scale"));
  // It looks again by itself; now only the new model's ignorance is left.
  await lab.getByText("Of the model at step 0.").waitFor();
  assert.equal((await severities(lab)).data_range, "ok");
  const small = await start("#v=1&data.scale=0.1");
  await check(small);
  await finding(small.lab, "data_range").getByText("So small data drown").waitFor();
  assert.deepEqual([...visit.problems, ...small.problems], []);
});

test("an untrained network is named, and a button trains on", { timeout: 60_000 }, async () => {
  const visit = await start();
  await check(visit);
  const { lab } = visit;
  assert.equal((await severities(lab)).one_step, "bad");
  await finding(lab, "one_step").getByText("After 0 training steps").waitFor();
  await visit.button("Train on").click();
  await visit.until("state", (v) => v === "training");
  await finding(lab, "one_step").getByText("Training goes on; check again in a while.").waitFor();
  await visit.untilStep(100);
  await visit.tool.evaluate((tool) => tool.pause());
  await lab.getByText("training has gone on since").waitFor();
  assert.deepEqual(visit.problems, []);
});

test("a moving average that lags is named, and a button samples the raw weights", { timeout: 60_000 }, async () => {
  const visit = await start("#v=1&training.ema_decay=0.99999");
  await trained(visit);
  await check(visit);
  const { lab, page } = visit;
  assert.equal((await severities(lab)).ema, "bad");
  await finding(lab, "ema").getByText("With a decay of 0.99999 the average looks back over about 100,000 steps").waitFor();
  await visit.button("Sample the raw weights").click();
  await page.waitForFunction(() => location.hash.includes("sample.weights=raw"));
  await page.waitForFunction(() => document.querySelector("unnoise-playground").renderRoot.querySelector("unnoise-lab-place").renderRoot.querySelector("unnoise-lab").renderRoot.querySelector("unnoise-lab-diagnosis").renderRoot.querySelector('[data-id="ema"]').dataset.severity === "ok");
  assert.deepEqual(visit.problems, []);
});

test("another schedule than the training's is named, and a button takes it back", { timeout: 60_000 }, async () => {
  const visit = await start("#v=1&sample.schedule=squaredcos_cap_v2");
  await trained(visit, 9000);
  await check(visit);
  const { lab, page } = visit;
  assert.equal((await severities(lab)).schedule, "bad");
  assert.equal((await verdict(lab)).trim(), "It is still noise because sampling does not walk the way that was trained.");
  await finding(lab, "schedule").getByText(/The model was trained with the noise schedule Linear.*, but sampling assumes Cosine/).waitFor();
  await visit.button("Sample with the training’s schedule").click();
  await page.waitForFunction(() => !location.hash.includes("sample.schedule"));
  await lab.getByText("Nothing is wrong with this run.").waitFor();
  assert.deepEqual(visit.problems, []);
});

test("several causes are all in the verdict, and a check that no longer holds says so", { timeout: 60_000 }, async () => {
  const visit = await start("#v=1&data.scale=6&sample.schedule=squaredcos_cap_v2");
  await trained(visit, 9000);
  await check(visit);
  const { lab } = visit;
  assert.match(await verdict(lab), /because the data do not have the size .* and because sampling does not walk the way/);
  assert.equal(await lab.getByText("The sampling was changed since.").count(), 0);
  await visit.tool.evaluate((tool) => tool.store.set("sample.weights", "raw"));
  await lab.getByText("The sampling was changed since.").waitFor();
  // A replaced run has no findings.
  await visit.tool.evaluate((tool) => tool.reset());
  await lab.locator(".verdict").waitFor({ state: "detached" });
  assert.equal(await lab.locator(".levels canvas").count(), 0);
  assert.deepEqual(visit.problems, []);
});

test("digits are shown noised and predicted, from every level", { timeout: 60_000 }, async () => {
  const visit = await start("#task=digits&v=1&preset=tiny", { element: "unnoise-digits", query: "" });
  await visit.untilStep(60);
  await check(visit);
  const { lab } = visit;
  assert.equal(await lab.locator(".levels canvas").count(), 8);
  assert.match(await lab.locator(".levels canvas").first().getAttribute("aria-label"), /^4 samples noised to timestep \d+, and the clean samples predicted from them; mean squared error [\d.]+\.$/);
  const colours = await lab.locator(".levels canvas").first().evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(Array.from({ length: data.length / 4 }, (_, i) => data[4 * i])).size;
  });
  assert.ok(colours > 16, `${colours} greys`);
  await visit.tool.evaluate((tool) => tool.pause());
  await shoot(visit.page, "diagnosis-digits");
  assert.deepEqual(visit.problems, []);
});

for (const { device, widths, options } of DEVICES) {
  test(`the diagnosis looks right on a ${device}`, { timeout: 60_000 }, async () => {
    const visit = await start("#v=1&data.dataset=eight_gaussians&training.ema_decay=0.9999&sample.schedule=squaredcos_cap_v2", options);
    await trained(visit, 9000);
    await check(visit);
    await look(visit.page, "diagnosis", widths);
    assert.deepEqual(visit.problems, []);
  });
}

/** The real engine on the CPU: a few hundred steps tell a healthy run from each of the four mistakes. */
const real = (hash) => start(`#v=1&data.dataset=eight_gaussians&training.batch_size=128${hash}`, { url: server.url, query: "?autoplay=0&backend=cpu" });
const STEPS = 800;

test("real engine: without a mistake nothing is called the reason", { timeout: 180_000 }, async () => {
  const visit = await real("");
  await trained(visit, STEPS);
  await check(visit);
  const found = await severities(visit.lab);
  assert.ok(IDS.every((id) => found[id] !== "bad"), JSON.stringify(found));
  assert.equal(await visit.lab.locator(".levels canvas").count(), 8);
  await shoot(visit.page, "diagnosis-real-healthy");
  assert.deepEqual(visit.problems, []);
});

/** Steps at next to no learning rate, then some at a high one: the average of them all knows little of what the weights know. */
const late = async (visit) => {
  await trained(visit, 1000);
  await visit.tool.evaluate((tool) => tool.store.set("training.learning_rate", 0.01));
  await visit.tool.evaluate((tool) => tool.step(100));
  await visit.untilStep(1100);
};

for (const { mistake, hash, prepare, id, cause, remedy } of [
  { mistake: "data six times too large", hash: "&data.scale=6", prepare: (visit) => trained(visit, STEPS), id: "data_range", cause: "the data do not have the size", remedy: "Set the data’s scale to 1" },
  { mistake: "a network that never trained", hash: "", prepare: () => {}, id: "one_step", cause: "the network does not see through the noise yet", remedy: "Train on" },
  { mistake: "a moving average left behind", hash: "&training.ema_decay=0.99999&training.learning_rate=0.00001", prepare: late, id: "ema", cause: "a moving average that lags behind", remedy: "Sample the raw weights" },
  { mistake: "sampling with another schedule", hash: "&sample.schedule=squaredcos_cap_v2", prepare: (visit) => trained(visit, STEPS), id: "schedule", cause: "sampling does not walk the way that was trained", remedy: "Sample with the training’s schedule" },
]) {
  test(`real engine: ${mistake} is named`, { timeout: 180_000 }, async () => {
    const visit = await real(hash);
    await prepare(visit);
    await check(visit);
    const found = await severities(visit.lab);
    assert.equal(found[id], "bad", JSON.stringify(found));
    assert.ok((await verdict(visit.lab)).includes(cause), await verdict(visit.lab));
    // It is this mistake that is named, and no other.
    assert.deepEqual(IDS.filter((other) => found[other] === "bad"), [id]);
    await visit.button(remedy).waitFor();
    await shoot(visit.page, `diagnosis-real-${id}`);
    assert.deepEqual(visit.problems, []);
  });
}
