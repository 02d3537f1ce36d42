/**
 * `<unnoise-bench>`: measures the backends chosen, one after the other, and shows results as they come. Fires `started`, `changed`
 * and `finished`.
 */
import { css, html, nothing, type TemplateResult } from "lit";
import { measure, type BenchJson, type Measured } from "../../bench/measure";
import { caseName } from "../../bench/names";
import type { RaceResult } from "../../bench/racing";
import { reportText } from "../../bench/report";
import type { BackendName, BenchDepth } from "../../engine-types";
import type { Theme } from "../../state/query";
import { base, controls, palette } from "../../styles/base";
import { benchStyles } from "../../styles/bench";
import type { Answer } from "../../worker/bench-worker";
import { download } from "../download";
import { BenchElement } from "./element";
import "./races";
import type { BenchRaces } from "./races";
import "./results";

const BACKENDS: readonly BackendName[] = ["webgpu", "cpu"];
const DEPTHS: readonly BenchDepth[] = ["quick", "standard", "full"];

export class Bench extends BenchElement {
  static override properties = { theme: { reflect: true } };
  static override styles = [
    palette,
    base,
    controls,
    benchStyles,
    css`
      article {
        max-width: 64rem;
        min-height: 100vh;
        margin-inline: auto;
        padding: 2rem 1rem 3rem;
      }
      h1 {
        margin: 1.5rem 0 0.5rem;
        font-size: 1.75rem;
        line-height: 2.25rem;
        font-weight: 700;
        letter-spacing: -0.03em;
        text-wrap: balance;
      }
      ::slotted(pre) {
        margin: 0;
        padding: 1rem;
        overflow-x: auto;
        border: 1px solid var(--line);
        border-radius: 3px;
        background: var(--plate);
        font: 400 0.8125rem/1.25rem var(--mono);
      }
    `,
  ];
  declare theme: Theme;
  /** Part of the names of the cases wanted; all if empty. */
  only = "";
  depth: BenchDepth = "quick";
  readonly backends = new Set<BackendName>(BACKENDS);
  #measured: Measured[] = [];
  #stop: AbortController | null = null;
  /** Cases done, of how many, over all backends as far as they are known. */
  #progress = { done: 0, of: 0 };
  #date = "";
  #said = "";

  constructor() {
    super();
    this.theme = "system";
  }

