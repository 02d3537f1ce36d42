/** The tab "schedule": signal and noise over t, a curve that can be drawn by hand, and diffusers' file of it. */
import { css, html, nothing, type TemplateResult } from "lit";
import { crossing, falling, levelsOf, monotoneCubic, sampled } from "../../draw/log-snr";
import type { Topic } from "../../state/board";
import { scheduleWords, type ScheduleStrings } from "../../strings/lab-schedule.en";
import { base, controls } from "../../styles/base";
import { labStyles } from "../../styles/lab";
import type { SamplerTable, ScheduleTable } from "../../worker/ask";
import "../field";
import { StoreElement } from "../store-element";
import { faultOf, Latest } from "./latest";
import { GAP, MIDDLE, type CurveView } from "./schedule-plot";
import "./schedule-plot";
import "./scheduler-file";
import type { LabTab } from "./tabs";

const HANDLES = 9;
const VIEWS: readonly CurveView[] = ["log_snr", "alpha", "levels"];
/** Below this share no eye sees the signal. */
const LITTLE = 0.02;
const LOG_SNR = "schedule.log_snr";

export class LabSchedule extends StoreElement {
  static override topics = ["settings", "state"] as const;
  static override styles = [
    base,
    controls,
    labStyles,
    css`
      .key {
        display: flex;
        flex-wrap: wrap;
        gap: 0.25rem 1.25rem;
        margin-top: 0.5rem;
      }
      .key span {
        display: inline-flex;
        align-items: center;
        gap: 0.5rem;
      }
      .key svg {
        width: 1.25rem;
        height: 0.75rem;
        fill: none;
        stroke: var(--ink);
        stroke-width: 2;
      }
      .key .accent svg {
        stroke: var(--samples);
      }
      .key .old svg {
        stroke: var(--data);
        stroke-dasharray: 3 3;
      }
      .key .dashed svg {
        stroke: var(--samples);
        stroke-dasharray: 7 3;
      }
      .draft {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem;
        min-height: 2.75rem;
        margin-top: 0.5rem;
      }
      .draft p {
        flex: 1 1 14rem;
      }
      .side {
        display: grid;
        gap: 1.5rem;
        align-content: start;
      }
    `,
  ];

  #view: CurveView = "log_snr";
  #table: ScheduleTable | null = null;
  #rows: SamplerTable | null = null;
  #asked = "";
  #askedRows = "";
  #fault = "";
  /** The handles' values while they differ from the schedule in use. */
  #draft: readonly number[] | null = null;
  #applying = false;
  #questions = new Latest();

