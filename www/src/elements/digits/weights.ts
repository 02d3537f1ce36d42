/** Which weights draw the samples, and the two ways to others. */
import { css, html, nothing, type TemplateResult } from "lit";
import type { DigitsStore } from "../../state/digits-store";
import { base, controls } from "../../styles/base";
import { StoreElement } from "../store-element";

export class DigitsWeights extends StoreElement<DigitsStore> {
  static override topics = ["state", "settings", "metrics"] as const;
  static override styles = [
    base,
    controls,
    css`
      :host {
        padding: 0.625rem 0.875rem 0.75rem;
        border: 1px solid var(--line);
        border-left: 3px solid var(--ink-3);
        border-radius: 3px;
        background: var(--plate);
      }
      :host([data-kind="live"]) {
        border-left-color: var(--samples);
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem;
        margin-top: 0.5rem;
      }
      button {
        flex: 1 1 9rem;
        padding-inline: 0.5rem;
      }
    `,
  ];

  #about(): [string, string] {
    const { origin, originStep, metrics, words, text, subject, settings, dataset, runs } = this.store;
    const { weights, data, presets } = words;
    const { number } = text;
    const preset = presets[String(settings?.["preset"])] ?? "";
    const more = (metrics?.step ?? 0) - originStep;
    const plus = more > 0 ? ` ${weights.plusLive(number.whole(more))}` : "";
    if (origin.kind === "pretrained") {
      const title = weights.pretrained(data.names[origin.dataset], presets[origin.preset] ?? "", number.whole(origin.steps), number.whole(origin.images));
      return [title, weights.pretrainedAbout(runs.shipped?.adapter ?? "") + plus];
    }
    if (origin.kind === "file") return [weights.file(origin.name), `${subject}.${plus}`];
    return [weights.live, weights.liveAbout(data.names[dataset], preset)];
  }

  protected override render(): TemplateResult {
    const { origin, phase, words, runs, text } = this.store;
    const { weights } = words;
    const ready = phase === "ready" && !runs.fetching;
    const [title, about] = this.#about();
    this.dataset["kind"] = origin.kind;
    const stored = runs.storedStep === null ? "" : ` ${words.run.stored(text.number.whole(runs.storedStep))}`;
    return html`
      <h2>${title}</h2>
      <p class="quiet number">
        ${runs.fetching ? weights.loading(words.memory.megabytes(text.number.fixed(runs.fetching.bytes / 1e6, 1))) : `${about}${stored}`}
      </p>
      <div class="buttons">
        <button type="button" id="pretrained" ?disabled=${!ready || this.store.untouched || !runs.pretrained} title=${runs.pretrained ? "" : weights.none}
          @click=${() => void runs.usePretrained()}>${weights.use}</button>
        <button type="button" id="scratch" ?disabled=${!ready} @click=${() => void this.store.trainFromScratch()}>${weights.scratch}</button>
      </div>
      ${runs.pretrained || phase !== "ready" ? nothing : html`<p class="visually-hidden">${weights.none}</p>`}
    `;
  }
}

customElements.define("unnoise-digits-weights", DigitsWeights);
