/** Inpainting: what to forget, and what the model makes of it. */
import { css, html, nothing, type TemplateResult } from "lit";
import "./edit-brush";
import { WIDTHS } from "./edit-brush";
import { classPart } from "./edit-class";
import { amount, choice, range } from "./edit-controls";
import { DeskElement } from "./edit-element";
import type { Half, Mask } from "./edit-mask";
import { fill, type Filled } from "./edit-work";

const HALVES: readonly Half[] = ["left", "right", "top", "bottom"];
/** What the seam is compared at. */
const COMPARED = [10, 1] as const;
/** Above this, a known pixel counts as changed; the engine works in 32 bits. */
const EXACT = 1e-6;

export class EditInpaint extends DeskElement {
  static override styles = [
    ...DeskElement.styles,
    css`
      unnoise-brush {
        margin-bottom: 0.5rem;
      }
      .tools {
        display: grid;
        grid-template-columns: repeat(3, 1fr);
        gap: 0.25rem;
        margin-bottom: 0.75rem;
      }
      .halves {
        grid-template-columns: repeat(4, 1fr);
      }
      .tools button {
        padding: 0 0.25rem;
      }
      .cap {
        margin-bottom: 0.25rem;
      }
      .setup {
        display: grid;
        gap: 0 2rem;
      }
      @media (min-width: 64rem) {
        .setup {
          grid-template: "again more" auto "go more" 1fr / 1fr 1fr;
        }
        .again {
          grid-area: again;
        }
        .more {
          grid-area: more;
        }
        .go {
          grid-area: go;
        }
      }
      .numbers {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        justify-content: space-between;
        gap: 0 1.5rem;
        margin-bottom: 0.5rem;
      }
      .numbers b {
        font-weight: 650;
      }
      .seam {
        white-space: nowrap;
      }
      .seam .value {
        font-size: 1.25rem;
        letter-spacing: -0.01em;
      }
      .bad {
        color: var(--alarm);
      }
      .note {
        margin-top: 1rem;
      }
    `,
  ];

  #changed = (): void => this.desk.changed();

