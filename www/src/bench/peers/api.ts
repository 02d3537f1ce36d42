/** What a race is made of: the same model with the same weights and inputs in this engine and in another one. */
import type { BackendName, Config } from "../../engine-types";

export type RaceModel = "mlp" | "tiny" | "small" | "course";
export type PeerName = "jax" | "tfjs" | "onnx";
export type PeerBackend = "webgpu" | "wasm";
/** A training step, or a forward pass of the network. */
export type Work = "step" | "forward";

/** One race. */
export interface Race {
  model: RaceModel;
  batch: number;
  work: Work;
  /** Where this engine runs. */
  ours: BackendName;
  peer: PeerName;
  /** Where the peer runs. */
  theirs: PeerBackend;
}

/** An array in PyTorch's layout. */
export interface RaceTensor {
  name: string;
  shape: number[];
  values: Float32Array;
}

/** What the peer is given, and what this engine made of it: `RaceCase` in `src/train/race.rs`. */
export interface RaceCase {
  config: Config;
  params: RaceTensor[];
  /** The parameters after one step of AdamW. */
  updated: RaceTensor[];
  /** `[B, 2]`, or `[B, 1, side, side]`; so are `noise` and `output`. */
  x: Float32Array;
  noise: Float32Array;
  t: Uint32Array;
  /** Empty for points. */
  labels: Uint32Array;
  output: Float32Array;
  loss: number;
}

/** The class `Race` of the wasm package. */
export interface RaceEngine {
  adapter(): string;
  case(): Promise<RaceCase>;
  /** Milliseconds each, over so many, all work done at both ends of the clock. */
  train(times: number): Promise<number>;
  forward(times: number): Promise<number>;
  destroy(): void;
}

/** What a peer makes of a case: the output of a forward pass, and for training also the loss and the parameters after a step. */
export interface Outcome {
  output: Float32Array;
  loss: number | null;
  updated: RaceTensor[] | null;
}

/** Another engine with a case loaded. */
export interface Peer {
  /** From the case's own weights: to be asked before anything is timed. Compiles what has to be. */
  outcome(): Promise<Outcome>;
  /** As {@link RaceEngine.train}, for the work it was made for. */
  time(times: number): Promise<number>;
  destroy(): void;
}

export type MakePeer = (given: RaceCase, what: Work, backend: PeerBackend) => Promise<Peer>;

/** Greatest difference of a value, by the largest value of its kind: output, loss, change of the parameters in one step. */
export interface Agreement {
  output: number;
  loss: number | null;
  update: number | null;
}

/** How a race goes. */
export type RaceEvent =
  | { event: "stage"; stage: "loading" | "compiling" | "comparing" | "racing" }
  | ({ event: "agreement"; greatest: number } & Agreement)
  /** Milliseconds of one step or pass. */
  | { event: "repeat"; ours: number; theirs: number }
  | { event: "done"; adapter: string; version: string };

/** What the races' worker says; a fault is the last. */
export type RaceAnswer = RaceEvent | { event: "fault"; kind: string; message: string };
