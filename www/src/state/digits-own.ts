/** The visitor's own images: read, cut out of a sheet, and fitted to the network. */
import { DataError, describe } from "../data/fault";
import type { Grid } from "../data/grid";
import type { OwnFile } from "../data/own-files";
import { readOwnImages } from "../data/own-images";
import type { OwnImages, Presets } from "../worker/protocol";
import type { Client } from "./client";
import { presetOf } from "./digits-config";
import type { DigitsStore } from "./digits-store";
import type { Settings } from "./table";

/** How one file divides into images. */
export interface Cut extends Grid {
  rowsAreClasses: boolean;
}

/** Files, and how to cut them; null: as it looks best. */
interface Given {
  files: OwnFile[];
  cut: Cut | null;
}

/** Faults of a sheet that another cut may mend. */
const CUT_FAULTS: readonly string[] = ["sheetGuess", "sheetGrid", "sheetEmpty", "emptyClass", "tooManyClasses"];

export class OwnSet {
  images: OwnImages | null = null;
  reading = false;
  /** How the file was cut, or was to be; null where there is nothing to cut. */
  cut: Cut | null = null;
  #store: DigitsStore;
  #client: Client;
  /** What `images` were read from. */
  #given: Given | null = null;
  /** What was given last, whether it could be read or not. */
  #last: Given | null = null;

  constructor(store: DigitsStore, client: Client) {
    this.#store = store;
    this.#client = client;
  }

  /** The last files again, cut as the visitor says; null: as it looks best. */
  recut(cut: Cut | null): Promise<boolean> {
    return this.#last ? this.#store.takeImages(this.#last.files, cut) : Promise.resolve(false);
  }

  /** Reads files for the network of `settings`; on failure the message stands beside the data set. */
  take(files: OwnFile[], settings: Settings, presets: Presets, cut: Cut | null): Promise<boolean> {
    this.#last = { files, cut };
    return this.#read(this.#last, settings, presets);
  }

  /** Images must have the network's size and colours; they are read again when those change. */
  async fit(settings: Settings, presets: Presets, key: string): Promise<boolean> {
    const { side } = presets[presetOf(settings)].own.images!;
    if (this.images?.side === side && this.images.channels === Number(settings["images.channels"])) return true;
    if (!this.#given) return this.#store.say(key, this.#store.words.run.needImages);
    return this.#read(this.#given, settings, presets);
  }

  async #read(given: Given, settings: Settings, presets: Presets): Promise<boolean> {
    const store = this.#store;
    const { files, cut } = given;
    const { side } = presets[presetOf(settings)].own.images!;
    const channels = settings["images.channels"] === "3" ? 3 : 1;
    this.reading = true;
    store.hush();
    try {
      const read = await readOwnImages(files, { side, channels, grid: cut ?? "guess", rowsAreClasses: cut?.rowsAreClasses ?? false });
      const images = { pixels: read.pixels, labels: read.labels, classNames: read.classes, count: read.count, side, channels } as const;
      await this.#client.call({ type: "own_images", images });
      this.images = images;
      this.#given = given;
      this.cut = read.grid && { ...read.grid, rowsAreClasses: cut?.rowsAreClasses ?? false };
      return true;
    } catch (error) {
      const mendable = error instanceof DataError && files.length === 1 && CUT_FAULTS.includes(error.code);
      if (mendable) this.cut = cut ?? { columns: 1, rows: 1, rowsAreClasses: false };
      else this.#last = this.#given;
      return store.sayOfImages(describe(error, store.text) ?? String(error));
    } finally {
      this.reading = false;
      store.emit("data");
    }
  }
}
