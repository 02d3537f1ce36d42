/** Inversion: the noise that a picture comes from, and the picture that comes of this noise. */
import { css, html, type TemplateResult } from "lit";
import { classPart } from "./edit-class";
import { amount, choice } from "./edit-controls";
import { DeskElement } from "./edit-element";
import { difference } from "./edit-images";
import type { Method } from "./edit-options";
import { invert, type Inverted } from "./edit-work";

/** What the way there and back should lose at most, with enough steps. */
const GOAL = 0.02;
/** Differences are small; they are shown this many times as strong. */
const GAIN = 5;

export class EditInvert extends DeskElement {
  static override styles = [
    ...DeskElement.styles,
    css`
      .chain {
        display: grid;
        grid-template-columns: repeat(4, minmax(0, 1fr));
        gap: 0.5rem;
      }
      .chain figure:not(:last-child) {
        position: relative;
      }
      .numbers {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem 2rem;
        margin: 0.75rem 0;
      }
      .numbers > div {
        display: flex;
        flex-direction: column-reverse;
      }
      dt {
        color: var(--ink-2);
        font-size: 0.75rem;
        line-height: 1rem;
      }
      dd {
        font-size: 1.25rem;
        line-height: 1.75rem;
        letter-spacing: -0.01em;
      }
      table {
        width: 100%;
        max-width: 28rem;
        margin-top: 1rem;
        border-collapse: collapse;
      }
      caption {
        padding-bottom: 0.25rem;
        text-align: left;
        color: var(--ink-2);
        font-size: 0.8125rem;
      }
      th, td {
        padding: 0.125rem 0 0.125rem 1rem;
        border-bottom: 1px solid var(--line);
        text-align: right;
        font-weight: 400;
      }
      th:first-child {
        padding-left: 0;
        text-align: left;
      }
      thead th {
        color: var(--ink-2);
        font-size: 0.8125rem;
      }
      @media (max-width: 30rem) {
        .chain {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }
      }
    `,
  ];

  #start = (): void => this.desk.runner.start(invert(this.desk));

  #run(run: Inverted): TemplateResult {
    const { desk } = this;
    const { invert: words, original } = desk.words;
    const { number } = desk.store.text;
    const image = desk.image()!;
    const { shape } = desk;
    const figure = (pixels: Float32Array, text: string): TemplateResult => html`<figure><div class="plate">${this.picture(pixels, text)}</div><figcaption class="cap" aria-hidden="true">${text}</figcaption></figure>`;
    const value = (name: string, reading: string, text: string): TemplateResult => html`<div><dt>${text}</dt><dd data-value=${name}>${reading}</dd></div>`;
    return html`
      <div class="chain">
        ${figure(image, original)} ${figure(run.noise, words.noise)} ${figure(run.back, words.back)}
        ${figure(difference(run.back, image, shape.scale, GAIN), words.difference(number.whole(GAIN)))}
      </div>
      <dl class="numbers number">
        ${value("error", number.fixed(run.error, 4), `${words.error}, ${words.goal(number.significant(GOAL))}`)}
        ${value("mean", number.fixed(run.mean, 3), words.mean)}
        ${value("deviation", number.fixed(run.deviation, 3), `${words.deviation}; ${words.expected}`)}
      </dl>
    `;
  }

  #table(runs: readonly Inverted[]): TemplateResult {
    const { words, store } = this.desk;
    const { number } = store.text;
    return html`<table class="number">
      <caption>${words.invert.table}</caption>
      <thead><tr><th scope="col">${words.settings.sampler}</th><th scope="col">${words.settings.steps}</th><th scope="col">${words.invert.error}</th></tr></thead>
      <tbody>
        ${[...runs].sort((a, b) => a.steps - b.steps).map((run) => html`<tr><th scope="row">${words.samplers[run.sampler] ?? run.sampler}</th><td>${number.whole(run.steps)}</td><td>${number.fixed(run.error, 4)}</td></tr>`)}
      </tbody>
    </table>`;
  }

  protected override render(): TemplateResult {
    const { desk } = this;
    const { words, invert: state } = desk;
    const [last] = state.runs;
    const set = (change: Partial<typeof state>): void => {
      Object.assign(state, change);
      desk.changed();
    };
    return html`
      <section class="part">
        <h3>${words.invert.control}</h3>
        ${choice<Method>({
          name: "method",
          label: words.settings.sampler,
          value: state.sampler,
          options: (["ddim", "heun"] as const).map((name) => ({ value: name, text: words.samplers[name]! })),
          input: (sampler) => set({ sampler }),
        })}
        ${amount({ id: "steps", label: words.settings.steps, value: state.steps, min: 2, max: 1000, input: (steps) => set({ steps }) })}
        ${classPart(desk, { guided: false })}
        <p class="control quiet">${words.invert.hint}</p>
        ${this.starter(words.invert.start, this.#start)}
      </section>
      <section class="part">
        <h3>${words.results}</h3>
        <div class="results">
          ${last ? html`${this.#run(last)} ${this.facts(last, words.samplers[last.sampler] ?? last.sampler)} ${this.#table(state.runs)}` : html`<p class="empty quiet">${words.invert.empty}</p>`}
        </div>
      </section>
    `;
  }
}

customElements.define("unnoise-edit-invert", EditInvert);
