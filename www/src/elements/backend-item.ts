/** Where a run is computed, as one of its numbers; and whether kernels are tuned there, with the way to switch that. */
import { html, nothing, type TemplateResult } from "lit";
import { withQuery } from "../state/query";
import type { RunStore } from "../state/run-store";

export function backendItem({ adapter, view, text }: RunStore): TemplateResult {
  const { backend, readouts } = text.ui;
  const tuning = html`, <a href=${withQuery("tune", view.tune ? "0" : null)} title=${view.tune ? backend.tunedHint : backend.untunedHint}>${view.tune ? backend.tuned : backend.untuned}</a>`;
  return html`<div class="minor">
    <dt>${backend.label}</dt>
    <dd>${adapter ? backend[adapter.backend] : readouts.none}${adapter?.backend === "webgpu" ? tuning : nothing}</dd>
  </div>`;
}
