/**
 * A visitor's own images: a pair of IDX files, a sheet of sprites, or image files, whose folders are their classes. All is
 * read in this browser; nothing leaves the machine. Works in a page and in a worker.
 */
import { DataError } from "./fault";
import { collect, gunzip, isGzip } from "./gzip";
import { divides, type Grid, guessGrid, nonEmpty } from "./grid";
import { IDX_IMAGES, IDX_LABELS, magicOf, MAX_CLASSES, MAX_SIDE, parseIdxImages, parseIdxLabels, squared } from "./idx";
import { isHidden, type OwnFile } from "./own-files";
import { decode, Painter, type Background, type Shape } from "./pictures";
import { resized } from "./resize";

const MB = 2 ** 20;
/** All pixels of a set. */
const MAX_BYTES = 256 * MB;
/** An IDX file, unpacked. */
const MAX_IDX_BYTES = 512 * MB;

export interface OwnOptions {
  /** Images become `[side, side, channels]`; sides 1 to 1,024. */
  side: number;
  channels: 1 | 3;
  /** Fills margins and what is transparent; black unless said otherwise. */
  background?: Background;
  /** How a single image file divides: `"guess"` unless said otherwise; `null`: it is one image, not a sheet. */
  grid?: Grid | "guess" | null;
  /** Whether the rows of a sheet are its classes. */
  rowsAreClasses?: boolean;
  signal?: AbortSignal;
  /** Hears of images read, out of how many. */
  progress?: (done: number, total: number) => void;
}

export interface OwnImages {
  kind: "idx" | "sheet" | "images";
  count: number;
  side: number;
  channels: 1 | 3;
  /** `[count, side, side, channels]` */
  pixels: Uint8Array;
  /** `[count]`; all 0 where there are no classes. */
  labels: Uint8Array;
  /** Names by label; one where there are no classes. */
  classes: string[];
  /** How the sheet was divided, to be shown and corrected. */
  grid: Grid | null;
  /** Images to show first: of every class in turn. */
  previews: number[];
}

const PICTURE = /\.(png|jpe?g|webp|gif|bmp|avif)$/i;
const IDX_NAME = /([-.]idx\d?(-ubyte)?|-ubyte)(\.gz)?$/i;
const PREVIEWS = 40;

/** Reads files as a set of images. Rejects with a `DataError` that names the file or class at fault, or with the signal's reason. */
export async function readOwnImages(files: OwnFile[], options: OwnOptions): Promise<OwnImages> {
  const { side } = options;
  if (!(Number.isInteger(side) && side >= 1 && side <= MAX_SIDE)) throw new RangeError(`a side of ${side}`);
  const wanted = files.filter(({ path }) => !isHidden(path));
  if (!wanted.length) throw new DataError("nothing");
  const idx: OwnFile[] = [];
  const pictures: OwnFile[] = [];
  for (const own of wanted) ((await isIdx(own)) ? idx : pictures).push(own);
  if (idx.length && pictures.length) throw new DataError("mixed", pictures[0]!.path);
  const set = await (idx.length ? readIdx(idx, options) : pictures.length === 1 ? readSingle(pictures[0]!, options) : readPictures(pictures, options));
  const { labels, classes } = set;
  return { ...set, count: labels.length, side, channels: options.channels, previews: inTurn(labels, classes.length, PREVIEWS) };
}

type Read = Pick<OwnImages, "kind" | "pixels" | "labels" | "classes" | "grid">;

/** By name, or by the first bytes of a file whose name says nothing. */
async function isIdx({ path, file }: OwnFile): Promise<boolean> {
  if (IDX_NAME.test(path)) return true;
  if (PICTURE.test(path) || file.type.startsWith("image/")) return false;
  const magic = magicOf(new Uint8Array(await file.slice(0, 4).arrayBuffer()));
  return magic === IDX_IMAGES || magic === IDX_LABELS;
}

