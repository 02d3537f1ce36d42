/** Streams to bytes, and the browser's own gzip. */

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** All of a stream. `null` once it has more than `limit` bytes. `progress` hears how many there are after each part. */
export async function collect(
  stream: ReadableStream<Uint8Array>,
  limit = Infinity,
  progress?: (bytes: number) => void,
): Promise<Uint8Array | null> {
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      return null;
    }
    progress?.(length);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Unpacks; `null` if there are more than `limit` bytes. Rejects with a `TypeError` if it is no gzip, damaged or cut off. */
export function gunzip(bytes: Uint8Array, limit = Infinity): Promise<Uint8Array | null> {
  const packed = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  return collect(packed.pipeThrough(new DecompressionStream("gzip")), limit);
}
