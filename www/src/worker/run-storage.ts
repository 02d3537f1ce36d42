/**
 * The browser's own storage for one run of the digits task and the images it needs: the origin's private file system,
 * or IndexedDB where files there cannot be written. A file is replaced as a whole or not at all.
 */
import type { OwnImages, StoredRun } from "./protocol";

const FOLDER = "unnoise-digits";
type Name = "run" | "images";

/** What a stored file holds: a description as JSON, then bytes. */
interface Entry<T> {
  about: T;
  bytes: Uint8Array;
}

interface Backing {
  read(name: Name): Promise<Blob | null>;
  write(name: Name, blob: Blob): Promise<void>;
  remove(name: Name): Promise<void>;
}

export class RunStorage {
  #backing: Promise<Backing> = open();

  /** The description of the stored run, without its weights. */
  async peek(): Promise<StoredRun | null> {
    const blob = await (await this.#backing).read("run");
    return blob && about<StoredRun>(blob);
  }

  async load(): Promise<Entry<StoredRun> | null> {
    return this.#entry<StoredRun>("run");
  }

  async save(run: StoredRun, checkpoint: Uint8Array): Promise<void> {
    await (await this.#backing).write("run", pack(run, checkpoint));
  }

  async discard(): Promise<void> {
    const backing = await this.#backing;
    await backing.remove("run");
    await backing.remove("images");
  }

  async saveImages({ pixels, labels, ...rest }: OwnImages): Promise<void> {
    const bytes = new Uint8Array(pixels.length + labels.length);
    bytes.set(pixels);
    bytes.set(labels, pixels.length);
    await (await this.#backing).write("images", pack(rest, bytes));
  }

  async images(): Promise<OwnImages | null> {
    const entry = await this.#entry<Omit<OwnImages, "pixels" | "labels">>("images");
    if (!entry) return null;
    const split = entry.bytes.length - entry.about.count;
    return { ...entry.about, pixels: entry.bytes.slice(0, split), labels: entry.bytes.slice(split) };
  }

  async #entry<T>(name: Name): Promise<Entry<T> | null> {
    const blob = await (await this.#backing).read(name);
    const found = blob && (await about<T>(blob));
    if (!blob || !found) return null;
    const start = 4 + new DataView(await blob.slice(0, 4).arrayBuffer()).getUint32(0, true);
    return { about: found, bytes: new Uint8Array(await blob.slice(start).arrayBuffer()) };
  }
}

/** The length of the JSON in four bytes, the JSON, the bytes. */
function pack(description: unknown, bytes: Uint8Array): Blob {
  const json = new TextEncoder().encode(JSON.stringify(description));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, json.length, true);
  return new Blob([length, json, bytes as BlobPart]);
}

/** Null where the file is damaged: it is then as if there were none. */
async function about<T>(blob: Blob): Promise<T | null> {
  try {
    const length = new DataView(await blob.slice(0, 4).arrayBuffer()).getUint32(0, true);
    return JSON.parse(await blob.slice(4, 4 + length).text()) as T;
  } catch {
    return null;
  }
}

async function open(): Promise<Backing> {
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(FOLDER, { create: true });
    if ("createWritable" in FileSystemFileHandle.prototype) return files(folder);
  } catch {
    // Not in this browser, or not in a private window.
  }
  return database();
}

function files(folder: FileSystemDirectoryHandle): Backing {
  return {
    async read(name) {
      return folder.getFileHandle(name).then(
        (file) => file.getFile(),
        () => null,
      );
    },
    async write(name, blob) {
      // The browser writes to a copy and puts it in place on closing.
      const out = await (await folder.getFileHandle(name, { create: true })).createWritable();
      await out.write(blob);
      await out.close();
    },
    async remove(name) {
      await folder.removeEntry(name).catch(() => undefined);
    },
  };
}

async function database(): Promise<Backing> {
  const request = indexedDB.open(FOLDER, 1);
  request.onupgradeneeded = () => request.result.createObjectStore("files");
  const db = await settled(request);
  const files = (mode: IDBTransactionMode): IDBObjectStore => db.transaction("files", mode).objectStore("files");
  return {
    async read(name) {
      const bytes = await settled<ArrayBuffer | undefined>(files("readonly").get(name));
      return bytes ? new Blob([bytes]) : null;
    },
    async write(name, blob) {
      const bytes = await blob.arrayBuffer();
      await settled(files("readwrite").put(bytes, name));
    },
    async remove(name) {
      await settled(files("readwrite").delete(name));
    },
  };
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser's storage refused"));
  });
}
