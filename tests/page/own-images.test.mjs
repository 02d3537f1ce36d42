/** A visitor's own images, in a browser: decoded, fitted, cut out of sheets, refused by name; in a page and in a worker. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { closePages, launch, open } from "./harness.mjs";
import { idx, scriptForBrowser } from "./data-harness.mjs";

/** Runs in the page and in the worker: makes the files it is told to, and says what became of them. */
const HELPERS = `
  async function paint({ width, height, rects, type = "image/png" }) {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    for (const [style, x, y, w, h] of rects) {
      context.fillStyle = style;
      context.fillRect(x, y, w, h);
    }
    return canvas.convertToBlob({ type, quality: 1 });
  }
  async function attempt(files, options) {
    const made = [];
    for (const { path, picture, text, type } of files) {
      const content = picture ? await paint(picture) : text;
      made.push({ path, file: new File([content], path, { type: type ?? (picture ? "image/png" : "") }) });
    }
    const steps = [];
    try {
      const set = await data.readOwnImages(made, { ...options, progress: (done, total) => steps.push([done, total]) });
      return { ...set, pixels: Array.from(set.pixels), labels: Array.from(set.labels), steps };
    } catch (error) {
      return { code: error.code, words: data.describe(error, data.texts("en")) ?? String(error.stack) };
    }
  }
`;

