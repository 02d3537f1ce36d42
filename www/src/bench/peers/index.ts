/** The door to the races: each runs in a worker of its own, which fetches the peer. Nothing of a peer is in here. */
import type { PeerName, Race, RaceAnswer, RaceEvent } from "./api";

export type { Agreement, PeerBackend, PeerName, Race, RaceEvent, RaceModel, Work } from "./api";

export const PEERS: Record<PeerName, string> = { jax: "jax-js", tfjs: "TensorFlow.js", onnx: "ONNX Runtime Web" };

/**
 * Each model where it trains and where it samples. The U-Net in wasm meets jax-js on WebGPU, where that is at home: in wasm its
 * convolutions take 15 times what its own products of matrices would.
 */
export const races: readonly Race[] = [
  { model: "mlp", batch: 1024, work: "step", ours: "webgpu", peer: "jax", theirs: "webgpu" },
  { model: "mlp", batch: 1024, work: "step", ours: "webgpu", peer: "tfjs", theirs: "webgpu" },
  { model: "mlp", batch: 1024, work: "step", ours: "cpu", peer: "jax", theirs: "wasm" },
  { model: "course", batch: 8, work: "step", ours: "webgpu", peer: "jax", theirs: "webgpu" },
  { model: "course", batch: 8, work: "step", ours: "webgpu", peer: "tfjs", theirs: "webgpu" },
  { model: "course", batch: 16, work: "forward", ours: "webgpu", peer: "jax", theirs: "webgpu" },
  { model: "course", batch: 16, work: "forward", ours: "webgpu", peer: "tfjs", theirs: "webgpu" },
  { model: "course", batch: 8, work: "step", ours: "cpu", peer: "jax", theirs: "webgpu" },
  { model: "course", batch: 16, work: "forward", ours: "cpu", peer: "onnx", theirs: "wasm" },
];

/**
 * Runs a race, event by event. Throws an `Error` when it cannot be run, with `kind` "mismatch" when the peer computes something
 * else. When the caller leaves the loop or `signal` fires, the worker ends and its devices with it.
 */
export async function* run(race: Race, { repeats, signal }: { repeats: number; signal?: AbortSignal }): AsyncGenerator<RaceEvent> {
  const worker = new Worker(new URL("./bench/race-worker.js", import.meta.url), { type: "module", name: `race against ${race.peer}` });
  const said: RaceAnswer[] = [];
  let wake = (): void => {};
  const hear = (answer: RaceAnswer): void => {
    said.push(answer);
    wake();
  };
  worker.onmessage = ({ data }: MessageEvent<RaceAnswer>) => hear(data);
  worker.onerror = ({ message }) => hear({ event: "fault", kind: "internal", message: message || "race-worker.js" });
  const abort = (): void => wake();
  signal?.addEventListener("abort", abort);
  try {
    worker.postMessage({ race, repeats });
    for (;;) {
      signal?.throwIfAborted();
      const answer = said.shift();
      if (!answer) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      if (answer.event === "fault") throw Object.assign(new Error(answer.message), { kind: answer.kind });
      yield answer;
      if (answer.event === "done") return;
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    worker.terminate();
  }
}
