/** Worker of the races: runs the one it is asked for and says how it goes. */
import { toFault } from "../../worker/fault";
import type { Race, RaceAnswer } from "./api";
import { race } from "./race";

const scope = self as unknown as {
  postMessage(answer: RaceAnswer): void;
  onmessage: ((event: MessageEvent<{ race: Race; repeats: number }>) => void) | null;
};

scope.onmessage = ({ data }) => {
  race(data.race, data.repeats, (event) => scope.postMessage(event)).catch((error: unknown) => {
    const { kind, message } = toFault(error);
    scope.postMessage({ event: "fault", kind, message });
  });
};
