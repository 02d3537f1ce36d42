/** How the digits come about, with formulas. */
import { css, html, LitElement, mathml, type TemplateResult } from "lit";
import type { Theme } from "../../state/query";
import { texts } from "../../strings";
import { digitsTexts } from "../../strings/digits";
import { base, palette } from "../../styles/base";
import { essayStyles } from "../../styles/essay";

const hat = mathml`<msub><mover accent="true"><mi>x</mi><mo stretchy="false">^</mo></mover><mn>0</mn></msub>`;
const bar = mathml`<msub><mover accent="true"><mi>α</mi><mo stretchy="false">¯</mo></mover><mi>t</mi></msub>`;
/** The guess with the class, or without one. */
const guess = (given: string): unknown => mathml`<msub><mi>ε</mi><mi>${given}</mi></msub>`;

const FORMULAS: TemplateResult[] = [
  html`<math display="block"><msub><mi>ε</mi><mi>θ</mi></msub><mo>:</mo><mo stretchy="false">(</mo><msub><mi>x</mi><mi>t</mi></msub><mo>,</mo><mi>t</mi><mo stretchy="false">)</mo><mo>↦</mo><mtext>noise in&nbsp;</mtext><msub><mi>x</mi><mi>t</mi></msub></math>`,
  html`<math display="block">${hat}<mo>=</mo><mfrac><mrow><msub><mi>x</mi><mi>t</mi></msub><mo>−</mo><msqrt><mrow><mn>1</mn><mo>−</mo>${bar}</mrow></msqrt><msub><mi>ε</mi><mi>θ</mi></msub></mrow><msqrt>${bar}</msqrt></mfrac></math>`,
  html`<math display="block"><munder><mo>min</mo><mi>θ</mi></munder><mi>L</mi><mo>=</mo><mtext>mean Var</mtext><mo stretchy="false">[</mo><mi>ε</mi><mo>∣</mo><msub><mi>x</mi><mi>t</mi></msub><mo stretchy="false">]</mo><mo>&gt;</mo><mn>0</mn></math>`,
  html`<math display="block"><mover accent="true"><mi>ε</mi><mo stretchy="false">~</mo></mover><mo>=</mo>${guess("∅")}<mo>+</mo><mi>w</mi><mrow><mo stretchy="false">(</mo>${guess("c")}<mo>−</mo>${guess("∅")}<mo stretchy="false">)</mo></mrow></math>`,
];

export class DigitsEssay extends LitElement {
  static override properties = { lang: {}, band: { type: Boolean }, theme: { reflect: true } };
  static override styles = [palette, base, essayStyles, css`.parts { margin-bottom: 3.5rem; }`];
  declare theme: Theme;
  /** Whether the chart of the loss has a band to speak of. */
  declare band: boolean;
  override lang = "en";

  constructor() {
    super();
    this.theme = "system";
    this.band = false;
  }

  protected override render(): TemplateResult {
    const { essay: common, lang } = texts(this.lang);
    const { essay } = digitsTexts(lang);
    return html`
      <article>
        <h2>${essay.title}</h2>
        <p class="lead">${essay.lead}</p>
        <ol class="steps parts">${essay.parts.map((part, i) => html`<li><h3>${part.title}</h3><p>${part.text}${this.band && "band" in part ? ` ${part.band}` : ""}</p>${FORMULAS[i]}</li>`)}</ol>
        <section class="back">
          <h2>${essay.try.title}</h2>
          <ul>${essay.try.items.map((item) => html`<li>${item}</li>`)}</ul>
        </section>
        <p class="end"><span>${common.footer}</span> <a href="bench.html${location.search}">${common.bench}</a></p>
      </article>
    `;
  }
}

customElements.define("unnoise-digits-essay", DigitsEssay);
