/** A visitor's files with their folders, from a picker, a drop or a paste. */
import { DataError } from "./fault";

/** A file with its path below what was chosen, e.g. `cats/one.png`. Can be posted to a worker. */
export interface OwnFile {
  path: string;
  file: File;
}

/** Files that systems leave in folders; nobody means them. */
export function isHidden(path: string): boolean {
  const parts = path.split("/");
  return parts.some((part) => part.startsWith(".") || part === "__MACOSX") || /^(thumbs\.db|desktop\.ini)$/i.test(parts.at(-1)!);
}

/** Of an `<input type="file">`, with `webkitdirectory` or without, or of a paste. */
export function filesOfList(list: Iterable<File>): OwnFile[] {
  return Array.from(list, (file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/**
 * Of a drop, with all that is in dropped folders. Call it in the event's own turn, since a drop's items are gone after it.
 * Rejects with a `DataError` that names a folder with nothing in it: a class without images.
 */
export async function filesOfDrop(transfer: DataTransfer): Promise<OwnFile[]> {
  const entries = Array.from(transfer.items, (item) => (item.kind === "file" ? item.webkitGetAsEntry() : null)).filter((entry) => entry !== null);
  // A drop that a script made has files but no entries.
  if (!entries.length) return filesOfList(transfer.files);
  const found: OwnFile[] = [];
  for (const entry of entries) await walk(entry, "", found);
  return found;
}

async function walk(entry: FileSystemEntry, folder: string, found: OwnFile[]): Promise<void> {
  const path = folder + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail)).catch(() => null);
    if (!file) throw new DataError("damaged", path);
    found.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  let entries = 0;
  for (;;) {
    // It hands out a hundred at a time, and none at the end.
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail)).catch(() => null);
    if (!some) throw new DataError("damaged", path);
    if (!some.length) break;
    for (const child of some) {
      if (isHidden(child.name)) continue;
      entries++;
      await walk(child, `${path}/`, found);
    }
  }
  if (!entries) throw new DataError("emptyClass", entry.name);
}
