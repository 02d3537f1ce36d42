/** The visitor's own images: IDX files, a sprite sheet or a set of image files, resized to squares. */

export interface OwnImageOptions {
  side: number;
  channels: number;
  signal?: AbortSignal;
}

export interface ReadImages {
  pixels: Uint8Array;
  labels: Uint8Array;
  classNames: string[];
  count: number;
}

/** Throws an `Error` with a message for the visitor. */
export async function readOwnImages(files: File[], _options: OwnImageOptions): Promise<ReadImages> {
  throw new Error(`${files[0]?.name ?? "The file"} cannot be read: this build reads no images.`);
}
