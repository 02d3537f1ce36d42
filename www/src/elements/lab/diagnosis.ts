/** The tab "Why is it still noise?": four things that keep good samples away, looked for in this run. */
import { css, html, nothing, svg, type TemplateResult } from "lit";
import type { SampleOptions } from "../../engine-types";
import type { RunStore } from "../../state/run-store";
import { diagnosisTexts, type DiagnosisStrings } from "../../strings/lab-diagnosis.en";
import { base, controls } from "../../styles/base";
import type { Diagnosis, Finding, OneStep } from "../../worker/ask";
import { remedies, sentence, verdict, type Remedy } from "./diagnosis-findings";
import { paintStrip, strip, stripStyles } from "./diagnosis-strip";
import { Inquiry, keep } from "./measure/inquiry";
import { Panel, panelStyles } from "./measure/panel";
import type { LabTab } from "./tabs";

const LEVELS = 8;
const SAMPLES = { points: 256, digits: 4 };

interface Answer {
  findings: Finding[];
  strip: OneStep;
  /** How sampling was set then. */
  options: SampleOptions;
}

const ICONS: Record<Finding["severity"], TemplateResult> = {
  ok: svg`<path d="m3 8.5 3.2 3.2L13 4.6" />`,
  warn: svg`<path d="M8 2 1.5 13.5h13zM8 6.5v3.2M8 11.6v.1" />`,
  bad: svg`<path d="m4 4 8 8M12 4l-8 8" />`,
};

export class LabDiagnosis extends Panel {
  static override styles = [
    base,
    controls,
    panelStyles,
    stripStyles,
    css`
      .verdict {
        display: flex;
        gap: 0.75rem;
        align-items: start;
        max-width: 52rem;
        margin: 0.5rem 0 1rem;
        font-size: 1.125rem;
        line-height: 1.625rem;
        font-weight: 550;
      }
      .verdict svg {
        width: 1.25rem;
        height: 1.25rem;
        margin-top: 0.1875rem;
      }
      svg {
        flex: none;
        width: 1rem;
        height: 1rem;
        fill: none;
        stroke: currentColor;
        stroke-width: 1.75;
        stroke-linecap: round;
        stroke-linejoin: round;
      }
      .findings {
        display: grid;
        border-top: 1px solid var(--line);
      }
      .findings li {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        align-items: start;
        gap: 0.25rem 2rem;
        padding: 0.75rem 0;
        border-bottom: 1px solid var(--line);
      }
      .grade {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        font-size: 0.8125rem;
        line-height: 1.5rem;
      }
      [data-severity="bad"] > .grade, .verdict[data-severity="bad"] svg {
        color: var(--alarm);
        font-weight: 650;
      }
      [data-severity="warn"] > .grade {
        font-weight: 650;
      }
      [data-severity="ok"] > .grade {
        color: var(--ink-2);
      }
      .what p {
        max-width: 44rem;
        text-wrap: pretty;
      }
      .remedy {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.25rem 1rem;
        margin-top: 0.5rem;
      }
      @media (min-width: 40rem) {
        .findings li {
          grid-template-columns: 8rem minmax(0, 1fr);
        }
      }
    `,
  ];

  get #inquiry(): Inquiry<Answer> {
    return keep(this.store, "diagnosis", () => new Inquiry<Answer>(this.store));
  }

  get #words(): DiagnosisStrings {
    return diagnosisTexts(this.store.text.lang);
  }

  protected override get inquiries(): Inquiry<unknown>[] {
    return [this.#inquiry];
  }

  /** Whoever asks clicks. */
  protected override get eager(): boolean {
    return false;
  }

  protected override measure(): void {
    const { store } = this;
    this.#inquiry.ask(async (going) => {
      const options = store.sampleOptions!;
      const { findings }: Diagnosis = await store.ask("diagnose", options);
      if (!going()) return null;
      return { findings, options, strip: await store.ask("one_step", { count: SAMPLES[store.task], levels: LEVELS }) };
    });
  }

  async #apply({ run, rechecks }: Remedy): Promise<void> {
    await run?.();
    if (rechecks) this.measure();
    else this.requestUpdate();
  }

  protected override paint(): void {
    const { answer } = this.#inquiry;
    if (answer) paintStrip(this.renderRoot as ShadowRoot, answer.strip, this.store, (name) => this.colour(name));
  }

  protected override render(): TemplateResult | typeof nothing {
    const { store } = this;
    if (!store?.settings) return nothing;
    const words = this.#words;
    const inquiry = this.#inquiry;
    const { answer, busy } = inquiry;
    const changed = answer !== null && JSON.stringify(answer.options) !== JSON.stringify(store.sampleOptions);
    return html`
      <p class="lead">${words.lead}</p>
      <div class="bar">
        <button type="button" class=${answer ? "" : "primary"} aria-disabled=${busy ? "true" : "false"} ?disabled=${store.phase !== "ready"} @click=${() => busy || this.measure()}>
          ${busy ? words.checking : answer ? words.again : words.check}
        </button>
        ${busy ? nothing : this.status(inquiry)} ${changed && !busy ? html`<p class="quiet">${words.changed}</p>` : nothing}
      </div>
      <div aria-live="polite">${answer ? this.#verdict(answer, words) : nothing}</div>
      ${answer
        ? html`<ul class="findings">${answer.findings.map((finding) => this.#finding(finding, words))}</ul>
            ${strip(answer.strip, store, words)}`
        : nothing}
      <span class="probe"></span>
    `;
  }

  #icon(severity: Finding["severity"]): TemplateResult {
    return html`<svg viewBox="0 0 16 16" aria-hidden="true">${ICONS[severity]}</svg>`;
  }

  #verdict({ findings }: Answer, words: DiagnosisStrings): TemplateResult {
    const { severity, text } = verdict(findings, words);
    return html`<p class="verdict" data-severity=${severity}>${this.#icon(severity)}${text}</p>`;
  }

  #finding(finding: Finding, words: DiagnosisStrings): TemplateResult {
    const { id, severity } = finding;
    const offers = remedies(finding, this.store, words);
    return html`<li data-id=${id} data-severity=${severity}>
      <p class="grade">${this.#icon(severity)}${words.severity[severity]}</p>
      <div class="what">
        <h3>${words.names[id]}</h3>
        <p class="number">${sentence(finding, this.store, words)}</p>
        ${offers.map(
          (offer) => html`<div class="remedy">
            ${offer.label === null ? nothing : html`<button type="button" @click=${() => void this.#apply(offer)}>${offer.label}</button>`}
            ${offer.hint ? html`<span class="quiet">${offer.hint}</span>` : nothing}
          </div>`,
        )}
      </div>
    </li>`;
  }
}

customElements.define("unnoise-lab-diagnosis", LabDiagnosis);

export const diagnosisTab: LabTab = {
  name: "diagnosis",
  tasks: ["points", "digits"],
  title: (lang) => diagnosisTexts(lang).title,
  render: (store: RunStore) => html`<unnoise-lab-diagnosis .store=${store}></unnoise-lab-diagnosis>`,
};
