/** Races against other engines: how they are reached, and what comes of them. The engines are a file of their own, `peers.js`. */
import type { Numbers } from "../strings";
import type { BenchStrings } from "../strings/bench.en";
import type { Agreement, PeerName, Race, RaceEvent } from "./peers";

export type { Race } from "./peers";

/** What `peers.js` has. */
export interface PeersModule {
  PEERS: Record<PeerName, string>;
  races: readonly Race[];
  run(race: Race, options: { repeats: number; signal: AbortSignal }): AsyncIterable<RaceEvent>;
}

/** What is known of a race so far; times in milliseconds. */
export interface RaceResult {
  race: Race;
  name: string;
  sides: string;
  /** Of each repeat. */
  repeats: { ours: number; theirs: number }[];
  /** Medians. */
  ours: number;
  theirs: number;
  agreement: (Agreement & { greatest: number }) | null;
  adapter: string | null;
  version: string | null;
  fault: string | null;
}

/** Fetches the engines' door; the engines themselves come with the first race against each. */
export const peers = async (): Promise<PeersModule> => (await import(new URL("./peers.js", import.meta.url).href)) as PeersModule;

/** By which a race is asked for in the address. */
export const raceKey = ({ model, batch, work, ours, peer, theirs }: Race): string => `${model}-${batch}-${work}-${ours}-${peer}-${theirs}`;

export function raceName(race: Race, called: PeersModule["PEERS"], words: BenchStrings, number: Numbers): string {
  const what = `${words.training.images(words.models[race.model] ?? race.model, number.whole(race.batch))}, ${words.races.work[race.work]}`;
  return words.races.race(called[race.peer], what);
}

export const sidesOf = (race: Race, words: BenchStrings): string => words.races.sides(words.races.ours[race.ours], words.races.theirs[race.theirs]);

const median = (values: readonly number[]): number | null => {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
};

/** How many times as fast this engine was, in each repeat and in the middle one. */
export function ratios({ repeats }: Pick<RaceResult, "repeats">): { all: number[]; median: number | null } {
  const all = repeats.map(({ ours, theirs }) => theirs / ours);
  return { all, median: median(all) };
}

/** A result with what the event adds to it. */
export function after(result: RaceResult, event: RaceEvent): RaceResult {
  switch (event.event) {
    case "agreement":
      return { ...result, agreement: { output: event.output, loss: event.loss, update: event.update, greatest: event.greatest } };
    case "repeat": {
      const repeats = [...result.repeats, { ours: event.ours, theirs: event.theirs }];
      return { ...result, repeats, ours: median(repeats.map((r) => r.ours)) ?? 0, theirs: median(repeats.map((r) => r.theirs)) ?? 0 };
    }
    case "done":
      return { ...result, adapter: event.adapter, version: event.version };
    case "stage":
      return result;
  }
}
