/** Formulas of the tab with the variational bound and the likelihood. */
import { html, mathml } from "lit";

const x0 = mathml`<msub><mi>x</mi><mn>0</mn></msub>`;
const guess = mathml`<msub><mover accent="true"><mi>x</mi><mo stretchy="false">^</mo></mover><mn>0</mn></msub>`;
const snr = (index: unknown) => mathml`<msub><mtext>SNR</mtext>${index}</msub>`;
const previous = mathml`<mrow><mi>t</mi><mo>−</mo><mn>1</mn></mrow>`;

/** −log₂ p(x₀) ≤ L_T + Σ L_{t−1} + L_0. */
export const BOUND = html`<math display="block">
  <mo>−</mo><msub><mi>log</mi><mn>2</mn></msub><mi>p</mi><mo stretchy="false">(</mo>${x0}<mo stretchy="false">)</mo><mo>≤</mo>
  <munder><msub><mi>L</mi><mi>T</mi></msub><mtext>prior</mtext></munder><mo>+</mo>
  <munder><mrow><munderover><mo movablelimits="false">∑</mo><mrow><mi>t</mi><mo>=</mo><mn>1</mn></mrow><mrow><mi>T</mi><mo>−</mo><mn>1</mn></mrow></munderover><msub><mi>L</mi>${previous}</msub></mrow><mtext>terms</mtext></munder><mo>+</mo>
  <munder><msub><mi>L</mi><mn>0</mn></msub><mtext>decoder</mtext></munder>
</math>`;

/** L_{t−1} = ½ (SNR_{t−1} − SNR_t) ‖x₀ − x̂₀‖². */
export const TERM = html`<math display="block">
  <msub><mi>L</mi>${previous}</msub><mo>=</mo><mfrac><mn>1</mn><mn>2</mn></mfrac><mrow><mo>(</mo>${snr(previous)}<mo>−</mo>${snr(mathml`<mi>t</mi>`)}<mo>)</mo></mrow>
  <msup><mrow><mo stretchy="false">‖</mo>${x0}<mo>−</mo>${guess}<mo stretchy="false">(</mo><msub><mi>x</mi><mi>t</mi></msub><mo>,</mo><mi>t</mi><mo stretchy="false">)</mo><mo stretchy="false">‖</mo></mrow><mn>2</mn></msup>
</math>`;

/** log p(x₀) = log 𝒩(x_T) + ∫ ∇·v dt along dx/dt = v. */
export const FLOW = html`<math display="block">
  <mi>log</mi><mi>p</mi><mo stretchy="false">(</mo>${x0}<mo stretchy="false">)</mo><mo>=</mo><mi>log</mi><mi mathvariant="normal">𝒩</mi><mo stretchy="false">(</mo><msub><mi>x</mi><mi>T</mi></msub><mo stretchy="false">)</mo><mo>+</mo>
  <msubsup><mo>∫</mo><mn>0</mn><mi>T</mi></msubsup><mo>∇</mo><mo>·</mo><mi>v</mi><mo stretchy="false">(</mo><msub><mi>x</mi><mi>t</mi></msub><mo>,</mo><mi>t</mi><mo stretchy="false">)</mo><mspace width="0.2em"></mspace><mi>d</mi><mi>t</mi>
</math>
<math display="block">
  <mfrac><mrow><mi>d</mi><mi>x</mi></mrow><mrow><mi>d</mi><mi>t</mi></mrow></mfrac><mo>=</mo><mi>v</mi><mo stretchy="false">(</mo><msub><mi>x</mi><mi>t</mi></msub><mo>,</mo><mi>t</mi><mo stretchy="false">)</mo>
</math>`;
