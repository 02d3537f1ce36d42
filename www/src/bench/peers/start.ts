/** The door to the races: `startRace` runs one in a worker of its own, which fetches the peer. Nothing of a peer is in here. */
import type { RaceAnswer, RaceRequest, RaceResult } from "./api";

export type RaceOutcome = { result: RaceResult } | { fault: { kind: string; message: string } };

/** `say` is told in English how far it is. The worker lies in `bench/`, beside the script that asks for it. */
export function startRace(request: RaceRequest, say: (text: string) => void = () => {}): Promise<RaceOutcome> {
  const worker = new Worker(new URL("./bench/race-worker.js", import.meta.url), { type: "module", name: `race against ${request.peer}` });
  const outcome = new Promise<RaceOutcome>((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<RaceAnswer>) => ("said" in data ? say(data.said) : resolve(data));
    worker.onerror = ({ message }) => resolve({ fault: { kind: "internal", message: message || "race-worker.js" } });
  });
  worker.postMessage(request);
  return outcome.finally(() => worker.terminate());
}