  get #races(): BenchRaces | null {
    return this.renderRoot.querySelector("unnoise-bench-races");
  }

  get raced(): readonly RaceResult[] {
    return this.#races?.results ?? [];
  }

  /** Everything that was measured, as plain text. */
  get report(): string {
    return reportText(this.#measured, this.raced, this.text, this.text.ui.title, this.#date, navigator.userAgent);
  }

  /** The same for programs. */
  get json(): BenchJson & { races: readonly RaceResult[] } {
    return { date: this.#date, browser: navigator.userAgent, depth: this.depth, backends: this.#measured, races: this.raced };
  }

  /** Measures; comes back when all is done or cancelled. */
  async run(): Promise<void> {
    if (this.#stop) return;
    const stop = (this.#stop = new AbortController());
    this.#measured = [];
    this.#begin();
    const chosen = BACKENDS.filter((backend) => this.backends.has(backend));
    for (const [index, backend] of chosen.entries()) {
      this.#said = this.words.preparing(this.words.backend[backend]);
      this.#measured.push({ backend, adapter: null, peaks: null, outcomes: [], fault: null });
      this.requestUpdate();
      for await (const answer of measure(backend, { depth: this.depth, only: this.only }, stop.signal)) {
        this.#measured[index] = this.#after(this.#measured[index]!, answer, index, chosen.length);
        this.#changed();
      }
      if (stop.signal.aborted) break;
    }
    this.#stop = null;
    await this.#finish(stop.signal.aborted ? this.words.cancelled : this.words.finished);
  }

  /** Runs the races whose key contains `pattern`, so many repeats of each. */
  async race(pattern: string, repeats: number): Promise<void> {
    await this.updateComplete;
    await this.#races?.runMatching(pattern, repeats);
  }

  #begin(): void {
    this.#date = new Date().toISOString().slice(0, 10);
    this.#progress = { done: 0, of: 0 };
    this.dispatchEvent(new CustomEvent("started"));
  }

  #changed(): void {
    this.requestUpdate();
    this.dispatchEvent(new CustomEvent("changed"));
  }

  async #finish(said: string): Promise<void> {
    this.#said = said;
    this.requestUpdate();
    await this.updateComplete;
    this.dispatchEvent(new CustomEvent("finished"));
  }

  #after(before: Measured, answer: Answer, backend: number, backends: number): Measured {
    switch (answer.event) {
      case "peaks":
        return { ...before, adapter: answer.adapter, peaks: answer.peaks };
      case "began": {
        const { number } = this.text;
        const [part, parts] = [number.whole(answer.done + 1), number.whole(answer.of)];
        const name = caseName(answer.name, this.words, number);
        this.#said = this.words.running(this.words.backend[before.backend], name, part, parts);
        this.#progress = { done: backend * answer.of + answer.done, of: backends * answer.of };
        return before;
      }
      case "ended":
        return { ...before, outcomes: [...before.outcomes, answer.outcome] };
      case "done":
        return before;
      case "fault":
        return { ...before, fault: answer.fault };
    }
  }

  async #copy(): Promise<void> {
    const words = this.words;
    this.#said = await navigator.clipboard.writeText(this.report).then(
      () => words.copied,
      () => words.copyFailed,
    );
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const words = this.words;
    return html`
      <article>
        <a href="index.html${playgroundQuery()}">${words.back}</a>
        <h1>${words.title}</h1>
        <p class="lead">${words.lead}</p>
        ${this.#choices()} ${this.#actions()}
        ${this.#measured.map((measured) => html`<unnoise-bench-results .measured=${measured} .lang=${this.lang}></unnoise-bench-results>`)}
        <unnoise-bench-races .lang=${this.lang} .busy=${this.#stop !== null} @started=${() => this.#begin()} @changed=${() => this.#changed()} @finished=${() => void this.#finish(this.#said)}></unnoise-bench-races>
        <slot></slot>
      </article>
    `;
  }

  #choices(): TemplateResult {
    const words = this.words;
    const running = this.#stop !== null;
    const toggle = (backend: BackendName, on: boolean): void => {
      if (on) this.backends.add(backend);
      else this.backends.delete(backend);
      this.requestUpdate();
    };
    return html`<div class="choices">
      <fieldset ?disabled=${running}>
        <legend>${words.where}</legend>
        ${BACKENDS.map(
          (backend) =>
            html`<label class="choice"
              ><input type="checkbox" .checked=${this.backends.has(backend)} @change=${(event: Event) => toggle(backend, (event.target as HTMLInputElement).checked)} />${words.backend[backend]}</label
            >`,
        )}
      </fieldset>
      <fieldset ?disabled=${running}>
        <legend>${words.depth}</legend>
        ${DEPTHS.map((depth) => {
          const [name, takes] = words.depths[depth];
          return html`<label class="choice"
            ><input type="radio" name="depth" .checked=${this.depth === depth} @change=${() => (this.depth = depth)} /><span>${name} <span class="unit">${takes}</span></span></label
          >`;
        })}
      </fieldset>
    </div>`;
  }

  #actions(): TemplateResult {
    const words = this.words;
    const running = this.#stop !== null;
    const some = this.#measured.some(({ outcomes }) => outcomes.length > 0) || this.raced.length > 0;
    const { done, of } = this.#progress;
    return html`<div class="actions">
      ${running
        ? html`<button type="button" @click=${() => this.#stop?.abort()}>${words.cancel}</button>
            <progress aria-label=${words.title} .value=${done} .max=${Math.max(1, of)}></progress>`
        : html`<button type="button" class="primary" ?disabled=${this.backends.size === 0} @click=${() => void this.run()}>${some ? words.again : words.start}</button>`}
      ${some && !running
        ? html`<button type="button" @click=${() => void this.#copy()}>${words.copyReport}</button>
            <button type="button" @click=${() => this.#save()}>${words.saveJson}</button>`
        : nothing}
      <span class="quiet" role="status">${this.backends.size === 0 && !running ? words.chooseBackend : this.#said}</span>
    </div>`;
  }

  #save(): void {
    const text = JSON.stringify(this.json, null, 2);
    download(`unnoise-bench-${this.#date}.json`, new Blob([text], { type: "application/json" }));
  }
}

/** Language and theme go along to the playground. */
function playgroundQuery(): string {
  const query = new URLSearchParams(location.search);
  for (const own of ["auto", "depth", "only", "backend", "races", "repeats"]) query.delete(own);
  return query.size ? `?${query}` : "";
}

customElements.define("unnoise-bench", Bench);
