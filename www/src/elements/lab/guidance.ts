/** The tab "guidance": the same noise at several scales, with the network's own answer or with a classifier's gradient. */
import { css, html, mathml, nothing, type TemplateResult } from "lit";
import type { RunStore } from "../../state/run-store";
import { labGuidanceWords } from "../../strings/lab-guidance";
import { base, controls } from "../../styles/base";
import { StoreElement } from "../store-element";
import { amount, choice, labControls, labParts, range } from "./edit-controls";
import type { Runner } from "./edit-runner";
import { ThemeTones } from "./edit-tones";
import { guidanceDeskOf, MOST_SCALE, readScales, type GuidanceDesk, type Way } from "./guidance-desk";
import "./guidance-interval";
import "./guidance-rows";
import type { LabTab } from "./tabs";
import { Listening } from "./listening";

const CONDITIONING = "model.class_conditioning";

const tilde = mathml`<mover accent="true"><mi>ε</mi><mo stretchy="false">˜</mo></mover>`;
const x = mathml`<msub><mi>x</mi><mi>t</mi></msub>`;
const guess = (given: string): unknown => mathml`<mi>ε</mi><mo stretchy="false">(</mo>${x}<mo>,</mo><mi>${given}</mi><mo stretchy="false">)</mo>`;
const FREE = (label: string): TemplateResult => html`<math display="block" aria-label=${label}>${tilde}<mo>=</mo>${guess("∅")}<mo>+</mo><mi>s</mi><mrow><mo stretchy="false">[</mo>${guess("y")}<mo>−</mo>${guess("∅")}<mo stretchy="false">]</mo></mrow></math>`;
const CLASSIFIER = (label: string): TemplateResult => html`<math display="block" aria-label=${label}>${tilde}<mo>=</mo><mi>ε</mi><mo stretchy="false">(</mo>${x}<mo stretchy="false">)</mo><mo>−</mo><mi>s</mi><msqrt><mrow><mn>1</mn><mo>−</mo><msub><mover accent="true"><mi>α</mi><mo stretchy="false">¯</mo></mover><mi>t</mi></msub></mrow></msqrt><msub><mo>∇</mo>${x}</msub><mi>log</mi><mspace width="0.2em" /><mi>p</mi><mo stretchy="false">(</mo><mi>y</mi><mo>∣</mo>${x}<mo stretchy="false">)</mo></math>`;

export class Guidance extends StoreElement {
  static override topics = ["state", "settings", "data"] as const;
  static override styles = [
    base,
    controls,
    labControls,
    labParts,
    css`
      .modes {
        margin-bottom: 1rem;
      }
      .part > :is(p, math) {
        margin-bottom: 0.75rem;
      }
      math {
        width: fit-content;
        max-width: 100%;
        padding: 0.25rem 0;
        overflow: auto hidden;
        font-size: 1.0625rem;
      }
      .rule {
        margin: 1rem 0 0.75rem;
        border-top: 1px solid var(--line);
      }
      .scales {
        width: 100%;
        min-height: 2rem;
        padding: 0.25rem 0.5rem;
        border: 1px solid var(--edge);
        border-radius: 3px;
        background: var(--plate);
        font-variant-numeric: tabular-nums;
      }
      .scales:hover {
        border-color: var(--ink);
      }
      .ends {
        display: flex;
        justify-content: space-between;
      }
      .numbers {
        display: grid;
        grid-template-columns: repeat(3, 1fr);
        gap: 0.5rem 1rem;
        margin-bottom: 0.5rem;
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
      @media (pointer: coarse) {
        .scales {
          min-height: 2.75rem;
          font-size: 1rem;
        }
      }
      @media (min-width: 60rem) {
        .parts {
          grid-template-columns: 22rem minmax(0, 1fr);
        }
      }
    `,
  ];
  #tones = new ThemeTones(this, () => this.store.task !== "digits" || this.desk.images?.dataset !== "own");

  constructor() {
    super();
    new Listening(this, () => this.desk);
  }

  protected override firstUpdated(): void {
    // Now there is an element to read the tones from.
    this.requestUpdate();
  }

