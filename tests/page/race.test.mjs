/** The races against other engines: they compute what this engine computes, say so, and are fetched by nobody who does not race. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, closePages, open, server, suite } from "./harness.mjs";

suite();

/** Runs a race on the bench page's address and gathers what it says; the fault, if it ends in one. `engine` in the place of the package's script. */
async function race(given, engine = null) {
  const context = await browser.newContext();
  if (engine) await context.route((url) => url.pathname.endsWith("/pkg/unnoise.js") && !url.search, (route) => route.fulfill({ contentType: "text/javascript", body: engine }));
  const page = await context.newPage();
  try {
    await page.goto(`${server.url}bench.html`);
    return await page.evaluate(async (given) => {
      const { run } = await import("./peers.js");
      const events = [];
      try {
        for await (const event of run(given, { repeats: 2 })) events.push(event);
      } catch (error) {
        events.push({ event: "fault", kind: error.kind, message: error.message });
      }
      return events;
    }, given);
  } finally {
    await context.close();
  }
}

/** Compared, timed twice, done. */
function raced(events, most) {
  const [agreement] = events.filter(({ event }) => event === "agreement");
  assert.ok(agreement, JSON.stringify(events));
  assert.ok(agreement.greatest <= most, `differs by ${agreement.greatest}`);
  const repeats = events.filter(({ event }) => event === "repeat");
  assert.equal(repeats.length, 2, JSON.stringify(events));
  for (const { ours, theirs } of repeats) assert.ok(ours > 0 && theirs > 0);
  assert.equal(events.at(-1).event, "done");
  assert.match(events.at(-1).version, /^\d+\.\d+\.\d+$/);
  return agreement;
}

const TINY = { model: "tiny", batch: 3 };

test("ONNX Runtime runs the model that is written for it, and says what this engine says", { timeout: 120_000 }, async () => {
  raced(await race({ ...TINY, work: "forward", ours: "cpu", peer: "onnx", theirs: "wasm" }), 1e-4);
});

test("jax-js takes the same step with the U-Net", { timeout: 240_000 }, async () => {
  const { loss, update } = raced(await race({ ...TINY, work: "step", ours: "cpu", peer: "jax", theirs: "wasm" }), 1e-3);
  assert.ok(loss <= 1e-5, `the loss is off by ${loss}`);
  assert.ok(update > 0, "two engines do not agree to the bit: was anything compared?");
});

test("TensorFlow.js takes the same step with the perceptron", { timeout: 240_000 }, async () => {
  raced(await race({ model: "mlp", batch: 16, work: "step", ours: "cpu", peer: "tfjs", theirs: "webgpu" }), 1e-3);
});

/** The engine, but for one number of its output. */
const WRONG = `import init, { Race as Real } from "./unnoise.js?real";
export default init;
export const Race = {
  async create(...args) {
    const real = await Real.create(...args);
    const given = real.case.bind(real);
    real.case = async () => {
      const made = await given();
      made.output[0] += 0.1;
      return made;
    };
    return real;
  },
};`;

test("two engines that differ are not timed", { timeout: 60_000 }, async () => {
  const events = await race({ ...TINY, work: "forward", ours: "cpu", peer: "onnx", theirs: "wasm" }, WRONG);
  assert.equal(events.at(-1).kind, "mismatch", JSON.stringify(events));
  assert.ok(events.some(({ event, output }) => event === "agreement" && output > 1e-3));
  assert.ok(!events.some(({ event }) => event === "repeat"));
});

test("what cannot be raced is a fault, not a time", { timeout: 60_000 }, async () => {
  const events = await race({ ...TINY, work: "step", ours: "cpu", peer: "onnx", theirs: "wasm" });
  assert.equal(events.at(-1).event, "fault");
  assert.ok(!events.some(({ event }) => event === "repeat"));
});

test("a visitor of the playground or of the bench fetches nothing of another engine", { timeout: 120_000 }, async () => {
  const fetched = [];
  const watch = (request) => fetched.push(new URL(request.url()).pathname);
  const visit = await open(browser, server.url);
  visit.page.context().on("request", watch);
  await visit.page.reload();
  await visit.until("state", (v) => v === "training");
  await closePages();
  const context = await browser.newContext();
  context.on("request", watch);
  const page = await context.newPage();
  await page.goto(`${server.url}bench.html`, { waitUntil: "networkidle" });
  await context.close();
  assert.ok(fetched.some((path) => path.endsWith("/app.js")) && fetched.some((path) => path.endsWith("/bench.js")), String(fetched));
  assert.deepEqual(fetched.filter((path) => /\/(bench\/|peers\.js)/.test(path)), []);
});
