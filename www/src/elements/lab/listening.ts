import type { ReactiveController, ReactiveControllerHost } from "lit";

/** What tells its listeners of a change. */
export interface Telling {
  listen(listener: () => void): () => void;
}

/** Redraws an element whenever what it shows tells of a change, for as long as the element is in the page. */
export class Listening implements ReactiveController {
  #host: ReactiveControllerHost;
  #source: () => Telling | null | undefined;
  #heard: Telling | null = null;
  #leave: (() => void) | null = null;

  /** `source` may name another thing at every update. */
  constructor(host: ReactiveControllerHost, source: () => Telling | null | undefined) {
    this.#host = host;
    this.#source = source;
    host.addController(this);
  }

  hostConnected(): void {
    this.#host.requestUpdate();
  }

  hostDisconnected(): void {
    this.#leave?.();
    this.#leave = this.#heard = null;
  }

  hostUpdate(): void {
    const source = this.#source();
    if (!source || source === this.#heard) return;
    this.#leave?.();
    this.#heard = source;
    this.#leave = source.listen(() => this.#host.requestUpdate());
  }
}