  get desk(): GuidanceDesk {
    return guidanceDeskOf(this.store);
  }

  /** What a runner has to say, below its buttons. */
  #said(runner: Runner, stopping: string): TemplateResult {
    const { fault } = runner;
    const message = fault?.field ? fault.message.replaceAll(fault.field, this.store.label(fault.field)) : fault?.message;
    return html`
      <p class="quiet number" role="status">${runner.stopping ? stopping : runner.progress}${runner.finished ? html`<span class="visually-hidden">${this.desk.words.finished}</span>` : nothing}</p>
      <p class="fault quiet" role="alert" ?hidden=${!message}>${message ?? ""}</p>
    `;
  }

  #starter(text: string, way: Way, disabled: boolean): TemplateResult {
    const { desk } = this;
    const { drawing, words } = desk;
    return html`
      <div class="buttons">
        ${drawing.busy && !drawing.stopping
          ? html`<button type="button" class="cancel" @click=${() => drawing.cancel()}>${words.cancel}</button>`
          : html`<button type="button" class="primary start" ?disabled=${disabled} @click=${() => desk.draw(way)}>${text}</button>`}
      </div>
      ${this.#said(drawing, words.stopping)}
    `;
  }

  #count(): TemplateResult {
    const { desk } = this;
    const { samples } = desk.words;
    return desk.images
      ? amount({ id: "per-class", label: samples.perClass, value: desk.perClass, min: 1, max: 8, input: (perClass) => desk.set({ perClass }) })
      : amount({ id: "points", label: samples.points, value: desk.points, min: 10, max: 2000, input: (points) => desk.set({ points }) });
  }

  // Classifier-free

  /** Why the model cannot be guided by itself; null where it can. */
  #obstacle(): TemplateResult | null {
    const { desk, store } = this;
    const { words } = desk;
    if (desk.both) return null;
    if (desk.told) return html`<p class="empty quiet">${words.dropout}</p>`;
    const turnOn = desk.images
      ? html`<button type="button" @click=${() => void store.set("images.conditioning", "embedding")}>${words.turnOn}</button>`
      : store.table.keys.includes(CONDITIONING)
        ? html`<button type="button" @click=${() => void store.set(CONDITIONING, true)}>${words.turnOn}</button>`
        : nothing;
    return html`<p class="quiet">${words.untold}</p><div class="buttons">${turnOn}</div>`;
  }

  #free(): TemplateResult {
    const { desk } = this;
    const { free, samples } = desk.words;
    const { number } = this.store.text;
    const wrong = readScales(desk.scales) === null;
    const everywhere = desk.from === 0 && desk.to === 1;
    const span = everywhere ? free.everywhere : free.span(number.significant(desk.from), number.significant(desk.to));
    return html`
      <h3>${free.heading}</h3>
      <p>${free.text}</p>
      ${FREE(free.formula)}
      <p class="quiet">${free.convention}</p>
      <div class="rule"></div>
      ${this.#obstacle() ??
      html`
        <div class="control">
          <div class="line"><label for="scales">${free.scales}</label></div>
          <input type="text" id="scales" class="scales" inputmode="text" autocomplete="off" spellcheck="false" .value=${desk.scales} aria-invalid=${wrong ? "true" : "false"}
            aria-describedby=${wrong ? "scales-fault" : "scales-hint"} @change=${(event: Event) => desk.set({ scales: (event.target as HTMLInputElement).value })} />
          <p class="quiet" id="scales-hint" ?hidden=${wrong}>${free.scalesHint}</p>
          <p class="fault quiet" id="scales-fault" role="alert" ?hidden=${!wrong}>${wrong ? free.scalesFault : ""}</p>
        </div>
        <div class="control">
          <div class="line"><span>${free.interval}</span><output class="number">${span}</output></div>
          <unnoise-interval .from=${desk.from} .to=${desk.to} .labels=${{ from: free.from, to: free.to }} .shown=${(value: number) => number.percent(value)}
            @interval=${(event: CustomEvent<{ from: number; to: number }>) => desk.set(event.detail)}></unnoise-interval>
          <p class="ends quiet" aria-hidden="true"><span>${free.data}</span><span>${free.noise}</span></p>
          <p class="quiet">${free.intervalHint}</p>
        </div>
        ${this.#count()}
        <p class="control quiet">${samples.same}</p>
        ${this.#starter(free.start, "free", wrong)}
      `}
    `;
  }

  // With a classifier

  #classifier(): TemplateResult {
    const { desk } = this;
    const { classifier, samples } = desk.words;
    const { number } = this.store.text;
    const { training, classifier: metrics } = desk;
    const value = (name: keyof typeof classifier.readouts, shown: string): TemplateResult => html`<div><dt>${classifier.readouts[name]}</dt><dd data-value=${name}>${shown}</dd></div>`;
    return html`
      <h3>${classifier.heading}</h3>
      <p>${classifier.text}</p>
      ${CLASSIFIER(classifier.formula)}
      <p class="quiet">${classifier.minus}</p>
      <div class="rule"></div>
      ${metrics
        ? html`<dl class="numbers number">
              ${value("step", number.whole(metrics.step))} ${value("loss", number.reading(metrics.loss))} ${value("accuracy", number.percent(metrics.accuracy))}
            </dl>
            <p class="control quiet">${classifier.accuracyHint}</p>`
        : nothing}
      ${amount({ id: "train-steps", label: classifier.steps, value: desk.trainSteps, min: 1, max: 10_000, input: (trainSteps) => desk.set({ trainSteps }) })}
      <div class="buttons">
        ${training.busy && !training.stopping
          ? html`<button type="button" class="stop" @click=${() => training.cancel()}>${classifier.stop}</button>`
          : html`<button type="button" class=${metrics ? "train" : "primary train"} @click=${() => desk.train()}>${metrics ? classifier.more : classifier.train}</button>`}
        ${metrics && !training.busy ? html`<button type="button" class="plain" @click=${() => void desk.drop()}>${classifier.drop}</button>` : nothing}
      </div>
      ${this.#said(training, classifier.stopping)}
      <div class="rule"></div>
      ${range({
        id: "classifier-scale",
        label: classifier.scale,
        value: desk.classifierScale,
        min: 0,
        max: 10,
        step: 0.5,
        shown: number.significant(desk.classifierScale),
        input: (classifierScale) => desk.set({ classifierScale }),
      })}
      ${desk.both
        ? html`<p class="control quiet">${classifier.withoutClass}</p>
            ${amount({ id: "beside", label: classifier.beside, value: desk.beside, min: 0, max: MOST_SCALE, step: 0.5, input: (beside) => desk.set({ beside }) })}`
        : nothing}
      ${this.#count()}
      <p class="control quiet">${samples.same}</p>
      ${this.#starter(classifier.start, "classifier", !metrics)}
      ${metrics ? nothing : html`<p class="quiet">${classifier.needed}</p>`}
    `;
  }

  protected override render(): TemplateResult {
    const { desk } = this;
    const { words } = desk;
    const { tones } = this.#tones;
    if (desk.classes < 2) {
      return html`<span class="probe"></span><p>${words.unlabelled}</p><p class="quiet">${desk.images ? words.unlabelledDigits : words.unlabelledPoints}</p>`;
    }
    return html`
      <span class="probe"></span>
      <div class="modes">
        ${choice({
          name: "way",
          label: words.modes.label,
          silent: true,
          value: desk.way,
          options: (["free", "classifier"] as const).map((value) => ({ value, text: words.modes.names[value] })),
          input: (way) => desk.set({ way }),
        })}
      </div>
      <div class="parts">
        <section class="part">${desk.way === "free" ? this.#free() : this.#classifier()}</section>
        <section class="part">
          <h3>${words.rows.heading}</h3>
          <unnoise-guidance-rows .desk=${desk} .tones=${tones} way=${desk.way}></unnoise-guidance-rows>
        </section>
      </div>
    `;
  }
}

customElements.define("unnoise-guidance", Guidance);

export const guidanceTab: LabTab = {
  name: "guidance",
  tasks: ["points", "digits"],
  title: (lang) => labGuidanceWords(lang).title,
  render: (store: RunStore) => html`<unnoise-guidance .store=${store}></unnoise-guidance>`,
};
