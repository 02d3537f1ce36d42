import { LitElement, type PropertyValues } from "lit";
import type { Topic } from "../state/board";
import type { RunStore } from "../state/run-store";

/** An element that shows part of a store and redraws when one of its topics changes. */
export abstract class StoreElement<S extends RunStore = RunStore> extends LitElement {
  static override properties = { store: { attribute: false } };
  /** What this element shows. */
  static topics: readonly Topic[] = ["state"];
  declare store: S;
  #leave: (() => void) | null = null;
  #joined: RunStore | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#join();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#leave?.();
    this.#leave = this.#joined = null;
  }

  override willUpdate(changed: PropertyValues): void {
    if (changed.has("store")) this.#join();
  }

  #join(): void {
    if (!this.store || this.#joined === this.store) return;
    this.#leave?.();
    this.#joined = this.store;
    const { topics } = this.constructor as typeof StoreElement;
    this.#leave = this.store.subscribe((topic) => {
      if (topics.includes(topic)) this.changed(topic);
    });
  }

  /** Called for each change of a topic; by default redraws the template. */
  protected changed(_topic: Topic): void {
    this.requestUpdate();
  }
}
