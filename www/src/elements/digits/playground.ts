/** `<unnoise-digits>`: the tool that trains a U-Net on images of digits, clothes, or the visitor's own. */
import { html, nothing, type TemplateResult } from "lit";
import { describe } from "../../data/fault";
import { filesOfDrop } from "../../data/own-files";
import { DigitsStore } from "../../state/digits-store";
import type { Part, ViewOptions } from "../../state/query";
import { CHECKPOINT } from "../../state/run-store";
import type { Texts } from "../../strings";
import { base, palette } from "../../styles/base";
import { digitsLayout } from "../../styles/digits";
import { layout } from "../../styles/layout";
import type { ImageClip } from "../../worker/protocol";
import "../announcer";
import "../header";
import "../help-dialog";
import "../lab-place";
import "../loss-curve";
import "../notices";
import "../timebar";
import { Tool } from "../tool";
import "../transport";
import "./data";
import type { DigitsGrid } from "./grid";
import "./grid";
import "./readouts";
import "./settings";
import type { DigitsStrip } from "./strip";
import "./strip";
import "./weights";

const WIDE = "(min-width: 56.25rem)";

export class DigitsPlayground extends Tool<DigitsStore> {
  static override styles = [palette, base, layout, digitsLayout];

  /** The last samples that were drawn, with their way from noise. */
  get clip(): ImageClip | null {
    return (this.store?.playback.clip ?? null) as ImageClip | null;
  }

  /**
   * The last samples as images: bytes `[count, side, side, channels]`, and the class that each was asked for (none where the model
   * knows no classes). Null before the first.
   */
  get samples(): { pixels: Uint8Array; count: number; side: number; channels: number; labels: number[] } | null {
    const { clip } = this;
    if (!clip) return null;
    const { frames, frameCount, count, side, channels, labels } = clip;
    return { pixels: frames.slice((frameCount - 1) * count * side * side * channels), count, side, channels, labels };
  }

  protected makeStore(view: ViewOptions, text: Texts): DigitsStore {
    return new DigitsStore(view, text);
  }

  protected override reflect(store: DigitsStore, set: (name: string, value: string | number | null | undefined) => void): void {
    set("dataset", store.settings && String(store.settings["images.dataset"]));
    set("preset", store.settings && String(store.settings["preset"]));
    set("weights", store.origin.kind);
    set("images", store.images?.held);
    set("stored", store.runs.storedStep);
    set("offer", store.runs.offered?.step);
  }

  protected override take(transfer: DataTransfer): void {
    const { store } = this;
    if (!store || store.phase !== "ready") return;
    void filesOfDrop(transfer).then(
      (files) => store.runs.load(files),
      (error) => store.say(CHECKPOINT, describe(error, store.text) ?? String(error)),
    );
  }

  protected override key(event: KeyboardEvent): boolean {
    if (!/^\d$/.test(event.key) || !this.store?.conditioned) return false;
    this.store.toggleClass(Number(event.key));
    return true;
  }

  protected override themeChanged(): void {
    super.themeChanged();
    this.renderRoot.querySelector<DigitsGrid>("unnoise-digits-grid")?.themeChanged();
    this.renderRoot.querySelector<DigitsStrip>("unnoise-digits-strip")?.themeChanged();
  }

  protected override render(): TemplateResult {
    const { store } = this;
    if (!store) return html``;
    const { view, text, words } = store;
    const { help } = text.ui;
    const show = (part: Part, what: TemplateResult): TemplateResult | typeof nothing => (view.hide.has(part) ? nothing : what);
    return html`
      ${view.embed || view.hide.has("header")
        ? nothing
        : html`<unnoise-header .store=${store} theme=${this.theme} @theme=${this.pickTheme} @help=${() => this.help()}></unnoise-header>`}
      <section class="tool" tabindex="-1" aria-label=${words.tool}>
        ${show("notices", html`<unnoise-notices .store=${store}></unnoise-notices>`)}
        <div class="left">
          <div class="view">
            <unnoise-digits-grid .store=${store}></unnoise-digits-grid>
            <unnoise-timebar .store=${store}></unnoise-timebar>
          </div>
          ${show("data", html`<unnoise-digits-strip .store=${store}></unnoise-digits-strip>`)}
        </div>
        <div class="right">
          <unnoise-transport .store=${store}></unnoise-transport>
          <unnoise-digits-weights .store=${store}></unnoise-digits-weights>
          ${show("data", html`<unnoise-digits-data .store=${store}></unnoise-digits-data>`)}
          ${show("readouts", html`<unnoise-digits-readouts .store=${store}></unnoise-digits-readouts>`)}
          ${show("loss", html`<unnoise-loss-curve .store=${store}></unnoise-loss-curve>`)}
          <unnoise-digits-settings .store=${store} ?compact=${!matchMedia(WIDE).matches}></unnoise-digits-settings>
        </div>
      </section>
      ${show("lab", html`<section class="lab"><unnoise-lab-place .store=${store}></unnoise-lab-place></section>`)}
      <unnoise-help .words=${{ ...help, keys: [...help.keys, ...words.keys] }}></unnoise-help>
      <unnoise-announcer></unnoise-announcer>
      <p class="drop" ?hidden=${!this.dropping}>${words.files.drop}</p>
    `;
  }
}

customElements.define("unnoise-digits", DigitsPlayground);
