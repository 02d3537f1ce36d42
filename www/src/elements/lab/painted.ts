import type { PropertyValues } from "lit";
import { StoreElement } from "../store-element";

/** An element with canvases: painted after each update, when its size changes, and when the colours do. */
export abstract class PaintedElement extends StoreElement {
  #observer: ResizeObserver | null = null;
  #media = matchMedia("(prefers-color-scheme: dark)");
  #again = (): void => this.paint();
  /** The event comes before the new colours do. */
  #soon = (): void => void setTimeout(this.#again, 50);

  protected abstract paint(): void;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#media.addEventListener("change", this.#again);
    window.addEventListener("themechange", this.#soon);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#media.removeEventListener("change", this.#again);
    window.removeEventListener("themechange", this.#soon);
    this.#observer?.disconnect();
    this.#observer = null;
  }

  override updated(_changed: PropertyValues): void {
    if (!this.#observer) {
      this.#observer = new ResizeObserver(this.#again);
      this.#observer.observe(this);
    }
    this.paint();
  }
}
