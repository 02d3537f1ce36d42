/** The tab "step by step": the chosen sampler's update, in symbols and in the numbers of one sample. */
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import type { Topic } from "../../state/board";
import type { Store } from "../../state/store";
import { stepsWords, type StepsStrings } from "../../strings/lab-steps.en";
import { base, controls } from "../../styles/base";
import { labStyles } from "../../styles/lab";
import { stepsStyle } from "../../styles/steps";
import { icons } from "../icons";
import { StoreElement } from "../store-element";
import { lines } from "./formula";
import { faultOf, Latest } from "./latest";
import { drawSteps, isWhole, trackOf, type StepRun } from "./step-run";
import "./step-picture";
import type { LabTab } from "./tabs";
import { Updates, type Update } from "./updates";

const PLAY_EVERY_MS = 900;

export class LabSteps extends StoreElement {
  static override topics = ["settings", "state", "metrics", "data", "time"] as const;
  static override styles = [
    base,
    controls,
    labStyles,
    stepsStyle,
  ];

  #run: StepRun | null = null;
  #asked = "";
  #fault = "";
  #row = 0;
  #sample = 0;
  #pixel = [0, 0];
  #drawing = new Latest();
  #timer: ReturnType<typeof setInterval> | null = null;

  get #words(): StepsStrings {
    return stepsWords(this.store.text.lang);
  }

  get #count(): number {
    return this.#run?.table.rows.length ?? 0;
  }

  get #side(): number {
    return this.store.config?.images?.side ?? 0;
  }

  override firstUpdated(): void {
    this.#pixel = [Math.floor(this.#side / 2), Math.floor(this.#side / 2)];
    this.#draw(false);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop();
  }

  protected override changed(topic: Topic): void {
    if (topic === "time") return this.#follow();
    // A run that is replaced takes its samples with it.
    if (topic === "data") this.#asked = "";
    if (topic !== "metrics") this.#draw(false);
    this.requestUpdate();
  }

  #draw(again: boolean): void {
    const { config, sampleOptions } = this.store;
    if (!config || !sampleOptions) return;
    const key = JSON.stringify([config, sampleOptions]);
    if (!again && key === this.#asked) return;
    if (!again) this.#run = null;
    this.#asked = key;
    this.#drawing.run(async () => {
      try {
        const run = await drawSteps(this.store);
        if (key !== this.#asked) return;
        this.#run = run && isWhole(run) ? run : null;
        this.#fault = "";
        this.#row = Math.min(this.#row, Math.max(0, this.#count - 1));
        this.#sample = Math.min(this.#sample, (run?.drawn.count ?? 1) - 1);
      } catch (error) {
        this.#run = null;
        this.#fault = faultOf(error).message;
      }
      this.requestUpdate();
    });
    this.requestUpdate();
  }

  // Going through the steps

  /** The bar of time was moved: the step is the one that begins there. */
  #follow(): void {
    const { playback } = this.store;
    if (playback.live || !this.#count) return;
    const row = Math.min(this.#count - 1, Math.floor(playback.position * this.#count + 1e-6));
    if (row === this.#row) return;
    this.#row = row;
    this.requestUpdate();
  }

  #go(row: number): void {
    if (!this.#count) return;
    this.#row = Math.min(this.#count - 1, Math.max(0, row));
    // The picture above stands at the same place.
    this.store.seek(this.#row / this.#count);
    this.requestUpdate();
  }

  #stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  #toggle = (): void => {
    if (this.#timer) {
      this.#stop();
    } else {
      if (this.#row >= this.#count - 1) this.#go(0);
      this.#timer = setInterval(() => {
        if (this.#row >= this.#count - 1) this.#stop();
        else this.#go(this.#row + 1);
        this.requestUpdate();
      }, PLAY_EVERY_MS);
    }
    this.requestUpdate();
  };

  #move(by: number): void {
    this.#stop();
    this.#go(this.#row + by);
  }

  #key = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    const target = event.composedPath()[0];
    if (by === undefined || event.altKey || event.ctrlKey || event.metaKey || target instanceof HTMLInputElement) return;
    event.preventDefault();
    event.stopPropagation();
    this.#move(by);
  };

  #slide = (event: Event): void => {
    this.#stop();
    this.#go((event.target as HTMLInputElement).valueAsNumber);
  };

  #track = (event: CustomEvent<{ sample?: number; pixel?: [number, number] }>): void => {
    const { sample, pixel } = event.detail;
    if (sample !== undefined) this.#sample = sample;
    if (pixel) this.#pixel = pixel;
    this.requestUpdate();
  };

  #typed(event: Event, most: number, take: (value: number) => void): void {
    const input = event.target as HTMLInputElement;
    const value = Math.min(most, Math.max(1, Math.round(input.valueAsNumber) || 1));
    input.value = String(value);
    take(value - 1);
    this.requestUpdate();
  }

  // What is shown

  #coordinates(): number[] {
    const images = this.store.config?.images;
    if (!images) return [0, 1];
    return [(this.#pixel[0]! * images.side + this.#pixel[1]!) * images.channels];
  }

  #format = (value: readonly number[]): string[] => {
    const { number } = this.store.text;
    if (value.length === 1) return [number.exact(value[0]!)];
    const most = Math.max(...value.map(Math.abs));
    const digits = Math.min(6, Math.max(1, 3 - Math.floor(Math.log10(most || 1))));
    const texts = value.map((v) => number.fixed(v, digits).replace("-", "−"));
    // Where one has a sign, the others leave room for it.
    return texts.some((text) => text.startsWith("−")) ? texts.map((text) => (text.startsWith("−") ? text : `\u2007${text}`)) : texts;
  };

  #timeOf(t: number | null): string {
    return t === null ? this.#words.clean : this.#words.time(this.#whole(t));
  }

  #whole(value: number): string {
    const { number } = this.store.text;
    return Number.isInteger(value) ? number.whole(value) : number.fixed(value, 1);
  }

  protected override updated(_changed: PropertyValues): void {
    // Host pages and tests read what was worked out here.
    this.dataset["row"] = String(this.#row);
  }

  /** The update of the step that is shown, worked out for its sample. */
  get worked(): (Update & { next: readonly number[] }) | null {
    const run = this.#run;
    if (!run) return null;
    const track = trackOf(run, this.#sample, this.#coordinates());
    return { ...new Updates(run.table.rows, run.process, track, this.#format).at(this.#row), next: track.x[this.#row + 1]! };
  }

  #formulas(): TemplateResult {
    const words = this.#words;
    const update = this.worked!;
    const part = (title: string, formula: Update["step"] | null): TemplateResult | typeof nothing =>
      formula
        ? html`<section>
            <h3>${title}</h3>
            <div class="scroll" tabindex="0" role="group" aria-label=${title}>${lines(formula.left, formula.right, this.#format)}</div>
          </section>`
        : nothing;
    const notes = [...update.notes, ...(this.#run!.guided ? ["guided"] : [])].map((note) => words.notes[note]).filter(Boolean);
    return html`<div class="formulas">
      ${part(words.reading, update.reading)}${part(words.noise, update.noise)}${part(words.update, update.step)}
      <ul class="notes quiet">${notes.map((note) => html`<li>${note}</li>`)}</ul>
    </div>`;
  }

  #levels(): TemplateResult {
    const { table: words } = this.#words;
    const { number } = this.store.text;
    const row = this.#run!.table.rows[this.#row]!;
    const { flow } = this.#run!.process;
    const finite = (value: number, digits: number): string => (Number.isFinite(value) ? number.fixed(value, digits).replace("-", "−") : value < 0 ? `−${words.infinite}` : words.infinite);
    const both = (name: string, of: (level: { signal: number; noise: number }) => string): TemplateResult =>
      html`<tr><th scope="row">${name}</th><td>${of(row.from)}</td><td>${of(row.to)}</td></tr>`;
    const t = (time: number | null): string => (time === null ? this.#words.clean : this.#whole(time));
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${words.title}>
      <table>
        <thead><tr><td></td><th scope="col">${words.before}</th><th scope="col">${words.after}</th></tr></thead>
        <tbody>
          <tr><th scope="row">${words.t}</th><td>${t(row.timestep)}</td><td>${t(row.next)}</td></tr>
          ${flow ? both(words.sigmaFlow, ({ noise }) => finite(noise, 4)) : both(words.alpha, ({ signal }) => number.exact(signal ** 2))}
          ${both(words.signal, ({ signal }) => finite(signal, 4))} ${both(words.noise, ({ noise }) => finite(noise, 4))}
          ${flow ? nothing : both(words.sigma, ({ signal, noise }) => finite(noise / signal, 3))}
          ${both(words.logSnr, ({ signal, noise }) => finite(2 * Math.log(signal / noise), 2))}
        </tbody>
      </table>
    </div>`;
  }

  #bar(): TemplateResult {
    const words = this.#words;
    const { number } = this.store.text;
    const [i, n] = [number.whole(this.#row + 1), number.whole(this.#count)];
    const row = this.#run?.table.rows[this.#row];
    const value = row ? words.stepValue(i, n, this.#timeOf(row.timestep), this.#timeOf(row.next)) : "";
    const share = this.#count > 1 ? (100 * this.#row) / (this.#count - 1) : 0;
    const disabled = !row;
    return html`<div class="bar">
      <button type="button" title=${words.previous} aria-label=${words.previous} ?disabled=${disabled || this.#row === 0} @click=${() => this.#move(-1)}>${icons.back}</button>
      <button type="button" title=${this.#timer ? words.stop : words.play} aria-label=${this.#timer ? words.stop : words.play} ?disabled=${disabled} @click=${this.#toggle}>${this.#timer ? icons.pause : icons.play}</button>
      <button type="button" title=${words.next} aria-label=${words.next} ?disabled=${disabled || this.#row >= this.#count - 1} @click=${() => this.#move(1)}>${icons.forth}</button>
      <input type="range" min="0" max=${Math.max(1, this.#count - 1)} step="1" .value=${String(this.#row)} ?disabled=${disabled} style="--filled:${share}%"
        aria-label=${words.stepLabel} aria-valuetext=${value} @input=${this.#slide} />
      <output>${row ? words.step(i, n) : ""}</output>
    </div>`;
  }

  #pick(): TemplateResult {
    const words = this.#words;
    const points = this.store.task === "points";
    const count = this.#run?.drawn.count ?? 1;
    const field = (label: string, value: number, most: number, take: (value: number) => void): TemplateResult =>
      html`<label>${label}<input type="number" min="1" max=${most} .value=${String(value + 1)} @change=${(event: Event) => this.#typed(event, most, take)} /></label>`;
    return html`<div class="pick">
      ${field(words.tracked, this.#sample, count, (value) => (this.#sample = value))}
      ${points
        ? html`<span class="quiet">${words.trackedHint}</span>`
        : html`${field(words.pixelRow, this.#pixel[0]!, this.#side, (value) => (this.#pixel = [value, this.#pixel[1]!]))}
            ${field(words.pixelColumn, this.#pixel[1]!, this.#side, (value) => (this.#pixel = [this.#pixel[0]!, value]))}
            <span class="quiet">${words.pixelHint}</span>`}
    </div>`;
  }

  #age(): TemplateResult {
    const words = this.#words;
    const { metrics, text } = this.store;
    const run = this.#run!;
    const now = metrics?.step ?? run.step;
    return html`<p class="drawn quiet"><span>${words.drawn(text.number.whole(run.step))} ${now > run.step ? words.stale(text.number.whole(now)) : ""}</span>
      ${now > run.step ? html`<button type="button" @click=${() => this.#draw(true)}>${words.again}</button>` : nothing}</p>`;
  }

  protected override render(): TemplateResult {
    const words = this.#words;
    const run = this.#run;
    return html`
      <p class="lead">${words.lead}</p>
      <div class="steps" role="group" aria-label=${words.keys} @keydown=${this.#key}>
        ${this.#bar()}
        <p class="fault" role="alert" ?hidden=${!this.#fault}>${this.#fault}</p>
        ${run ? nothing : html`<p class="quiet" role="status">${this.#fault ? "" : words.drawing}</p>`}
        ${run
          ? html`<div class="columns">
              <div>
                <unnoise-step-picture .run=${run} .row=${this.#row} .sample=${this.#sample} .pixel=${this.#pixel} .words=${words} .images=${this.store.config?.images ?? null}
                  .store=${this.store} .points=${this.store.task === "points" ? ((this.store as unknown as Store).data?.points ?? null) : null} @track=${this.#track}></unnoise-step-picture>
                ${this.#pick()} ${this.#age()}
              </div>
              <div>${this.#formulas()} ${this.#levels()}</div>
            </div>`
          : nothing}
      </div>
    `;
  }
}

customElements.define("unnoise-lab-steps", LabSteps);

export const stepsTab: LabTab = {
  name: "steps",
  tasks: ["points", "digits"],
  title: (lang) => stepsWords(lang).title,
  render: (store) => html`<unnoise-lab-steps .store=${store}></unnoise-lab-steps>`,
};
