/** `<unnoise-bench-races>`: races against other engines, which are fetched when one is started. Fires `started`, `changed` and `finished`. */
import { css, html, nothing, type TemplateResult } from "lit";
import { reading } from "../../bench/names";
import { after, peers, raceKey, raceName, ratios, sidesOf, type PeersModule, type Race, type RaceResult } from "../../bench/racing";
import { base, controls } from "../../styles/base";
import { benchStyles } from "../../styles/bench";
import { BenchElement } from "./element";

const REPEATS = 5;

export class BenchRaces extends BenchElement {
  static override properties = { busy: { type: Boolean } };
  static override styles = [
    base,
    controls,
    benchStyles,
    css`
      td.each {
        white-space: normal;
        min-width: 9rem;
      }
      input[type="number"] {
        width: 5rem;
      }
      .repeats {
        display: flex;
        align-items: center;
        gap: 0.5rem;
      }
    `,
  ];
  /** Something else is measured just now. */
  declare busy: boolean;
  results: RaceResult[] = [];
  #module: PeersModule | null = null;
  #chosen = new Set<string>();
  #repeats = REPEATS;
  #stop: AbortController | null = null;
  #said = "";

  constructor() {
    super();
    this.busy = false;
  }

  /** Runs the races whose key contains `pattern`. */
  async runMatching(pattern: string, repeats: number): Promise<void> {
    if (!(await this.#load())) return;
    this.#repeats = repeats;
    this.#chosen = new Set(this.#module!.races.map(raceKey).filter((key) => key.includes(pattern)));
    await this.#run();
  }

  /** The list of races, which names no engine's code. */
  async #load(): Promise<boolean> {
    if (this.#module) return true;
    try {
      this.#module = await peers();
      this.#chosen = new Set(this.#module.races.map(raceKey));
    } catch {
      this.#said = this.words.races.unavailable;
    }
    this.requestUpdate();
    return this.#module !== null;
  }

  async #run(): Promise<void> {
    const module = this.#module;
    if (!module || this.#stop) return;
    const stop = (this.#stop = new AbortController());
    const { races: words } = this.words;
    this.dispatchEvent(new CustomEvent("started"));
    this.results = [];
    for (const race of module.races.filter((one) => this.#chosen.has(raceKey(one)))) {
      await this.#race(module, race, stop.signal);
      if (stop.signal.aborted) break;
    }
    this.#said = stop.signal.aborted ? words.cancelled : words.finished;
    this.#stop = null;
    this.#changed();
    await this.updateComplete;
    this.dispatchEvent(new CustomEvent("finished"));
  }

  async #race(module: PeersModule, race: Race, signal: AbortSignal): Promise<void> {
    const [words, { number }] = [this.words, this.text];
    const name = raceName(race, module.PEERS, words, number);
    const place = this.results.length;
    const start: RaceResult = { race, name, sides: sidesOf(race, words), repeats: [], ours: 0, theirs: 0, agreement: null, adapter: null, version: null, fault: null };
    this.results.push(start);
    try {
      for await (const event of module.run(race, { repeats: this.#repeats, signal })) {
        if (event.event === "stage") this.#said = words.races.running(name, words.races.stage[event.stage] ?? event.stage);
        this.results[place] = after(this.results[place]!, event);
        this.#changed();
      }
    } catch (error) {
      if (!signal.aborted) this.results[place] = { ...this.results[place]!, fault: error instanceof Error ? error.message : String(error) };
      else if (this.results[place]!.repeats.length === 0) this.results.length = place;
    }
  }

  #changed(): void {
    this.requestUpdate();
    this.dispatchEvent(new CustomEvent("changed"));
  }

  protected override render(): TemplateResult {
    const { races: words } = this.words;
    return html`<section aria-labelledby="races">
      <h2 id="races">${words.title}</h2>
      <p class="lead">${words.lead}</p>
      ${this.#module ? this.#choices(this.#module) : nothing} ${this.#actions()} ${this.results.length > 0 ? this.#table() : nothing}
    </section>`;
  }

  #choices(module: PeersModule): TemplateResult {
    const [words, { number }] = [this.words, this.text];
    const running = this.#stop !== null;
    const toggle = (key: string, on: boolean): void => {
      if (on) this.#chosen.add(key);
      else this.#chosen.delete(key);
      this.requestUpdate();
    };
    return html`<div class="choices">
      <fieldset ?disabled=${running}>
        <legend>${words.races.choose}</legend>
        ${module.races.map((race) => {
          const key = raceKey(race);
          return html`<label class="choice"
            ><input type="checkbox" .checked=${this.#chosen.has(key)} @change=${(event: Event) => toggle(key, (event.target as HTMLInputElement).checked)} /><span
              >${raceName(race, module.PEERS, words, number)} <span class="unit">${sidesOf(race, words)}</span></span
            ></label
          >`;
        })}
      </fieldset>
      <label class="repeats"
        >${words.races.repeats}
        <input type="number" min="1" max="50" .value=${String(this.#repeats)} ?disabled=${running} @change=${(event: Event) => this.#setRepeats(event)} />
      </label>
    </div>`;
  }

  #setRepeats(event: Event): void {
    const value = Math.round(Number((event.target as HTMLInputElement).value));
    this.#repeats = value >= 1 && value <= 50 ? value : REPEATS;
    this.requestUpdate();
  }

  #actions(): TemplateResult {
    const { races: words, cancel } = this.words;
    const button = this.#stop
      ? html`<button type="button" @click=${() => this.#stop?.abort()}>${cancel}</button>`
      : this.#module
        ? html`<button type="button" ?disabled=${this.busy || this.#chosen.size === 0} @click=${() => void this.#run()}>${words.start}</button>`
        : html`<button type="button" ?disabled=${this.busy} @click=${() => void this.#load()}>${words.choose} …</button>`;
    return html`<div class="actions">${button}<span class="quiet" role="status">${this.#said}</span></div>`;
  }

  #table(): TemplateResult {
    const { column, caption } = this.words.races;
    const { ms } = this.words;
    const heads = [column.race, `${column.ours}, ${ms}`, `${column.theirs}, ${ms}`, column.ratio, column.each, column.agreement];
    return html`<div class="scroll" role="region" tabindex="0" aria-label=${caption}>
      <table>
        <caption>${caption}</caption>
        <thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
        <tbody>${this.results.map((result) => this.#row(result))}</tbody>
      </table>
    </div>`;
  }

  #row(result: RaceResult): TemplateResult {
    const [words, { number }] = [this.words, this.text];
    const { all, median } = ratios(result);
    const name = html`<th scope="row">${result.name} <span class="unit">${result.version ?? ""} ${result.sides}</span></th>`;
    if (result.fault !== null) return html`<tr>${name}<td class="left" colspan="5">${words.failed(result.fault)}</td></tr>`;
    const time = (value: number): string => (median === null ? "" : reading(number, value));
    return html`<tr>
      ${name}
      <td>${time(result.ours)}</td>
      <td>${time(result.theirs)}</td>
      <td><b>${median === null ? "" : number.fixed(median, 2)}</b></td>
      <td class="each">${all.map((ratio) => number.fixed(ratio, 2)).join(" · ")}</td>
      <td>${result.agreement === null ? "" : number.exact(result.agreement.greatest)}</td>
    </tr>`;
  }
}

customElements.define("unnoise-bench-races", BenchRaces);
