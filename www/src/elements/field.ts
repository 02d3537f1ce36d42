/**
 * One setting: a label, a native input (with a slider where the range invites one), its unit, and the
 * engine's message when it refuses a value. A refused value stays in the input to be corrected.
 */
import { css, html, nothing, type TemplateResult } from "lit";
import { parse } from "../state/hash";
import { FROM_FILE, type Spec, type Value } from "../state/table";
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
      input[type="text"] {
        width: 100%;
        min-height: 2rem;
        padding: 0.25rem 0.5rem;
        border: 1px solid var(--edge);
        border-radius: 3px;
        background: var(--plate);
        font-variant-numeric: tabular-nums;
      }
      input[type="text"]:hover {
        border-color: var(--ink);
      }
      input[type="checkbox"] {
        justify-self: end;
        width: 1.125rem;
        height: 1.125rem;
        margin: 0;
        accent-color: var(--ink);
        cursor: pointer;
      }
      .row:has([type="checkbox"]) {
        grid-template-columns: minmax(0, 1fr) auto;
      }
      .row:has([type="checkbox"]) label {
        cursor: pointer;
        padding-block: 0.375rem;
        line-height: 1.25rem;
      }
      .hint {
        margin: -0.125rem 0 0.375rem;
      }
      @media (pointer: coarse) {
        input[type="text"] {
          min-height: 2.75rem;
          font-size: 1rem;
        }
        .row:has([type="checkbox"]) {
          min-height: 2.75rem;
        }
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

  #commit = async (event: Event): Promise<void> => {
    const input = event.target as HTMLInputElement | HTMLSelectElement;
    const value = this.#value(input);
    if (value === null) return void this.store.say(this.key, this.store.text.ui.settings.notNumbers);
    const taken = await this.store.set(this.key, value);
    // Where another setting is blamed, this one goes back to what it is.
    if (!taken && !this.store.faults.has(this.key)) this.#restore(input);
  };

  /** What the input says; null where it is no value of this setting at all. */
  #value(input: HTMLInputElement | HTMLSelectElement): Value | null {
    const { kind } = this.#spec;
    if (kind === "flag") return (input as HTMLInputElement).checked;
    if (kind === "choice") return input.value;
    if (kind === "numbers") return parse(this.key, input.value, this.store.table);
    return input.value === "" ? NaN : Number(input.value);
  }

  #restore(input: HTMLInputElement | HTMLSelectElement): void {
    const value = this.store.settings?.[this.key];
    if (typeof value === "boolean") (input as HTMLInputElement).checked = value;
    else input.value = String(value ?? "");
  }

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
    const hint = store.text.ui.settings.hints[key];
    return html`
      <div class="row">
        <label for="input">${store.label(key)}</label>
        <div class="value">
          ${this.#input(value, fault)}
          ${unit ? html`<span class="unit" id="unit">${unit}</span>` : nothing}
        </div>
      </div>
      ${hint ? html`<p class="hint quiet" id="hint">${hint}</p>` : nothing}
      ${this.#spec.slider && value !== undefined ? this.#range(Number(value)) : nothing}
      <p class="fault quiet" id="fault" role="alert" ?hidden=${!fault}>${fault ?? ""}</p>
    `;
  }

  #input(value: unknown, fault: string | undefined): TemplateResult {
    const { kind } = this.#spec;
    if (kind === "choice") return this.#select(value, fault);
    if (kind === "flag") return this.#flag(value, fault);
    return kind === "numbers" ? this.#numbers(value, fault) : this.#number(value, fault);
  }

  #flag(value: unknown, fault: string | undefined): TemplateResult {
    return html`<input id="input" type="checkbox" .checked=${value === true} ?disabled=${value === undefined} aria-invalid=${fault ? "true" : "false"}
      aria-describedby="hint fault" @change=${this.#commit} />`;
  }

  #numbers(value: unknown, fault: string | undefined): TemplateResult {
    return html`<input id="input" type="text" inputmode="decimal" autocomplete="off" spellcheck="false" placeholder=${this.store.text.ui.settings.noNumbers[this.key] ?? ""}
      .value=${fault ? this.#typed() : String(value ?? "").replaceAll(",", ", ")} ?disabled=${value === undefined}
      aria-invalid=${fault ? "true" : "false"} aria-describedby="hint fault" @change=${this.#commit} />`;
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
      ${value === FROM_FILE ? html`<option value=${FROM_FILE} selected .selected=${true}>${this.store.choice(this.key, FROM_FILE)}</option>` : nothing}
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