  #edit(change: (mask: Mask) => void): void {
    const { mask } = this.desk;
    if (mask) change(mask);
    this.desk.changed();
  }

  #tools(mask: Mask): TemplateResult {
    const { desk } = this;
    const { inpaint } = desk.words;
    const { number } = desk.store.text;
    return html`
      <p class="cap" id="halves">${inpaint.halves}</p>
      <div class="tools halves" role="group" aria-labelledby="halves">
        ${HALVES.map((half) => html`<button type="button" aria-label=${inpaint.halfLong[half]} @click=${() => this.#edit((m) => m.half(half))}>${inpaint.half[half]}</button>`)}
      </div>
      <div class="tools">
        <button type="button" ?disabled=${mask.count === 0} @click=${() => this.#edit((m) => m.clear())}>${inpaint.clear}</button>
        <button type="button" @click=${() => this.#edit((m) => m.invert())}>${inpaint.invert}</button>
        <button type="button" ?disabled=${!mask.canUndo} @click=${() => this.#edit((m) => m.undo())}>${inpaint.undo}</button>
      </div>
      ${choice({
        name: "tool",
        label: inpaint.tools,
        value: desk.brush.forget ? "forget" : "keep",
        options: [
          { value: "forget", text: inpaint.forget },
          { value: "keep", text: inpaint.keep },
        ],
        input: (tool) => {
          desk.brush.forget = tool === "forget";
          desk.changed();
        },
      })}
      ${range({
        id: "width",
        label: inpaint.width,
        value: desk.brush.width,
        min: WIDTHS.least,
        max: WIDTHS.most,
        step: WIDTHS.step,
        shown: inpaint.widthValue(number.whole(desk.brush.width)),
        input: (width) => this.#width(width),
      })}
    `;
  }

  #width(width: number): void {
    this.desk.brush.width = width;
    this.desk.changed();
  }

  #settings(mask: Mask): TemplateResult {
    const { desk } = this;
    const { inpaint: state, words } = desk;
    const { number } = desk.store.text;
    const set = (change: Partial<typeof state>): void => {
      Object.assign(state, change);
      desk.changed();
    };
    const compare = html`<button type="button" class="compare" title=${words.inpaint.compareHint} ?disabled=${mask.count === 0} @click=${() => this.#start(COMPARED)}>${words.inpaint.compare}</button>`;
    return html`
      <div class="again">${range({
        id: "resamples",
        label: words.inpaint.resamples,
        hint: words.inpaint.resamplesHint,
        value: state.resamples,
        min: 1,
        max: 10,
        step: 1,
        shown: words.inpaint.resamplesValue(state.resamples, number.whole(state.resamples)),
        input: (resamples) => set({ resamples }),
      })}</div>
      <div class="more">
      ${choice({
        name: "sampler",
        label: words.settings.sampler,
        value: state.sampler,
        options: (["ddpm", "ddim"] as const).map((name) => ({ value: name, text: words.samplers[name]! })),
        input: (sampler) => set({ sampler }),
      })}
        ${amount({ id: "steps", label: words.settings.steps, value: state.steps, min: 1, max: 1000, input: (steps) => set({ steps }) })}
        ${amount({ id: "variants", label: words.settings.variants, value: state.variants, min: 1, max: 12, input: (variants) => set({ variants }) })}
      ${classPart(desk)}
      </div>
      <div class="go">${this.starter(words.inpaint.start, () => this.#start(), compare, mask.count === 0)}</div>
    `;
  }

  #start(counts?: readonly number[]): void {
    this.desk.runner.start(fill(this.desk, counts));
  }

  #run(run: Filled): TemplateResult {
    const { desk } = this;
    const { inpaint, variant, samplers } = desk.words;
    const { number } = desk.store.text;
    const said = run.seam === null ? inpaint.noSeam : number.reading(run.seam);
    return html`<section class="result" data-resamples=${run.resamples}>
      <div class="numbers">
        <h3>${inpaint.resampled(run.resamples, number.whole(run.resamples))}</h3>
        <span class="seam number">${inpaint.seam} <span class="value">${said}</span></span>
      </div>
      ${this.row(run.results, (i) => variant(number.whole(i + 1)))}
      <p class="facts quiet ${run.drift > EXACT ? "bad" : ""}">
        ${run.forgotten.every((value) => value === 1) ? inpaint.all : run.drift > EXACT ? inpaint.drifted(number.significant(run.drift)) : inpaint.kept}
      </p>
      ${this.facts(run, samplers[run.sampler] ?? run.sampler, `${number.whole(run.steps)} ${desk.words.settings.steps.toLowerCase()}`)}
    </section>`;
  }

  #results(): TemplateResult {
    const { runs } = this.desk.inpaint;
    const { inpaint } = this.desk.words;
    const before = runs[0]?.seamBefore ?? null;
    if (runs.length === 0) return html`<p class="empty quiet">${inpaint.empty}</p>`;
    return html`${runs.map((run) => this.#run(run))}
      <p class="quiet note">${inpaint.seamHint} ${before === null ? nothing : inpaint.seamBefore(this.desk.store.text.number.reading(before))}</p>`;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { desk } = this;
    const { mask, words, brush } = desk;
    const { inpaint } = words;
    if (!mask) return nothing;
    return html`
      <section class="part">
        <h3>${inpaint.control}</h3>
        <unnoise-brush .pixels=${desk.image()} .shape=${desk.shape} .tones=${this.tones} .mask=${mask} .words=${words} .number=${desk.store.text.number}
          .width=${brush.width} .forget=${brush.forget} .version=${{}} @marked=${this.#changed} @width=${(event: CustomEvent<number>) => this.#width(event.detail)}></unnoise-brush>
        ${this.#tools(mask)}
      </section>
      <section class="part">
        <h3>${words.results}</h3>
        <div class="setup">${this.#settings(mask)}</div>
        <div class="results">${this.#results()}</div>
      </section>
    `;
  }
}

customElements.define("unnoise-edit-inpaint", EditInpaint);
