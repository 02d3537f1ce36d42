/** One race: compare first, then time this engine and the peer in turn. */
import type { BackendName } from "../../engine-types";
import type { Agreement, MakePeer, Outcome, PeerName, Race, RaceCase, RaceEngine, RaceEvent, RaceModel, RaceTensor } from "./api";

/** Of the largest value: above it the peer has not computed the same. */
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

export async function race({ model, batch, work, ours: backend, peer: name, theirs }: Race, repeats: number, say: (event: RaceEvent) => void): Promise<void> {
  if (name === "onnx" && work === "step") throw new Error("ONNX Runtime Web does not train");
  say({ event: "stage", stage: "loading" });
  const address = new URL("./pkg/unnoise.js", import.meta.url).href;
  const engine = (await import(address)) as Package;
  await engine.default();
  const { make } = await peers[name]();
  say({ event: "stage", stage: "compiling" });
  const ours = await engine.Race.create(model, batch, backend);
  const given = await ours.case();
  const peer = await make(given, work, theirs);
  try {
    say({ event: "stage", stage: "comparing" });
    const agreement = compare(given, await peer.outcome());
    const greatest = Math.max(agreement.output, agreement.loss ?? 0, agreement.update ?? 0);
    say({ event: "agreement", greatest, ...agreement });
    // Written so that a difference that is no number is one as well.
    if (!(greatest <= TOLERANCE)) throw new Mismatch(`${name} does not compute the same: ${JSON.stringify(agreement)}`);

    say({ event: "stage", stage: "racing" });
    const mine = (times: number): Promise<number> => (work === "step" ? ours.train(times) : ours.forward(times));
    // The first of each is warm-up; the second tells how often to do it.
    const often = (each: number): number => Math.min(MOST, Math.max(1, Math.ceil(SPAN / each)));
    await mine(1);
    await peer.time(1);
    const [mineOften, theirsOften] = [often(await mine(1)), often(await peer.time(1))];
    // Ours, theirs, ours, theirs …: what else the machine does meets both.
    for (let repeat = 0; repeat < repeats; repeat++) {
      say({ event: "repeat", ours: await mine(mineOften), theirs: await peer.time(theirsOften) });
    }
    say({ event: "done", adapter: ours.adapter(), version: PEER_VERSIONS[name] });
  } finally {
    peer.destroy();
    ours.destroy();
  }
}

/** What the peer made of the case against what this engine did. */
export function compare(given: RaceCase, got: Outcome): Agreement {
  const loss = got.loss === null ? null : Math.abs(got.loss - given.loss) / Math.abs(given.loss);
  const update = got.updated && updates(given, got.updated);
  return { output: relative([given.output], [got.output]), loss, update };
}

/** Not the parameters after a step but their change: that is small beside them. */
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
