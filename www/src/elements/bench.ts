/** `<unnoise-bench>`: measures both backends one after the other, each in a worker of its own. Fires `started` and `finished`. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import type { BackendName } from "../engine-types";
import type { Theme } from "../state/query";
import { texts, type Texts } from "../strings";
import { base, controls, palette } from "../styles/base";
import type { Answer } from "../worker/bench-worker";
import type { Measurement } from "../worker/engine-api";

const BACKENDS: readonly BackendName[] = ["webgpu", "cpu"];

type Outcome = Answer & { backend: BackendName };
type Measured = Extract<Outcome, { report: unknown }>;
type Failed = Extract<Outcome, { fault: unknown }>;

export class Bench extends LitElement {
  static override properties = { theme: { reflect: true }, lang: {} };
  static override styles = [
    palette,
    base,
    controls,
    css`
      article {
        max-width: 60rem;
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
      .lead {
        max-width: 40em;
        font-size: 0.9375rem;
        color: var(--ink-2);
        text-wrap: pretty;
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem 1rem;
        min-height: 2.75rem;
        margin: 1rem 0;
      }
      progress {
        width: 10rem;
        height: 0.25rem;
        accent-color: var(--ink);
      }
      section {
        margin-bottom: 2rem;
        border-top: 1px solid var(--ink);
        padding-top: 0.75rem;
      }
      table {
        width: 100%;
        border-collapse: collapse;
      }
      caption {
        padding-bottom: 0.5rem;
        text-align: left;
        overflow-wrap: anywhere;
      }
      caption b {
        margin-right: 0.5rem;
        font-weight: 650;
      }
      th, td {
        padding: 0.25rem 0 0.25rem 1rem;
        border-bottom: 1px solid var(--line);
        text-align: right;
        font-weight: 400;
        font-variant-numeric: tabular-nums;
        white-space: nowrap;
      }
      th:first-child {
        padding-left: 0;
        text-align: left;
        white-space: normal;
      }
      thead th {
        color: var(--ink-2);
        font-size: 0.8125rem;
      }
      @media (min-width: 40rem) {
        thead th + th {
          width: 9rem;
        }
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
  override lang = "en";
  #outcomes: Outcome[] = [];
  #running: BackendName | null = null;
  #date = "";
  #said = "";

  constructor() {
    super();
    this.theme = "system";
  }

  /** Everything that was measured, as plain text. */
  get report(): string {
    const { number, ui } = this.#text;
    const line = (m: Measurement): string => {
      const { value, unit } = speed(m, this.#text);
      return `  ${m.name.padEnd(58)} ${value.padStart(9)} ${unit.padEnd(7)} ${number.fixed(m.milliseconds, 2).padStart(9)} ${ui.bench.ms}`;
    };
    const parts = this.#outcomes.map((outcome) =>
      "report" in outcome
        ? [`${ui.backend[outcome.backend]}: ${outcome.report.adapter}`, ...outcome.report.measurements.map(line)]
        : [`${ui.backend[outcome.backend]}: ${this.#excuse(outcome)}`],
    );
    return [[`${ui.title}, ${this.#date}`, navigator.userAgent], ...parts].map((lines) => lines.join("\n")).join("\n\n");
  }

  /** The same for programs. */
  get json(): string {
    return JSON.stringify({ date: this.#date, browser: navigator.userAgent, backends: this.#outcomes }, null, 2);
  }

  async run(): Promise<void> {
    if (this.#running) return;
    this.#outcomes = [];
    this.dispatchEvent(new CustomEvent("started"));
    this.#date = new Date().toISOString().slice(0, 10);
    for (const backend of BACKENDS) {
      this.#running = backend;
      this.#said = "";
      this.requestUpdate();
      this.#outcomes.push({ backend, ...(await measure(backend)) });
    }
    this.#running = null;
    this.#said = this.#text.ui.bench.finished;
    this.requestUpdate();
    await this.updateComplete;
    this.dispatchEvent(new CustomEvent("finished"));
  }

  get #text(): Texts {
    return texts(this.lang);
  }

  #excuse({ fault }: Failed): string {
    const { bench } = this.#text.ui;
    return fault.kind === "no_adapter" ? bench.noWebgpu : bench.failed(fault.message);
  }

  async #copy(text: string): Promise<void> {
    const { bench } = this.#text.ui;
    this.#said = await navigator.clipboard.writeText(text).then(
      () => bench.copied,
      () => bench.copyFailed,
    );
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const { ui, number } = this.#text;
    const { bench } = ui;
    const running = this.#running;
    const done = !running && this.#outcomes.length > 0;
    const part = number.whole(this.#outcomes.length + 1);
    return html`
      <article>
        <a href="index.html${playgroundQuery()}">${bench.back}</a>
        <h1>${bench.title}</h1>
        <p class="lead">${bench.lead}</p>
        <div class="actions">
          <button type="button" class="primary" ?disabled=${running !== null} @click=${() => void this.run()}>${done ? bench.again : bench.start}</button>
          ${done
            ? html`<button type="button" @click=${() => void this.#copy(this.report)}>${bench.copyReport}</button>
                <button type="button" @click=${() => void this.#copy(this.json)}>${bench.copyJson}</button>`
            : nothing}
          ${running ? html`<progress aria-label=${bench.title}></progress>` : nothing}
          <span class="quiet" role="status">${running ? bench.running(ui.backend[running], part, number.whole(BACKENDS.length)) : this.#said}</span>
        </div>
        ${this.#outcomes.map((outcome) => html`<section>${"report" in outcome ? this.#table(outcome) : this.#missing(outcome)}</section>`)}
        <slot></slot>
      </article>
    `;
  }

  #missing(outcome: Failed): TemplateResult {
    return html`<h2>${this.#text.ui.backend[outcome.backend]}</h2><p class="quiet">${this.#excuse(outcome)}</p>`;
  }

  #table({ backend, report }: Measured): TemplateResult {
    const { ui, number } = this.#text;
    const { bench } = ui;
    return html`<table>
      <caption><b>${ui.backend[backend]}</b> ${report.adapter}</caption>
      <thead><tr><th scope="col">${bench.what}</th><th scope="col">${bench.speed}</th><th scope="col">${bench.each}</th></tr></thead>
      <tbody>
        ${report.measurements.map((m) => {
          const { value, unit } = speed(m, this.#text);
          return html`<tr><th scope="row">${m.name}</th><td>${value} ${unit}</td><td>${number.fixed(m.milliseconds, 2)} ${bench.ms}</td></tr>`;
        })}
      </tbody>
    </table>`;
  }
}

/** GFLOP/s where operations were counted, steps per second otherwise. */
function speed({ per_second, gflops }: Measurement, { ui, number }: Texts): { value: string; unit: string } {
  return gflops === null ? { value: number.fixed(per_second, 1), unit: ui.bench.steps } : { value: number.fixed(gflops, 1), unit: ui.bench.gflops };
}

/** A fresh worker for each backend: a fault of one, or what it leaves in memory, is none of the other's. */
function measure(backend: BackendName): Promise<Answer> {
  const worker = new Worker(new URL("./bench-worker.js", import.meta.url), { type: "module", name: `unnoise bench ${backend}` });
  const answer = new Promise<Answer>((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
    worker.onerror = ({ message }) => resolve({ fault: { kind: "internal", field: null, message: message || "bench-worker.js" } });
  });
  worker.postMessage(backend);
  return answer.finally(() => worker.terminate());
}

/** Language and theme go along to the playground. */
function playgroundQuery(): string {
  const query = new URLSearchParams(location.search);
  query.delete("auto");
  return query.size ? `?${query}` : "";
}

customElements.define("unnoise-bench", Bench);
