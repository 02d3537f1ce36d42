/** Vary: a picture noised part of the way, and what the model makes of it. */
import { css, html, type TemplateResult } from "lit";
import { classPart } from "./edit-class";
import { amount, range } from "./edit-controls";
import type { Desk } from "./edit-desk";
import { DeskElement } from "./edit-element";
import { vary } from "./edit-work";

export class EditVary extends DeskElement {
  static override styles = [
    ...DeskElement.styles,
    css`
      .original {
        width: 8rem;
        margin-bottom: 0.75rem;
      }
      h4 {
        margin: 0.5rem 0 0.25rem;
        font-size: 0.8125rem;
        line-height: 1.25rem;
        font-weight: 400;
        color: var(--ink-2);
      }
    `,
  ];

  #start = (): void => this.desk.runner.start(vary(this.desk));

  /** The result follows the slider once there is one. */
  #set(change: Partial<Desk["vary"]>): void {
    const { desk } = this;
    Object.assign(desk.vary, change);
    if (desk.vary.run) desk.follow(this.#start);
    else desk.changed();
  }

  #results(): TemplateResult {
    const { desk } = this;
    const { words, store, vary: { run } } = desk;
    const { number } = store.text;
    if (!run) return html`<p class="empty quiet">${words.vary.empty}</p>`;
    const row = (images: readonly Float32Array[], of: string): TemplateResult =>
      this.row(images, (i) => `${words.variant(number.whole(i + 1))}: ${of}`);
    const starts = run.timestep < 0 ? words.vary.nothing : words.vary.starts(number.whole(run.timestep));
    return html`<section class="result" data-strength=${run.strength}>
      <h4>${starts}</h4>
      ${row(run.starts, starts)}
      <h4>${words.vary.results}</h4>
      ${row(run.results, words.vary.results)}
      ${this.facts(run)}
    </section>`;
  }

  protected override render(): TemplateResult {
    const { desk } = this;
    const { words, vary: state, store } = desk;
    return html`
      <section class="part">
        <h3>${words.vary.control}</h3>
        <div class="original plate">${this.picture(desk.image(), words.original)}</div>
        ${range({
          id: "strength",
          label: words.vary.strength,
          hint: words.vary.hint,
          value: state.strength,
          min: 0,
          max: 1,
          step: 0.05,
          shown: words.vary.strengthValue(store.text.number.percent(state.strength)),
          input: (strength) => this.#set({ strength }),
        })}
        ${amount({ id: "steps", label: words.settings.steps, value: state.steps, min: 1, max: 1000, input: (steps) => this.#set({ steps }) })}
        ${amount({ id: "variants", label: words.settings.variants, value: state.variants, min: 1, max: 12, input: (variants) => this.#set({ variants }) })}
        ${classPart(desk, { input: () => this.#set({}) })}
        ${this.starter(words.vary.start, this.#start)}
      </section>
      <section class="part">
        <h3>${words.results}</h3>
        <div class="results">${this.#results()}</div>
      </section>
    `;
  }
}

customElements.define("unnoise-edit-vary", EditVary);
