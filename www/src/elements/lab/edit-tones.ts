/** The tones of grey pictures, which follow the theme. */
import type { ReactiveController, ReactiveControllerHost } from "lit";
import { tonesOf } from "../digits/tones";
import type { Tones } from "../../draw/tiles";

type Host = ReactiveControllerHost & { renderRoot: ParentNode };

/** Redraws its host when the theme has changed. The host has an element `.probe` and says whether its pictures are ink on paper. */
export class ThemeTones implements ReactiveController {
  readonly #host: Host;
  readonly #inked: () => boolean;
  readonly #media = matchMedia("(prefers-color-scheme: dark)");
  #tones: Tones | null = null;
  #of: boolean | null = null;

  constructor(host: Host, inked: () => boolean) {
    this.#host = host;
    this.#inked = inked;
    host.addController(this);
  }

  hostConnected(): void {
    this.#media.addEventListener("change", this.#again);
    window.addEventListener("themechange", this.#later);
  }

  hostDisconnected(): void {
    this.#media.removeEventListener("change", this.#again);
    window.removeEventListener("themechange", this.#later);
  }

  /** Null until the host was drawn for the first time. */
  get tones(): Tones | null {
    const inked = this.#inked();
    if ((!this.#tones || this.#of !== inked) && this.#host.renderRoot?.querySelector(".probe")) {
      this.#tones = tonesOf(this.#host.renderRoot, inked);
      this.#of = inked;
    }
    return this.#tones;
  }

  #again = (): void => {
    this.#tones = null;
    this.#host.requestUpdate();
  };

  /** The event comes before the theme. */
  #later = (): void => void requestAnimationFrame(() => requestAnimationFrame(this.#again));
}
