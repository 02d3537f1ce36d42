/** Save a checkpoint as a file, load one back. Dropping and pasting are handled by the playground as a whole. */
import { css, html, type TemplateResult } from "lit";
import { CHECKPOINT } from "../state/run-store";
import { base, controls } from "../styles/base";
import { download } from "./download";
import { StoreElement } from "./store-element";

export class Files extends StoreElement {
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

  #save = async (): Promise<void> => {
    const { store } = this;
    const bytes = await store.saveForDownload();
    if (!bytes) return;
    const name = `unnoise-${store.settings?.["data.dataset"]}-step-${store.metrics?.step ?? 0}.safetensors`;
    download(name, new Blob([bytes as BlobPart], { type: "application/octet-stream" }));
    store.setFileMessage(store.text.ui.files.saved(name));
  };

  #choose = (): void => this.renderRoot.querySelector<HTMLInputElement>("input")!.click();

  #load = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    if (file) void this.store.load(file);
    input.value = "";
  };

  protected override render(): TemplateResult {
    const { store } = this;
    const { files } = store.text.ui;
    const fault = store.faults.get(CHECKPOINT);
    const ready = store.phase === "ready";
    return html`
      <div class="row">
        <button type="button" id="save" ?disabled=${!ready} @click=${() => void this.#save()}>${files.save}</button>
        <button type="button" id="load" ?disabled=${!ready} aria-describedby="fault" @click=${this.#choose}>${files.load}</button>
        <input type="file" accept=".safetensors" hidden @change=${this.#load} />
      </div>
      <p class="quiet">${store.fileMessage || files.hint}</p>
      <p class="fault quiet" id="fault" role="alert" ?hidden=${!fault}>${fault ?? ""}</p>
    `;
  }
}

customElements.define("unnoise-files", Files);
