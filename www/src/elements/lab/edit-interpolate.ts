/** Interpolation: from one end to the other through noise, or through pictures noised part of the way. */
import { css, html, nothing, type TemplateResult } from "lit";
import { SEED_MAX } from "../../state/table";
import { classPart } from "./edit-class";
import { amount, choice, range } from "./edit-controls";
import type { Desk } from "./edit-desk";
import { DeskElement } from "./edit-element";
import { BETWEEN, interpolate } from "./edit-work";

export class EditInterpolate extends DeskElement {
  static override styles = [
    ...DeskElement.styles,
    css`
      .ends {
        display: flex;
        gap: 0.75rem;
        margin-bottom: 0.75rem;
      }
      .ends figure {
        width: 6rem;
      }
      .nine {
        display: grid;
        grid-template-columns: repeat(${BETWEEN}, minmax(0, 1fr));
        gap: 3px;
      }
      h4 {
        margin: 0.5rem 0 0.25rem;
        font-size: 0.8125rem;
        line-height: 1.25rem;
        font-weight: 400;
        color: var(--ink-2);
      }
      .scale {
        display: flex;
        justify-content: space-between;
      }
      @media (max-width: 40rem) {
        .nine {
          grid-template-columns: repeat(3, minmax(0, 1fr));
        }
        .scale {
          display: none;
        }
      }
    `,
  ];

  #start = (): void => this.desk.runner.start(interpolate(this.desk));

  #set(change: Partial<Desk["interpolate"]>): void {
    const { desk } = this;
    Object.assign(desk.interpolate, change);
    if (desk.interpolate.run) desk.follow(this.#start);
    else desk.changed();
  }

  #ends(): TemplateResult {
    const { desk } = this;
    const { words, interpolate: state } = desk;
    if (state.ends === "seeds") {
      return html`${(["a", "b"] as const).map((which) =>
        amount({
          id: `seed-${which}`,
          label: words.interpolate.seed[which],
          value: state.seeds[which],
          min: 0,
          max: SEED_MAX,
          input: (seed) => this.#set({ seeds: { ...state.seeds, [which]: seed } }),
        }),
      )}`;
    }
    return html`<div class="ends">
      ${(["a", "b"] as const).map((which) => html`<figure><div class="plate">${this.picture(desk.image(which), words.source.ends[which])}</div><figcaption class="cap" aria-hidden="true">${words.source.ends[which]}</figcaption></figure>`)}
    </div>`;
  }

  #results(): TemplateResult {
    const { desk } = this;
    const { words, store, interpolate: { run } } = desk;
    const { number } = store.text;
    if (!run) return html`<p class="empty quiet">${words.interpolate.empty}</p>`;
    const row = (images: readonly Float32Array[], of: string): TemplateResult => html`
      <h4>${of}</h4>
      <div class="nine plate">${images.map((image, i) => html`<figure>${this.picture(image, `${of}, ${words.interpolate.between(number.percent(i / (images.length - 1)))}`)}</figure>`)}</div>
    `;
    return html`<section class="result" data-way=${run.way}>
      ${row(run.starts, run.timestep < 0 ? words.interpolate.blends : words.interpolate.starts(number.whole(run.timestep)))}
      ${row(run.results, words.interpolate.results)}
      <p class="scale quiet" aria-hidden="true"><span>${words.source.ends.a}</span><span>${words.source.ends.b}</span></p>
      ${this.facts(run)}
    </section>`;
  }

  protected override render(): TemplateResult {
    const { desk } = this;
    const { words, interpolate: state, store } = desk;
    const seeds = state.ends === "seeds";
    const deep = state.way === "depth" && !seeds;
    const hint = seeds ? words.interpolate.seedsHint : deep ? words.interpolate.depthHint : words.interpolate.noiseHint;
    return html`
      <section class="part">
        <h3>${words.interpolate.control}</h3>
        ${choice({
          name: "ends",
          label: words.interpolate.ends,
          value: state.ends,
          options: (["images", "seeds"] as const).map((value) => ({ value, text: words.interpolate.endNames[value] })),
          input: (ends) => this.#set({ ends }),
        })}
        ${this.#ends()}
        ${choice({
          name: "way",
          label: words.interpolate.way,
          value: deep ? "depth" : "noise",
          options: (["noise", "depth"] as const).map((value) => ({ value, text: words.interpolate.wayNames[value], disabled: seeds && value === "depth" })),
          input: (way) => this.#set({ way }),
        })}
        <p class="control quiet">${hint}</p>
        ${deep
          ? range({
              id: "depth",
              label: words.interpolate.depth,
              value: state.depth,
              min: 0,
              max: 1,
              step: 0.05,
              shown: words.interpolate.depthValue(store.text.number.percent(state.depth)),
              input: (depth) => this.#set({ depth }),
            })
          : nothing}
        ${amount({ id: "steps", label: words.settings.steps, value: state.steps, min: 1, max: 1000, input: (steps) => this.#set({ steps }) })}
        ${classPart(desk, { guided: deep || seeds, input: () => this.#set({}) })}
        ${desk.conditioned && desk.class === "own" && !seeds ? html`<p class="control quiet">${words.interpolate.classHint}</p>` : nothing}
        ${this.starter(words.interpolate.start, this.#start)}
      </section>
      <section class="part">
        <h3>${words.results}</h3>
        <div class="results">${this.#results()}</div>
      </section>
    `;
  }
}

customElements.define("unnoise-edit-interpolate", EditInterpolate);