  get #words(): ScheduleStrings {
    return scheduleWords(this.store.text.lang);
  }

  protected override changed(_topic: Topic): void {
    this.#ask();
    this.requestUpdate();
  }

  override firstUpdated(): void {
    this.#ask();
  }

  #ask(): void {
    const { config, sampleOptions } = this.store;
    if (!config || !sampleOptions) return;
    const key = JSON.stringify(config.schedule);
    const rowsKey = `${key} ${JSON.stringify({ ...sampleOptions, num_samples: 0, seed: 0, labels: [] })}`;
    if (rowsKey === this.#askedRows) return;
    const anew = key !== this.#asked;
    if (anew && !this.#applying) this.#draft = null;
    [this.#asked, this.#askedRows] = [key, rowsKey];
    this.#questions.run(async () => {
      try {
        if (anew || !this.#table) this.#table = await this.store.ask("schedule_table", config.schedule);
        this.#fault = "";
      } catch (error) {
        this.#fault = faultOf(error).message;
      }
      // A sampler that does not suit has its message beside the setting; then nothing is visited.
      this.#rows = await this.store.ask("sampler_table", config, sampleOptions).catch(() => null);
      this.requestUpdate();
    });
  }

  get #flow(): boolean {
    return this.store.settings?.["schedule.prediction_type"] === "flow_prediction";
  }

  get #knots(): readonly number[] {
    return this.#draft ?? (this.#table ? falling(sampled(this.#table.log_snr, HANDLES), GAP) : []);
  }

  /** Where the sampler calls the network, as shares of the axis: by noise, for flow matching tells the network σ and not t. */
  get #visits(): number[] {
    const { log_snr } = this.#table!;
    return (this.#rows?.rows ?? []).map(({ timestep, from }) => {
      if (!this.#flow) return timestep / (log_snr.length - 1);
      return crossing(log_snr, 2 * Math.log(from.signal / from.noise));
    });
  }

  #drawn = (event: CustomEvent<number[]>): void => {
    this.#draft = event.detail;
    this.requestUpdate();
  };

  #discard = (): void => {
    this.#draft = null;
    this.store.unsay(LOG_SNR);
    this.requestUpdate();
    this.renderRoot.querySelector<HTMLElement>("[name=view]:checked")?.focus();
  };

  #apply = async (): Promise<void> => {
    if (!this.#draft || this.#applying) return;
    this.#applying = true;
    this.requestUpdate();
    // The curve is taken as it was drawn: nothing shifts it once more.
    const values = { "schedule.beta_schedule": "drawn", [LOG_SNR]: this.#draft.join(), "schedule.rescale_betas_zero_snr": false };
    const taken = await this.store.setAll(values, LOG_SNR);
    this.#applying = false;
    if (taken) this.#draft = null;
    this.#ask();
    this.requestUpdate();
  };

  // In words

  #facts(): TemplateResult {
    const words = this.#words;
    const { text, settings } = this.store;
    const { number } = text;
    const table = this.#table!;
    const last = table.log_snr.length - 1;
    const draft = this.#draft && monotoneCubic(this.#draft);
    const logSnr = draft ? Array.from({ length: last + 1 }, (_, t) => draft(t / last)) : table.log_snr;
    const end = draft ? levelsOf(logSnr[last]!).signal : table.signal[last]!;
    const share = end < 0.0005 ? number.significant(end, 1) : number.significant(end, 2);
    const rescaled = settings?.["schedule.rescale_betas_zero_snr"] === true && !draft;
    const terminal = end < 1e-5 ? words.terminalNone : end < LITTLE ? words.terminalLittle : words.terminalMuch;
    const [from, to] = [crossing(logSnr, MIDDLE), crossing(logSnr, -MIDDLE)];
    const percent = `${number.whole(100 * (to - from))} %`;
    const middle = to > from ? words.middle(number.whole(from * last), number.whole(to * last), percent) : words.middleNone;
    return html`<ul class="facts">
      <li data-tone=${end < LITTLE ? "ok" : "warn"}>${words.terminal(share)} ${terminal}</li>
      ${this.#flow || draft ? nothing : html`<li>${rescaled ? words.rescaled : words.notRescaled(share)}</li>`}
      <li>${middle}</li>
      ${this.#visited(from, to)}
    </ul>`;
  }

  #visited(from: number, to: number): TemplateResult | typeof nothing {
    const words = this.#words;
    const { text, settings } = this.store;
    const visits = this.#visits;
    const rows = this.#rows?.rows;
    if (!rows?.length) return nothing;
    const whole = (value: number): string => text.number.whole(value);
    const sampler = this.store.choice("sample.sampler", String(settings?.["sample.sampler"]));
    const inside = visits.filter((u) => u >= from && u <= to).length;
    return html`<li>${words.visits(sampler, whole(rows.length), whole(rows[0]!.timestep), whole(rows.at(-1)!.timestep))} ${words.inMiddle(whole(inside), whole(rows.length))}</li>`;
  }

  #numbers(): TemplateResult {
    const { columns, numbers } = this.#words;
    const { number } = this.store.text;
    const table = this.#table!;
    const last = table.log_snr.length - 1;
    return html`<details>
      <summary>${numbers}</summary>
      <div class="scroll" tabindex="0" role="region" aria-label=${numbers}>
        <table>
          <thead><tr><th scope="col">${columns.t}</th><th scope="col">${columns.logSnr}</th><th scope="col">${columns.alpha}</th><th scope="col">${columns.signal}</th><th scope="col">${columns.noise}</th></tr></thead>
          <tbody>${this.#knots.map((value, i) => {
            const t = Math.round((i * last) / (HANDLES - 1));
            const level = this.#draft ? levelsOf(value) : { signal: table.signal[t]!, noise: table.noise[t]! };
            const cells = [number.fixed(value, 2), number.significant(level.signal ** 2, 3), number.fixed(level.signal, 4), number.fixed(level.noise, 4)];
            return html`<tr><td>${number.whole(t)}</td>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`;
          })}</tbody>
        </table>
      </div>
    </details>`;
  }

  #legend(): TemplateResult {
    const { key } = this.#words;
    const entry = (kind: string, text: string): TemplateResult => html`<span class=${kind}><svg viewBox="0 0 20 12" aria-hidden="true"><path d="M0 6h20" /></svg>${text}</span>`;
    const marks = html`<span><svg viewBox="0 0 20 12" aria-hidden="true"><path d="M3 1v10M10 1v10M17 1v10" /></svg>${key.visits}</span>`;
    const levels = this.#view === "levels";
    return html`<p class="key quiet">
      ${levels ? [entry("", key.signal), entry("dashed", key.noise)] : nothing}
      ${this.#draft ? [levels ? nothing : entry("accent", key.draft), entry("old", key.now)] : nothing}
      ${this.#rows ? marks : nothing}
    </p>`;
  }

  #choose = (event: Event): void => {
    this.#view = (event.target as HTMLInputElement).value as CurveView;
    this.requestUpdate();
  };

  protected override render(): TemplateResult {
    const words = this.#words;
    const { store } = this;
    const { number } = store.text;
    const table = this.#table;
    const fault = this.#fault || store.faults.get(LOG_SNR);
    const name = store.choice("schedule.beta_schedule", String(store.settings?.[this.#flow ? "schedule.prediction_type" : "schedule.beta_schedule"] ?? ""));
    const label = table ? words.plot(name, number.fixed(table.log_snr[0]!, 1), number.fixed(this.#knots.at(-1)!, 1)) : words.title;
    const hint = this.#flow ? words.noDrag : this.#view === "log_snr" ? words.dragHint : words.dragInLog;
    return html`
      <p class="lead">${words.lead}</p>
      <div class="columns">
        <div>
          <div class="bar">
            <fieldset class="choices">
              <legend class="visually-hidden">${words.shown}</legend>
              ${VIEWS.map((view) => html`<label title=${words.viewsLong[view]}><input type="radio" name="view" value=${view} .checked=${view === this.#view} aria-label=${words.viewsLong[view]} @change=${this.#choose} /><span aria-hidden="true">${words.views[view]}</span></label>`)}
            </fieldset>
            <p class="quiet">${hint}</p>
          </div>
          <unnoise-schedule-plot .table=${table} .knots=${this.#knots} ?drafted=${this.#draft !== null} view=${this.#view} .visits=${table ? this.#visits : []}
            ?movable=${!this.#flow && !this.#applying} .words=${words} .number=${number} label=${label} @draft=${this.#drawn}></unnoise-schedule-plot>
          ${this.#legend()}
          ${this.#draft
            ? html`<div class="draft">
                <p class="quiet" role="status">${this.#applying ? words.applying : words.draft}</p>
                <button type="button" class="plain" ?disabled=${this.#applying} @click=${this.#discard}>${words.discard}</button>
                <button type="button" class="primary" title=${words.applyHint} ?disabled=${this.#applying} @click=${() => void this.#apply()}>${words.apply}</button>
              </div>`
            : nothing}
          <p class="fault" role="alert" ?hidden=${!fault}>${fault ?? ""}</p>
          ${table ? this.#numbers() : nothing}
        </div>
        <div class="side">
          ${table ? this.#facts() : nothing}
          <unnoise-scheduler-file .store=${store}></unnoise-scheduler-file>
        </div>
      </div>
    `;
  }
}

customElements.define("unnoise-lab-schedule", LabSchedule);

export const scheduleTab: LabTab = {
  name: "schedule",
  tasks: ["points", "digits"],
  title: (lang) => scheduleWords(lang).title,
  render: (store) => html`<unnoise-lab-schedule .store=${store}></unnoise-lab-schedule>`,
};