// --- IDX ----------------------------------------------------------------------------------------------------------------

async function bytesOf({ path, file }: OwnFile, signal?: AbortSignal): Promise<Uint8Array> {
  const tooLarge = (): DataError => new DataError("tooLarge", path, MAX_IDX_BYTES / MB);
  if (file.size > MAX_IDX_BYTES) throw tooLarge();
  let bytes: Uint8Array | null;
  try {
    bytes = await collect(file.stream());
    if (bytes && isGzip(bytes)) bytes = await gunzip(bytes, MAX_IDX_BYTES);
  } catch {
    throw new DataError("damaged", path);
  }
  signal?.throwIfAborted();
  if (!bytes) throw tooLarge();
  return bytes;
}

async function readIdx(files: OwnFile[], { side, channels, signal, progress }: OwnOptions): Promise<Read> {
  let images: { file: string; bytes: Uint8Array } | null = null;
  let labelled: { file: string; bytes: Uint8Array } | null = null;
  for (const own of files) {
    const found = { file: own.path, bytes: await bytesOf(own, signal) };
    const isLabels = magicOf(found.bytes) === IDX_LABELS;
    if (isLabels ? labelled : images) throw new DataError("idxMany", own.path);
    if (isLabels) labelled = found;
    else images = found;
  }
  if (!images) throw new DataError("idxNoImages", labelled!.file);
  const parsed = parseIdxImages(images.bytes, images.file);
  checkSize(parsed.count, side, channels);
  let labels: Uint8Array = new Uint8Array(parsed.count);
  if (labelled) {
    labels = parseIdxLabels(labelled.bytes, labelled.file).slice();
    if (labels.length !== parsed.count) throw new DataError("idxCounts", labelled.file, labels.length, parsed.count);
  }
  const classes = Array.from({ length: labels.reduce((most, label) => Math.max(most, label), 0) + 1 }, (_, label) => String(label));
  checkClasses(labels, classes);
  const square = squared(parsed);
  const grey = resized(square.pixels, square.side, side, 1);
  progress?.(parsed.count, parsed.count);
  // A copy of its own either way: what is returned may be transferred, and the file's bytes would go with a part of them.
  const pixels = new Uint8Array(grey.length * channels);
  for (let i = 0; i < pixels.length; i++) pixels[i] = grey[Math.floor(i / channels)]!;
  return { kind: "idx", pixels, labels, classes, grid: null };
}

// --- Pictures -----------------------------------------------------------------------------------------------------------

const shapeOf = ({ side, channels, background = "black" }: OwnOptions): Shape => ({ side, channels, background });

/** One file: a sheet, or a single image. */
async function readSingle({ path, file }: OwnFile, options: OwnOptions): Promise<Read> {
  const bitmap = await decode(file, path);
  try {
    options.signal?.throwIfAborted();
    const { width, height } = bitmap;
    if (options.grid === null) {
      const pixels = new Painter(shapeOf(options)).paint(bitmap);
      options.progress?.(1, 1);
      return { kind: "images", pixels, labels: new Uint8Array(1), classes: [stem(path)], grid: null };
    }
    const { grid: asked = "guess", side } = options;
    const grid = asked === "guess" ? guessGrid(width, height, side) : asked;
    if (!grid) throw new DataError("sheetGuess", path, width, height);
    if (!divides(grid, width, height)) throw new DataError("sheetGrid", path, width, height, grid.columns, grid.rows);
    return await readSheet(bitmap, path, grid, options);
  } finally {
    bitmap.close();
  }
}

