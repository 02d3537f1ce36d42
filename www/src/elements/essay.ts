/** What one training step does, with formulas and a figure made of the running model's own data. */
import { html, LitElement, svg, type TemplateResult } from "lit";
import { normal, random, dots } from "../draw/shapes";
import type { Theme } from "../state/query";
import { texts } from "../strings";
import { base, palette } from "../styles/base";
import { essayStyles } from "../styles/essay";
import type { ScheduleTable } from "../worker/ask";

/** Shares of the last timestep. */
const TIMES = [0, 0.15, 0.35, 0.6, 1];
const FIGURE_POINTS = 420;

export class Essay extends LitElement {
  static override properties = { points: { attribute: false }, levels: { attribute: false }, lang: {}, theme: { reflect: true } };
  static override styles = [palette, base, essayStyles];
  declare points: Float32Array | null;
  /** Signal and noise at each timestep. */
  declare levels: ScheduleTable | null;
  declare theme: Theme;
  override lang = "en";

  constructor() {
    super();
    this.points = null;
    this.levels = null;
    this.theme = "system";
  }

  protected override render(): TemplateResult {
    const { essay } = texts(this.lang);
    return html`
      <article>
        <h2>${essay.title}</h2>
        <p class="lead">${essay.lead}</p>
        <ol class="steps">${essay.steps.map((step, i) => html`<li><h3>${step.title}</h3><p>${step.text}</p>${FORMULAS[i]}</li>`)}</ol>
        ${this.#figure(essay.figure)}
        <section class="back">
          <h2>${essay.back.title}</h2>
          <div><p>${essay.back.text[0]}</p><div class="pair">${DDIM}</div><p>${essay.back.text[1]}</p></div>
        </section>
        <section class="back">
          <h2>${essay.try.title}</h2>
          <ul>${essay.try.items.map((item) => html`<li>${item}</li>`)}</ul>
        </section>
        <p class="end"><span>${essay.footer}</span> <a href="bench.html${location.search}">${essay.bench}</a></p>
      </article>
    `;
  }

  #figure(caption: string): TemplateResult {
    const { levels } = this;
    const points = levels && this.points ? this.points : new Float32Array(0);
    const last = (levels?.signal.length ?? 1000) - 1;
    const count = Math.min(FIGURE_POINTS, points.length / 2);
    return html`<figure>
      <div class="panels">
        ${TIMES.map((share) => {
          const t = Math.min(last, Math.round(share * (last + 1)));
          const [keep, noise] = t === 0 || !levels ? [1, 0] : [levels.signal[t]!, levels.noise[t]!];
          // The same noise in every panel: only its share grows.
          const next = random(5);
          const moved = Array.from({ length: count }, (_, i) => {
            const [a, b] = [normal(next), normal(next)];
            return [keep * points[2 * i]! + noise * a, keep * points[2 * i + 1]! + noise * b] as const;
          });
          return html`<div><svg viewBox="-3 -3 6 6" aria-hidden="true">${svg`<path d=${dots(moved)} />`}</svg><span>t = ${t}</span></div>`;
        })}
      </div>
      <figcaption>${caption}</figcaption>
    </figure>`;
  }
}

const FORMULAS: (TemplateResult | string)[] = [
  html`<math display="block"><mi>t</mi><mo>∼</mo><mi mathvariant="normal">𝒰</mi><mo stretchy="false">{</mo><mn>0</mn><mo>,</mo><mo>…</mo><mo>,</mo><mn>999</mn><mo stretchy="false">}</mo><mo separator="true">,</mo><mspace width="0.6em"></mspace><mi>ε</mi><mo>∼</mo><mi mathvariant="normal">𝒩</mi><mo stretchy="false">(</mo><mn>0</mn><mo>,</mo><mi>I</mi><mo stretchy="false">)</mo></math>`,
  html`<math display="block"><msub><mi>x</mi><mi>t</mi></msub><mo>=</mo><msqrt><msub><mover accent="true"><mi>α</mi><mo stretchy="false">¯</mo></mover><mi>t</mi></msub></msqrt><msub><mi>x</mi><mn>0</mn></msub><mo>+</mo><msqrt><mrow><mn>1</mn><mo>−</mo><msub><mover accent="true"><mi>α</mi><mo stretchy="false">¯</mo></mover><mi>t</mi></msub></mrow></msqrt><mi>ε</mi></math>`,
  html`<math display="block"><mi>L</mi><mo>=</mo><mtext>mean</mtext><msup><mrow><mo stretchy="false">‖</mo><mi>ε</mi><mo>−</mo><msub><mi>ε</mi><mi>θ</mi></msub><mo stretchy="false">(</mo><msub><mi>x</mi><mi>t</mi></msub><mo>,</mo><mi>t</mi><mo stretchy="false">)</mo><mo stretchy="false">‖</mo></mrow><mn>2</mn></msup></math>`,
  html`<math display="block"><mi>θ</mi><mo>←</mo><mi>θ</mi><mo>−</mo><mtext>AdamW</mtext><mrow><mo stretchy="false">(</mo><msub><mo>∇</mo><mi>θ</mi></msub><mi>L</mi><mo stretchy="false">)</mo></mrow></math>`,
];

const DDIM = html`
  <math display="block"><msub><mover accent="true"><mi>x</mi><mo stretchy="false">^</mo></mover><mn>0</mn></msub><mo>=</mo><mfrac><mrow><msub><mi>x</mi><mi>t</mi></msub><mo>−</mo><msqrt><mrow><mn>1</mn><mo>−</mo><msub><mover accent="true"><mi>α</mi><mo stretchy="false">¯</mo></mover><mi>t</mi></msub></mrow></msqrt><msub><mi>ε</mi><mi>θ</mi></msub></mrow><msqrt><msub><mover accent="true"><mi>α</mi><mo stretchy="false">¯</mo></mover><mi>t</mi></msub></msqrt></mfrac></math>
  <math display="block"><msub><mi>x</mi><mi>s</mi></msub><mo>=</mo><msqrt><msub><mover accent="true"><mi>α</mi><mo stretchy="false">¯</mo></mover><mi>s</mi></msub></msqrt><msub><mover accent="true"><mi>x</mi><mo stretchy="false">^</mo></mover><mn>0</mn></msub><mo>+</mo><msqrt><mrow><mn>1</mn><mo>−</mo><msub><mover accent="true"><mi>α</mi><mo stretchy="false">¯</mo></mover><mi>s</mi></msub></mrow></msqrt><msub><mi>ε</mi><mi>θ</mi></msub></math>
`;

customElements.define("unnoise-essay", Essay);
