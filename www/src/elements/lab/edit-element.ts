/** What the parts of the tab "edit" share: a desk to show, and redrawing when it changes. */
import { html, LitElement, nothing, type TemplateResult } from "lit";
import type { Tones } from "../../draw/tiles";
import { base, controls } from "../../styles/base";
import { labControls, labParts } from "./edit-controls";
import type { Desk } from "./edit-desk";
import type { Shape } from "./edit-images";
import "./edit-picture";
import { Listening } from "./listening";

interface MadeFacts {
  step: number;
  told: readonly (number | null)[];
  guidance: number;
  evaluations: number;
  milliseconds: number;
}

export abstract class DeskElement extends LitElement {
  static override properties = { desk: { attribute: false }, tones: { attribute: false } };
  static override styles = [base, controls, labControls, labParts];
  declare desk: Desk;
  declare tones: Tones | null;
  constructor() {
    super();
    this.tones = null;
    new Listening(this, () => this.desk);
  }

  protected picture(pixels: Float32Array | null, label: string, shape: Shape = this.desk.shape): TemplateResult {
    return html`<unnoise-picture .pixels=${pixels} .shape=${shape} .tones=${this.tones} label=${label}></unnoise-picture>`;
  }

  /** Pictures in rows of equal length. */
  protected row(images: readonly Float32Array[], label: (index: number) => string): TemplateResult {
    const count = images.length;
    const columns = count <= 4 ? 4 : count <= 6 ? count : count <= 8 ? 4 : 6;
    return html`<div class="row plate" style="--columns:${columns}">${images.map((image, i) => this.picture(image, label(i)))}</div>`;
  }

  /** The button that begins, or the one that cancels, with what goes on. */
  protected starter(start: string, work: () => void, more: unknown = nothing, disabled = false): TemplateResult {
    const { runner, words } = this.desk;
    const { fault } = runner;
    return html`
      <div class="buttons">
        ${runner.busy && !runner.stopping
          ? html`<button type="button" class="cancel" @click=${() => runner.cancel()}>${words.run.cancel}</button>`
          : html`<button type="button" class="primary start" ?disabled=${disabled || !this.desk.image()} @click=${work}>${start}</button>${more}`}
      </div>
      <p class="quiet number" role="status">${runner.stopping ? words.run.stopping : runner.progress}${runner.finished ? html`<span class="visually-hidden">${words.run.finished}</span>` : nothing}</p>
      <p class="fault quiet" role="alert" ?hidden=${!fault}>${fault ? this.#said(fault) : ""}</p>
    `;
  }

  #said({ field, message }: { field: string | null; message: string }): string {
    return field ? message.replaceAll(field, this.desk.store.label(field)) : message;
  }

  /** What a result was made with, in one line. */
  protected facts({ step, told, guidance, evaluations, milliseconds }: MadeFacts, ...more: string[]): TemplateResult {
    const { words, store } = this.desk;
    const { number, ui } = store.text;
    const time = milliseconds >= 10_000 ? ui.stage.seconds(number.fixed(milliseconds / 1000, 1)) : ui.stage.milliseconds(number.whole(milliseconds));
    const parts = [
      ...more,
      store.conditioned ? this.#told(told) : "",
      guidance === 1 ? "" : words.run.guided(number.significant(guidance)),
      evaluations ? words.run.evaluations(number.whole(evaluations)) : "",
      evaluations ? time : "",
      store.origin.kind === "pretrained" && step === store.originStep ? store.words.grid.pretrained : words.run.step(number.whole(step)),
    ];
    const line = parts.filter(Boolean).join(", ");
    return html`<p class="facts quiet number">${line.slice(0, 1).toUpperCase()}${line.slice(1)}.</p>`;
  }

  #told(labels: readonly (number | null)[]): string {
    const { run } = this.desk.words;
    const [first = null, last = first] = labels;
    if (first === null && last === null) return run.toldNone;
    return first === last ? run.told(this.desk.className(first)) : run.toldTwo(this.desk.className(first), this.desk.className(last));
  }
}
