/**
 * One setting: a label, a native input (with a slider where the range invites one), its unit, and the
 * engine's message when it refuses a value. A refused value stays in the input to be corrected.
 */
import { css, html, nothing, type TemplateResult } from "lit";
import type { Spec } from "../state/table";
import { base, controls } from "../styles/base";
import { StoreElement } from "./store-element";

/** Positions of a logarithmic slider. */
const LOG_STEPS = 200;
/** Factor of one arrow key on a logarithmic setting. */
const NUDGE = 1.2;

export class Field extends StoreElement {
  static override properties = { ...StoreElement.properties, key: { type: String } };
  static override topics = ["settings", "state"] as const;
  static override shadowRootOptions = { ...StoreElement.shadowRootOptions, delegatesFocus: true };
  static override styles = [
    base,
    controls,
    css`
      .row {
        display: grid;
        grid-template-columns: minmax(0, 1fr) minmax(0, 10.5rem);
        align-items: center;
        gap: 0 1rem;
        min-height: 2.5rem;
      }
      .value {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        align-items: center;
      }
      input[step="any"] {
        appearance: textfield;
      }
      input[step="any"]::-webkit-inner-spin-button {
        appearance: none;
        margin: 0;
      }
      .unit {
        margin-left: 0.5rem;
        color: var(--ink-2);
        font-size: 0.8125rem;
      }
      .fault {
        margin: 0.25rem 0 0.5rem;
        padding: 0.25rem 0.75rem;
        border-left: 2px solid var(--alarm);
        background: var(--alarm-wash);
        color: var(--alarm);
        overflow-wrap: anywhere;
      }
    `,
  ];

  declare key: string;
  #timer: ReturnType<typeof setTimeout> | null = null;

  get #spec(): Spec {
    return this.store.table.spec(this.key);
  }

  #commit = (event: Event): void => {
    const input = event.target as HTMLInputElement | HTMLSelectElement;
    const value = this.#spec.kind === "choice" ? input.value : input.value === "" ? NaN : Number(input.value);
    void this.store.set(this.key, value);
  };

  /** On a logarithmic scale an arrow key goes up or down by a factor; adding the browser's 1 would be absurd. */
  #nudge = (event: KeyboardEvent): void => {
    if (this.#spec.step !== "any" || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    const input = event.target as HTMLInputElement;
    const value = Number(input.value) * (event.key === "ArrowUp" ? NUDGE : 1 / NUDGE);
    if (Number.isFinite(value)) void this.store.set(this.key, Number(value.toPrecision(2)));
  };

  /** A slider speaks while it moves; the engine hears at most every 60 ms. */
  #slide = (event: Event): void => {
    const position = (event.target as HTMLInputElement).valueAsNumber;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.store.set(this.key, this.#fromSlider(position)), 60);
  };

  #fromSlider(position: number): number {
    const { min = 0, max = 1, kind, slider } = this.#spec;
    if (slider !== "log") return position;
    const value = min * (max / min) ** (position / LOG_STEPS);
    return kind === "int" ? Math.round(value) : Number(value.toPrecision(2));
  }

  #toSlider(value: number): number {
    const { min = 0, max = 1, slider } = this.#spec;
    const bound = Math.min(max, Math.max(min, value));
    return slider === "log" ? (LOG_STEPS * Math.log(bound / min)) / Math.log(max / min) : bound;
  }

  protected override render(): TemplateResult {
    const { key, store } = this;
    const value = store.settings?.[key];
    const fault = store.faults.get(key);
    const unit = store.unit(key);
    return html`
      <div class="row">
        <label for="input">${store.label(key)}</label>
        <div class="value">
          ${this.#spec.kind === "choice" ? this.#select(value, fault) : this.#number(value, fault)}
          ${unit ? html`<span class="unit" id="unit">${unit}</span>` : nothing}
        </div>
      </div>
      ${this.#spec.slider && value !== undefined ? this.#range(Number(value)) : nothing}
      <p class="fault quiet" id="fault" role="alert" ?hidden=${!fault}>${fault ?? ""}</p>
    `;
  }

  #number(value: unknown, fault: string | undefined): TemplateResult {
    const { step = 1 } = this.#spec;
    // No min and max here: the engine says what is wrong with a value, in words; the browser would only turn the box red.
    return html`<input id="input" type="number" inputmode="decimal" step=${step} .value=${fault ? this.#typed() : String(value ?? "")}
      ?disabled=${value === undefined} aria-invalid=${fault ? "true" : "false"} aria-describedby=${fault ? "fault" : "unit"} @change=${this.#commit} @keydown=${this.#nudge} />`;
  }

  #typed(): string {
    return this.renderRoot.querySelector<HTMLInputElement>("#input")?.value ?? "";
  }

  #select(value: unknown, fault: string | undefined): TemplateResult {
    return html`<select id="input" ?disabled=${value === undefined} aria-invalid=${fault ? "true" : "false"} aria-describedby="fault" @change=${this.#commit}>
      ${this.#spec.choices?.map((name) => html`<option value=${name} ?selected=${name === value} .selected=${name === value}>${this.store.choice(this.key, name)}</option>`)}
    </select>`;
  }

  #range(value: number): TemplateResult {
    const { min = 0, max = 1, step = 1, slider } = this.#spec;
    const log = slider === "log";
    const position = this.#toSlider(value);
    const filled = log ? (100 * position) / LOG_STEPS : (100 * (position - min)) / (max - min);
    const { text } = this.store;
    return html`<input type="range" min=${log ? 0 : min} max=${log ? LOG_STEPS : max} step=${log ? 1 : step} .value=${String(position)}
      style="--filled:${filled}%" aria-label=${this.store.label(this.key)} aria-valuetext=${text.number.significant(value)} @input=${this.#slide} />`;
  }
}

customElements.define("unnoise-field", Field);