let server, url, browser, script;
before(async () => {
  script = (await scriptForBrowser()) + HELPERS;
  const files = {
    "/": ["text/html", "<!doctype html><title>images</title><link rel=icon href=data:,><script src=script.js></script><p>drop here"],
    "/script.js": ["text/javascript", script],
    "/worker.js": ["text/javascript", `${script}; onmessage = async ({ data: [files, options] }) => postMessage(await attempt(files, options));`],
  };
  server = createServer((request, response) => {
    const [type, body] = files[request.url] ?? ["text/plain", ""];
    response.writeHead(200, { "content-type": type }).end(body);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${server.address().port}/`;
  browser = await launch({ gpu: false });
});
afterEach(closePages);
after(async () => {
  await browser?.close();
  server?.close();
});

const GREY = { side: 4, channels: 1 };
const square = (path, style, size = 8) => ({ path, picture: { width: size, height: size, rects: [[style, 0, 0, size, size]] } });

async function start() {
  const { page, problems } = await open(browser, url);
  const attempt = (files, options = GREY) => page.evaluate(([f, o]) => attempt(f, o), [files, options]);
  return { page, problems, attempt };
}

test("image files become a set, their folders its classes", { timeout: 60_000 }, async () => {
  const { attempt, problems } = await start();
  const files = [square("own/b10/1.png", "rgb(255 0 0)"), square("own/b9/2.png", "#fff", 3), square("own/b9/10.png", "#808080", 700), square("own/.cache/x.png", "#fff")];
  const set = await attempt(files);
  assert.deepEqual([set.kind, set.count, set.classes, set.labels, set.grid], ["images", 3, ["b9", "b10"], [0, 0, 1], null]);
  // In natural order of their paths; grey is 0.299 of red.
  assert.deepEqual(set.pixels, [...Array(16).fill(255), ...Array(16).fill(128), ...Array(16).fill(76)]);
  assert.deepEqual(set.previews, [0, 2, 1]);
  assert.deepEqual(set.steps, [[1, 3], [2, 3], [3, 3]]);

  const colour = await attempt([square("a.png", "rgb(10 20 30)"), square("b.png", "rgb(40 50 60)")], { side: 1, channels: 3 });
  assert.deepEqual([colour.pixels, colour.classes.length], [[10, 20, 30, 40, 50, 60], 1]);
  const photograph = { path: "a.jpg", picture: { width: 40, height: 40, rects: [["#fff", 0, 0, 40, 40]], type: "image/jpeg" }, type: "image/jpeg" };
  assert.deepEqual((await attempt([photograph], { ...GREY, grid: null })).pixels, Array(16).fill(255));
  assert.deepEqual(problems, []);
});

test("images of any size are fitted whole, on the chosen ground", { timeout: 60_000 }, async () => {
  const { attempt } = await start();
  const wide = { path: "wide.png", picture: { width: 8, height: 4, rects: [["#fff", 0, 0, 4, 4]] } };
  const fitted = (options) => attempt([wide], { ...GREY, grid: null, ...options });
  // The right half is transparent.
  assert.deepEqual((await fitted()).pixels, [0, 0, 0, 0, 255, 255, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual((await fitted({ background: "white" })).pixels, Array(16).fill(255));
  const tall = { path: "tall.png", picture: { width: 1, height: 2000, rects: [["#fff", 0, 0, 1, 2000]] } };
  const thin = await attempt([tall], { ...GREY, grid: null });
  assert.equal(thin.count, 1);
  assert.ok(thin.pixels.some((value) => value > 0), "a line is not lost");
  // Means of areas, rounded: 255 in one of four.
  const dots = { path: "dots.png", picture: { width: 8, height: 8, rects: [["#000", 0, 0, 8, 8], ["#fff", 0, 0, 1, 1], ["#fff", 6, 6, 2, 1]] } };
  assert.deepEqual((await attempt([dots], { ...GREY, grid: null })).pixels, [64, ...Array(14).fill(0), 128]);
});

test("sheets are cut into cells, and empty cells left out", { timeout: 60_000 }, async () => {
  const { attempt } = await start();
  // Three columns, two rows of 28 × 28; a white left half in five of them, brighter by cell, the last one empty.
  const rects = [["#000", 0, 0, 84, 56]];
  for (let k = 0; k < 5; k++) rects.push([`rgb(${51 * (k + 1)} ${51 * (k + 1)} ${51 * (k + 1)})`, 28 * (k % 3), 28 * Math.floor(k / 3), 14, 28]);
  const sheet = { path: "my sheet.png", picture: { width: 84, height: 56, rects } };
  const guessed = await attempt([sheet], { side: 28, channels: 1 });
  assert.deepEqual([guessed.kind, guessed.count, guessed.grid, guessed.classes], ["sheet", 5, { columns: 3, rows: 2 }, ["my sheet"]]);
  assert.deepEqual([0, 1, 2, 3, 4].map((k) => [guessed.pixels[784 * k], guessed.pixels[784 * k + 14]]), [51, 102, 153, 204, 255].map((v) => [v, 0]));
  const given = await attempt([sheet], { side: 2, channels: 1, grid: { columns: 3, rows: 2 }, rowsAreClasses: true });
  assert.deepEqual([given.labels, given.classes], [[0, 0, 0, 1, 1], ["0", "1"]]);
  assert.deepEqual(given.pixels.slice(0, 4), [51, 0, 51, 0]);
});

test("what cannot be used is named", { timeout: 60_000 }, async () => {
  const { attempt, problems } = await start();
  const good = square("cats/good.png", "#fff");
  const cases = [
    [[good, { path: "cats/notes.txt", text: "hello" }], GREY, "notImage", /cats\/notes\.txt is no image/],
    [[good, { path: "broken.png", text: "hello", type: "image/png" }], GREY, "notImage", /broken\.png is no image/],
    [[{ path: "empty.png", text: "", type: "image/png" }], GREY, "notImage", /empty\.png is no image/],
    [[square("odd.png", "#fff", 101)], GREY, "sheetGuess", /odd\.png has 101 × 101 pixels/],
    [[square("s.png", "#fff", 10)], { ...GREY, grid: { columns: 3, rows: 1 } }, "sheetGrid", /3 columns and 1 rows/],
    [[square("s.png", "#fff", 10)], { ...GREY, grid: { columns: 0, rows: 1 } }, "sheetGrid", /0 columns and 1 rows/],
    [[square("s.png", "#fff", 16)], GREY, "sheetEmpty", /Every cell of s\.png/],
    [[square("long.png", "#fff", 1), { path: "x.png", picture: { width: 8193, height: 1, rects: [] } }], GREY, "imageSize", /x\.png has 8,193 × 1 pixels/],
    [[{ path: "rows.png", picture: { width: 8, height: 8, rects: [["#fff", 0, 0, 1, 1]] } }], { ...GREY, grid: { columns: 1, rows: 4 }, rowsAreClasses: true }, "emptyClass", /Class “1” has no image/],
    [Array.from({ length: 257 }, (_, k) => square(`${k}/a.png`, "#fff", 1)), GREY, "tooManyClasses", /257 classes; at most 256/],
    [Array.from({ length: 100 }, (_, k) => square(`${k}.png`, "#fff", 1)), { side: 1024, channels: 3 }, "tooMany", /300 MB/],
  ];
  for (const [files, options, code, words] of cases) {
    const answer = await attempt(files, options);
    assert.equal(answer.code, code, answer.words ?? JSON.stringify(answer).slice(0, 200));
    assert.match(answer.words, words);
  }
  assert.deepEqual(problems, []);
});

test("a worker reads them, too, and stops when told", { timeout: 60_000 }, async () => {
  const { page, attempt } = await start();
  const files = [square("a/1.png", "#fff"), square("b/2.png", "#777")];
  const there = await page.evaluate(
    ([f, o]) =>
      new Promise((done) => {
        const worker = new Worker("worker.js");
        worker.onmessage = ({ data: answer }) => done(answer);
        worker.postMessage([f, o]);
      }),
    [files, GREY],
  );
  assert.deepEqual(there, await attempt(files));
  const reason = await page.evaluate(async () => {
    const stop = new AbortController();
    const blob = await paint({ width: 8, height: 8, rects: [] });
    const many = Array.from({ length: 50 }, (_, k) => ({ path: `${k}.png`, file: new File([blob], `${k}.png`) }));
    let read = 0;
    const progress = (done) => {
      read = done;
      if (done === 3) stop.abort(new Error("enough"));
    };
    return data.readOwnImages(many, { side: 4, channels: 1, signal: stop.signal, progress }).catch((error) => `${error.message} ${read}`);
  });
  assert.equal(reason, "enough 3");
});

test("dropped folders are walked through", { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "unnoise-drop-"));
  try {
    const { page } = await start();
    mkdirSync(join(folder, "pets", "cats", "old"), { recursive: true });
    // More than a reader hands out at a time.
    for (let k = 0; k < 120; k++) writeFileSync(join(folder, "pets", "cats", `${k}.bin`), "x");
    writeFileSync(join(folder, "pets", "cats", "old", "deep.bin"), "x");
    writeFileSync(join(folder, "pets", ".hidden"), "x");
    writeFileSync(join(folder, "labels-idx1-ubyte"), idx(0x801, [1], [0]));
    await page.evaluate(() => {
      document.ondragover = (event) => event.preventDefault();
      globalThis.dropped = new Promise((done) => {
        document.ondrop = (event) => {
          event.preventDefault();
          const answer = data.filesOfDrop(event.dataTransfer);
          done(answer.then((files) => files.map(({ path }) => path), (error) => data.describe(error, data.texts("en"))));
        };
      });
    });
    const session = await page.context().newCDPSession(page);
    const drop = async (paths) => {
      for (const type of ["dragEnter", "dragOver", "drop"]) {
        await session.send("Input.dispatchDragEvent", { type, x: 100, y: 100, data: { items: [], files: paths, dragOperationsMask: 1 } });
      }
      return page.evaluate(() => globalThis.dropped);
    };
    const found = await drop([join(folder, "pets"), join(folder, "labels-idx1-ubyte")]);
    assert.equal(found.length, 122);
    for (const path of ["pets/cats/119.bin", "pets/cats/old/deep.bin", "labels-idx1-ubyte"]) assert.ok(found.includes(path), path);
    await page.reload();
    await page.evaluate(() => {
      document.ondragover = (event) => event.preventDefault();
      globalThis.dropped = new Promise((done) => {
        document.ondrop = (event) => {
          event.preventDefault();
          done(data.filesOfDrop(event.dataTransfer).then(() => "", (error) => data.describe(error, data.texts("en"))));
        };
      });
    });
    mkdirSync(join(folder, "pets", "dogs"));
    assert.match(await drop([join(folder, "pets")]), /Class “dogs” has no image/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