async function readSheet(bitmap: ImageBitmap, path: string, grid: Grid, options: OwnOptions): Promise<Read> {
  const { side, channels, rowsAreClasses = false, signal, progress } = options;
  const { columns, rows } = grid;
  const [width, height] = [bitmap.width / columns, bitmap.height / rows];
  const bytes = side * side * channels;
  const total = columns * rows;
  checkSize(total, side, channels);
  const painter = new Painter(shapeOf(options));
  const all = new Uint8Array(total * bytes);
  for (let cell = 0; cell < total; cell++) {
    all.set(painter.paint(bitmap, (cell % columns) * width, Math.floor(cell / columns) * height, width, height), cell * bytes);
    if (cell % 256 === 255) await breathe(signal);
    progress?.(cell + 1, total);
  }
  const kept = nonEmpty(all, total, bytes, channels);
  if (!kept.length) throw new DataError("sheetEmpty", path);
  const pixels = new Uint8Array(kept.length * bytes);
  kept.forEach((cell, k) => pixels.set(all.subarray(cell * bytes, (cell + 1) * bytes), k * bytes));
  const classes = rowsAreClasses ? Array.from({ length: rows }, (_, row) => String(row)) : [stem(path)];
  checkClassCount(classes);
  const labels = Uint8Array.from(kept, (cell) => (rowsAreClasses ? Math.floor(cell / columns) : 0));
  checkClasses(labels, classes);
  return { kind: "sheet", pixels, labels, classes, grid };
}

/** One image a file; a file's class is the folder it lies in. */
async function readPictures(files: OwnFile[], options: OwnOptions): Promise<Read> {
  const { side, channels, signal, progress } = options;
  checkSize(files.length, side, channels);
  // Numbers in names count as numbers: 2 before 10.
  const { compare } = new Intl.Collator("en", { numeric: true });
  const sorted = [...files].sort((a, b) => compare(a.path, b.path));
  const classes = [...new Set(sorted.map(({ path }) => folder(path)))].sort(compare);
  checkClassCount(classes);
  const labels = Uint8Array.from(sorted, ({ path }) => classes.indexOf(folder(path)));
  const bytes = side * side * channels;
  const pixels = new Uint8Array(sorted.length * bytes);
  const painter = new Painter(shapeOf(options));
  for (const [index, { path, file }] of sorted.entries()) {
    const bitmap = await decode(file, path);
    try {
      signal?.throwIfAborted();
      pixels.set(painter.paint(bitmap), index * bytes);
    } finally {
      bitmap.close();
    }
    progress?.(index + 1, sorted.length);
  }
  return { kind: "images", pixels, labels, classes, grid: null };
}

// --- Small things -------------------------------------------------------------------------------------------------------

/** The name of the folder that a file lies in; files that lie in none are one class, too. */
const folder = (path: string): string => path.split("/").at(-2) ?? "–";

const stem = (path: string): string => path.split("/").at(-1)!.replace(/\.\w+$/, "");

/** Lets the browser draw and messages arrive. */
async function breathe(signal?: AbortSignal): Promise<void> {
  await new Promise((done) => setTimeout(done));
  signal?.throwIfAborted();
}

function checkSize(count: number, side: number, channels: number): void {
  const bytes = count * side * side * channels;
  if (bytes > MAX_BYTES) throw new DataError("tooMany", Math.ceil(bytes / MB), MAX_BYTES / MB);
}

function checkClassCount(classes: string[]): void {
  if (classes.length > MAX_CLASSES) throw new DataError("tooManyClasses", classes.length, MAX_CLASSES);
}

function checkClasses(labels: Uint8Array, classes: string[]): void {
  const seen = new Set(labels);
  const empty = classes.find((_, label) => !seen.has(label));
  if (empty !== undefined) throw new DataError("emptyClass", empty);
}

/** Up to `most` images: the first of every class, then the second of every class, and so on. */
export function inTurn(labels: Uint8Array, classes: number, most: number): number[] {
  const members: number[][] = Array.from({ length: classes }, () => []);
  labels.forEach((label, index) => {
    if (members[label]!.length < most) members[label]!.push(index);
  });
  const turns = Array.from({ length: most }, (_, turn) => members.map((list) => list[turn]));
  return turns.flat().filter((index) => index !== undefined).slice(0, most);
}
