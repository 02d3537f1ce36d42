/** Save, export and load. Dropping and pasting are handled by the tool as a whole. */
import { css, html, type TemplateResult } from "lit";
import { filesOfList } from "../../data/own-files";
import type { DigitsStore } from "../../state/digits-store";
import { CHECKPOINT } from "../../state/run-store";
import { base, controls } from "../../styles/base";
import { download } from "../download";
import { StoreElement } from "../store-element";

export class DigitsFiles extends StoreElement<DigitsStore> {
  static override topics = ["settings", "state"] as const;
  static override styles = [
    base,
    controls,
    css`
      .row {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: 0.5rem;
        margin-bottom: 0.5rem;
      }
      button {
        padding-inline: 0.5rem;
      }
      .fault {
        margin: 0.5rem 0 0;
        padding: 0.25rem 0.75rem;
        border-left: 2px solid var(--alarm);
        background: var(--alarm-wash);
        color: var(--alarm);
        overflow-wrap: anywhere;
      }
    `,
  ];

  get #name(): string {
    const { dataset, settings, metrics } = this.store;
    return `unnoise-${dataset}-${settings?.["preset"]}-step-${metrics?.step ?? 0}`;
  }

  #save = async (): Promise<void> => {
    const bytes = await this.store.saveForDownload();
    if (!bytes) return;
    const name = `${this.#name}.safetensors`;
    download(name, new Blob([bytes as BlobPart], { type: "application/octet-stream" }));
    this.store.setFileMessage(this.store.text.ui.files.saved(name));
  };

  #export = async (): Promise<void> => {
    const folder = await this.store.runs.export();
    if (!folder) return;
    const name = `${this.#name}.zip`;
    download(name, folder);
    this.store.setFileMessage(this.store.words.files.exported(name));
  };

  #choose = (id: string): void => this.renderRoot.querySelector<HTMLInputElement>(`#${id}`)!.click();

  #load = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const files = filesOfList(input.files ?? []);
    input.value = "";
    if (files.length) void this.store.runs.load(files);
  };

  protected override render(): TemplateResult {
    const { store } = this;
    const { files } = store.words;
    const fault = store.faults.get(CHECKPOINT);
    const ready = store.phase === "ready";
    return html`
      <div class="row">
        <button type="button" id="save" ?disabled=${!ready} @click=${() => void this.#save()}>${files.save}</button>
        <button type="button" id="export" ?disabled=${!ready} @click=${() => void this.#export()}>${files.export}</button>
        <button type="button" id="load" ?disabled=${!ready} aria-describedby="fault" @click=${() => this.#choose("file")}>${files.load}</button>
        <button type="button" id="load-folder" ?disabled=${!ready} aria-describedby="fault" @click=${() => this.#choose("folder")}>${files.folder}</button>
        <input type="file" id="file" multiple accept=".safetensors,.zip,.json" hidden @change=${this.#load} />
        <input type="file" id="folder" webkitdirectory hidden @change=${this.#load} />
      </div>
      <p class="quiet">${store.fileMessage || files.hint}</p>
      <p class="fault quiet" id="fault" role="alert" ?hidden=${!fault}>${fault ?? ""}</p>
    `;
  }
}

customElements.define("unnoise-digits-files", DigitsFiles);
