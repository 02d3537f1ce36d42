/** `<unnoise-playground>`: the 2D tool. It reads its options from the page's address. */
import { html, nothing, type TemplateResult } from "lit";
import type { Part, ViewOptions } from "../state/query";
import { Store } from "../state/store";
import type { Texts } from "../strings";
import { base, palette } from "../styles/base";
import { layout } from "../styles/layout";
import "./announcer";
import "./dataset-picker";
import "./header";
import "./help-dialog";
import "./lab-place";
import "./loss-curve";
import "./notices";
import "./readouts";
import "./settings-panel";
import type { Stage } from "./stage";
import "./stage";
import "./timebar";
import { Tool } from "./tool";
import "./transport";

const WIDE = "(min-width: 56.25rem)";

export class Playground extends Tool<Store> {
  static override styles = [palette, base, layout];

  /** The sample points as they are drawn now, interleaved x, y. */
  get visiblePoints(): Float32Array {
    return this.store?.playback.points() ?? new Float32Array(0);
  }
  get dataPoints(): Float32Array {
    return this.store?.data?.points ?? new Float32Array(0);
  }

  protected makeStore(view: ViewOptions, text: Texts): Store {
    return new Store(view, text);
  }

  protected override reflect(store: Store, set: (name: string, value: string | number | null | undefined) => void): void {
    set("dataset", store.settings && String(store.settings["data.dataset"]));
  }

  protected override themeChanged(): void {
    super.themeChanged();
    this.renderRoot.querySelector<Stage>("unnoise-stage")?.themeChanged();
  }

  protected override render(): TemplateResult {
    const { store } = this;
    if (!store) return html``;
    const { view, text } = store;
    const show = (part: Part, what: TemplateResult): TemplateResult | typeof nothing => (view.hide.has(part) ? nothing : what);
    return html`
      ${view.embed || view.hide.has("header")
        ? nothing
        : html`<unnoise-header .store=${store} theme=${this.theme} @theme=${this.pickTheme} @help=${() => this.help()}></unnoise-header>`}
      <section class="tool" tabindex="-1" aria-label=${text.ui.playground}>
        ${show("notices", html`<unnoise-notices .store=${store}></unnoise-notices>`)}
        <div class="left">
          <div class="view">
            <unnoise-stage .store=${store}></unnoise-stage>
            <unnoise-timebar .store=${store}></unnoise-timebar>
          </div>
          ${show("data", html`<unnoise-dataset-picker .store=${store}></unnoise-dataset-picker>`)}
        </div>
        <div class="right">
          <unnoise-transport .store=${store}></unnoise-transport>
          ${show("readouts", html`<unnoise-readouts .store=${store}></unnoise-readouts>`)}
          ${show("loss", html`<unnoise-loss-curve .store=${store}></unnoise-loss-curve>`)}
          <unnoise-settings .store=${store} ?compact=${!matchMedia(WIDE).matches}></unnoise-settings>
        </div>
      </section>
      ${show("lab", html`<section class="lab"><unnoise-lab-place .store=${store}></unnoise-lab-place></section>`)}
      <unnoise-help .words=${text.ui.help}></unnoise-help>
      <unnoise-announcer></unnoise-announcer>
      <p class="drop" ?hidden=${!this.dropping}>${text.ui.files.drop}</p>
    `;
  }
}

customElements.define("unnoise-playground", Playground);
