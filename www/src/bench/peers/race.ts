/** One race: compare first, then time this engine and the peer in turn. */
import type { BackendName } from "../../engine-types";
import type { MakePeer, Outcome, Peer, PeerName, RaceCase, RaceEngine, RaceModel, RaceRequest, RaceResult, RaceTensor, Work } from "./api";

/** Of the largest value of an array: above it the peer has not computed the same. */
const TOLERANCE = 1e-3;
/** Milliseconds that one timing should take at least: work that is quicker is done several times. */
const SPAN = 400;
const MOST = 64;

declare const PEER_VERSIONS: Record<PeerName, string>;

interface Package {
  default(): Promise<unknown>;
  Race: { create(model: RaceModel, batch: number, backend: BackendName): Promise<RaceEngine> };
}

/** A peer that does not compute what this engine does. */
export class Mismatch extends Error {
  readonly kind = "mismatch";
}

const peers: Record<PeerName, () => Promise<{ make: MakePeer }>> = {
  jax: () => import("./jax"),
  tfjs: () => import("./tfjs"),
  onnx: () => import("./onnx"),
};

export async function race(request: RaceRequest, say: (text: string) => void): Promise<RaceResult> {
  const { model, batch, what, backend, peer: name, peerBackend } = request;
  if (name === "onnx" && what === "step") throw new Error("ONNX Runtime Web does not train");
  const address = new URL("../pkg/unnoise.js", import.meta.url).href;
  const engine = (await import(address)) as Package;
  await engine.default();
  say("compiling this engine");
  const ours = await engine.Race.create(model, batch, backend);
  const given = await ours.case();
  say(`compiling ${name}`);
  const { make } = await peers[name]();
  const peer = await make(given, what, peerBackend);
  try {
    const difference = compare(given, await peer.outcome());
    const worst = Math.max(difference.output, difference.loss ?? 0, difference.update ?? 0);
    // Written so that a difference that is no number is one as well.
    if (!(worst <= TOLERANCE)) throw new Mismatch(`${name} differs from this engine: ${JSON.stringify(difference)}`);
    const times = await interleave(ours, peer, request, say);
    return {
      model, batch, what, backend, adapter: ours.adapter(), peer: name, peer_backend: peerBackend, ...times,
      max_difference: difference, versions: { [name]: PEER_VERSIONS[name] },
    };
  } finally {
    peer.destroy();
    ours.destroy();
  }
}

type Times = Pick<RaceResult, "ours_ms" | "peer_ms" | "ratios" | "median_ratio">;

/** Ours, the peer's, ours, the peer's …: what else the machine does meets both. */
async function interleave(ours: RaceEngine, peer: Peer, request: RaceRequest, say: (text: string) => void): Promise<Times> {
  const mine = (times: number): Promise<number> => work(ours, request.what, times);
  // The first of each is warm-up, and tells how often to do it.
  const often = (each: number): number => Math.min(MOST, Math.max(1, Math.ceil(SPAN / each)));
  await mine(1);
  await peer.time(1);
  const [mineOften, theirsOften] = [often(await mine(1)), often(await peer.time(1))];
  const times: Times = { ours_ms: [], peer_ms: [], ratios: [], median_ratio: NaN };
  for (let repeat = 1; repeat <= request.repeats; repeat++) {
    const [a, b] = [await mine(mineOften), await peer.time(theirsOften)];
    times.ours_ms.push(a);
    times.peer_ms.push(b);
    times.ratios.push(b / a);
    say(`repeat ${repeat} of ${request.repeats}: ${a.toFixed(1)} ms, ${request.peer} ${b.toFixed(1)} ms`);
  }
  times.median_ratio = median(times.ratios);
  return times;
}

function work(ours: RaceEngine, what: Work, times: number): Promise<number> {
  return what === "step" ? ours.train(times) : ours.forward(times);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** What the peer made of the case against what this engine did: not the parameters after a step but their change is compared. */
export function compare(given: RaceCase, got: Outcome): RaceResult["max_difference"] {
  const loss = got.loss === null ? null : Math.abs(got.loss - given.loss) / Math.abs(given.loss);
  const update = got.updated && updates(given, got.updated);
  return { output: relative([given.output], [got.output]), loss, update };
}

function updates({ params, updated }: RaceCase, got: RaceTensor[]): number {
  const change = (to: RaceTensor[]): Float32Array[] =>
    to.map(({ values }, at) => values.map((value, i) => value - params[at]!.values[i]!));
  if (got.length !== updated.length) return Infinity;
  return relative(change(updated), change(got));
}

/** `max |a - b| / max |a|`. */
function relative(want: Float32Array[], got: Float32Array[]): number {
  let [difference, largest] = [0, 0];
  want.forEach((values, at) => {
    const other = got[at]!;
    if (other.length !== values.length) difference = Infinity;
    values.forEach((value, i) => {
      largest = Math.max(largest, Math.abs(value));
      const off = Math.abs(value - other[i]!);
      if (!(off <= difference)) difference = off;
    });
  });
  return difference / largest;
}
