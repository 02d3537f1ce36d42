/** Where the lab goes: its code is fetched when the place comes near the screen. */
import { css, html, nothing, type TemplateResult } from "lit";
import { StoreElement } from "./store-element";

export class LabPlace extends StoreElement {
  static override styles = css`
    :host {
      display: block;
      min-height: 1px;
      margin-top: 2rem;
    }
  `;
  #near: IntersectionObserver | null = null;
  #here = false;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#near = new IntersectionObserver((entries) => void (entries.some((entry) => entry.isIntersecting) && this.fetch()), { rootMargin: "400px" });
    this.#near.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#near?.disconnect();
  }

  /** Brings the lab in now. */
  async fetch(): Promise<void> {
    this.#near?.disconnect();
    await import("../lab");
    this.#here = true;
    this.requestUpdate();
  }

  protected override render(): TemplateResult | typeof nothing {
    return this.#here ? html`<unnoise-lab .store=${this.store}></unnoise-lab>` : nothing;
  }
}

customElements.define("unnoise-lab-place", LabPlace);
