/** Worker of the races: runs the one it is asked for, says how far it is, answers with a result or a fault. */
import { toFault } from "../../worker/fault";
import type { RaceAnswer, RaceRequest } from "./api";
import { Mismatch, race } from "./race";

const scope = self as unknown as {
  postMessage(answer: RaceAnswer): void;
  onmessage: ((event: MessageEvent<RaceRequest>) => void) | null;
};

scope.onmessage = ({ data }) => {
  race(data, (said) => scope.postMessage({ said })).then(
    (result) => scope.postMessage({ result }),
    (error: unknown) => {
      const { kind, message } = toFault(error);
      scope.postMessage({ fault: { kind: error instanceof Mismatch ? error.kind : kind, message } });
    },
  );
};
