/** Small native controls of the lab's tabs, and how they look. */
import { css, html, nothing, type TemplateResult } from "lit";

interface Labelled {
  id: string;
  label: string;
  hint?: string;
}

export interface RangeSpec extends Labelled {
  value: number;
  min: number;
  max: number;
  step: number;
  /** The value in words. */
  shown: string;
  disabled?: boolean;
  input(value: number): void;
}

/** A slider with its value in words beside the label. */
export function range({ id, label, hint, value, min, max, step, shown, disabled, input }: RangeSpec): TemplateResult {
  const filled = (100 * (value - min)) / (max - min);
  return html`<div class="control">
    <div class="line"><label for=${id}>${label}</label><output class="number" for=${id}>${shown}</output></div>
    <input type="range" id=${id} min=${min} max=${max} step=${step} .value=${String(value)} style="--filled:${filled}%" ?disabled=${disabled ?? false} aria-valuetext=${shown}
      aria-describedby=${hint ? `${id}-hint` : nothing} @input=${(event: Event) => input((event.target as HTMLInputElement).valueAsNumber)} />
    ${hint ? html`<p class="quiet" id="${id}-hint">${hint}</p>` : nothing}
  </div>`;
}

export interface NumberSpec extends Labelled {
  value: number;
  min: number;
  max: number;
  step?: number;
  /** What the engine said of the value. */
  fault?: string;
  input(value: number): void;
}

/** A number to type; one outside of its bounds is taken to the nearest. */
export function amount({ id, label, hint, value, min, max, step = 1, fault, input }: NumberSpec): TemplateResult {
  const commit = (event: Event): void => {
    const field = event.target as HTMLInputElement;
    const typed = field.valueAsNumber;
    const taken = Number.isFinite(typed) ? Math.min(max, Math.max(min, step === 1 ? Math.round(typed) : typed)) : value;
    field.value = String(taken);
    input(taken);
  };
  return html`<div class="control">
    <div class="line">
      <label for=${id}>${label}${hint ? html` <span class="quiet" id="${id}-hint">${hint}</span>` : nothing}</label>
      <input type="number" inputmode="decimal" id=${id} min=${min} max=${max} step=${step} .value=${String(value)} aria-invalid=${fault ? "true" : "false"}
        aria-describedby=${fault ? `${id}-fault` : hint ? `${id}-hint` : nothing} @change=${commit} />
    </div>
    ${fault ? html`<p class="fault quiet" id="${id}-fault" role="alert">${fault}</p>` : nothing}
  </div>`;
}

export interface ChoiceSpec<T extends string> {
  name: string;
  label: string;
  /** The label is for those who do not see that the choices explain themselves. */
  silent?: boolean;
  options: readonly { value: T; text: string; long?: string; disabled?: boolean }[];
  value: T;
  input(value: T): void;
}

/** A few choices side by side. */
export function choice<T extends string>({ name, label, silent, options, value, input }: ChoiceSpec<T>): TemplateResult {
  return html`<div class="control ${silent ? "" : "line"}">
    ${silent ? nothing : html`<span aria-hidden="true">${label}</span>`}
    <fieldset class="segments">
      <legend class="visually-hidden">${label}</legend>
      ${options.map(
        (option) => html`<label title=${option.long ?? nothing}><input type="radio" name=${name} value=${option.value} .checked=${option.value === value} ?disabled=${option.disabled ?? false}
          aria-label=${option.long ?? nothing} @change=${() => input(option.value)} />${option.text}</label>`,
      )}
    </fieldset>
  </div>`;
}

export const labControls = css`
  .control {
    margin-bottom: 0.75rem;
  }
  .line {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 0 1rem;
    min-height: 2rem;
  }
  .line output {
    color: var(--ink-2);
    font-size: 0.8125rem;
  }
  .line input[type="number"] {
    width: 6rem;
  }
  .line select {
    width: auto;
    max-width: 12rem;
  }
  .fault {
    margin: 0.25rem 0;
    padding: 0.25rem 0.75rem;
    border-left: 2px solid var(--alarm);
    background: var(--alarm-wash);
    color: var(--alarm);
    overflow-wrap: anywhere;
  }
  .segments {
    display: inline-flex;
    max-width: 100%;
    border: 1px solid var(--edge);
    border-radius: 3px;
    background: var(--plate);
  }
  .segments label {
    position: relative;
    flex: auto;
    min-width: 2.75rem;
    padding: 0 0.625rem;
    line-height: 1.875rem;
    text-align: center;
    white-space: nowrap;
    font-weight: 550;
    color: var(--ink-2);
    cursor: pointer;
  }
  .segments label + label {
    border-left: 1px solid var(--line);
  }
  .segments label:hover {
    color: var(--ink);
  }
  .segments label:has(:checked) {
    background: var(--ink);
    color: var(--paper);
  }
  .segments label:has(:disabled) {
    opacity: 0.5;
    cursor: default;
  }
  .segments label:has(:focus-visible) {
    outline: 2px solid var(--focus);
    outline-offset: 2px;
  }
  .segments input {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    margin: 0;
    opacity: 0;
    cursor: inherit;
  }
  .buttons {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.5rem;
    margin-bottom: 0.75rem;
  }
  .probe {
    position: absolute;
    visibility: hidden;
  }
  @media (pointer: coarse) {
    .segments label {
      line-height: 2.75rem;
    }
    .line {
      min-height: 2.75rem;
    }
  }
`;

/** Picture, control and result: three parts in a row, or one below the other. */
export const labParts = css`
  .parts {
    display: grid;
    gap: 1.5rem 2.5rem;
    counter-reset: part;
  }
  .part {
    counter-increment: part;
    min-width: 0;
    border-top: 1px solid var(--ink);
    padding-top: 0.5rem;
  }
  .part > h3 {
    margin-bottom: 0.5rem;
  }
  .part > h3::before {
    content: counter(part);
    display: inline-block;
    min-width: 1.25rem;
    color: var(--ink-2);
    font-weight: 400;
  }
  .lead {
    max-width: 40em;
    margin-bottom: 1rem;
    color: var(--ink-2);
    text-wrap: pretty;
  }
  .empty {
    padding: 1.5rem 1rem;
    border: 1px dashed var(--edge);
    border-radius: 3px;
    text-align: center;
    text-wrap: balance;
  }
  /* Pictures lie on a plate, as the samples do. */
  .plate {
    padding: 0.375rem;
    border: 1px solid var(--line);
    border-radius: 3px;
    background: var(--plate);
  }
  .row {
    display: grid;
    grid-template-columns: repeat(var(--columns, 4), minmax(0, 1fr));
    gap: 0.375rem;
  }
  .cap {
    color: var(--ink-2);
    font-size: 0.8125rem;
    line-height: 1.25rem;
  }
  .result + .result {
    margin-top: 1.25rem;
    border-top: 1px solid var(--line);
    padding-top: 1rem;
  }
  .result .facts {
    margin-top: 0.5rem;
  }
  [data-stale] {
    opacity: 0.5;
  }
  @media (max-width: 30rem) {
    .row {
      grid-template-columns: repeat(4, minmax(0, 1fr));
    }
  }
  @media (min-width: 60rem) {
    .parts {
      grid-template-columns: 16rem 19rem minmax(0, 1fr);
      align-items: start;
    }
  }
`;
