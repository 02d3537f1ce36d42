/** diffusers' scheduler_config.json in and out: the settings follow a file, and a file is made from them. */
import { css, html, type TemplateResult } from "lit";
import { scheduleWords, type ScheduleStrings } from "../../strings/lab-schedule.en";
import { base, controls } from "../../styles/base";
import { labStyles } from "../../styles/lab";
import { download } from "../download";
import { StoreElement } from "../store-element";
import { faultOf } from "./latest";

const NAME = "scheduler_config.json";
const LIMIT = 4 * 1024 * 1024;

/** What a scheduler says nothing of, although it is sampling's: it came along unchanged. */
const BESIDE = /^sample\.(guidance|num_|seed|weights|eta$|timesteps$|schedule$)/;
const isScheduler = (key: string): boolean => /^(schedule|sample)\./.test(key) && !BESIDE.test(key);

export class SchedulerFile extends StoreElement {
  static override topics = ["settings"] as const;
  static override styles = [
    base,
    controls,
    labStyles,
    css`
      textarea {
        display: block;
        width: 100%;
        min-height: 7.5rem;
        margin: 0.5rem 0;
        padding: 0.5rem;
        border: 1px solid var(--edge);
        border-radius: 3px;
        background: var(--plate);
        color: var(--ink);
        font: 12px/1.5 var(--mono);
        resize: vertical;
      }
      :host([data-over]) textarea {
        border: 2px dashed var(--samples);
      }
      .row {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: 0.5rem;
      }
      .row button {
        padding-inline: 0.5rem;
      }
      .said {
        min-height: 1.25rem;
        margin-top: 0.5rem;
      }
    `,
  ];

  #said = "";
  #refused = "";
  /** The setting that the last refusal stands beside. */
  #blamed: string | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener("dragover", this.#over);
    this.addEventListener("dragleave", this.#leave);
    this.addEventListener("drop", this.#drop);
    this.addEventListener("paste", this.#paste);
  }

  get #words(): ScheduleStrings["file"] {
    return scheduleWords(this.store.text.lang).file;
  }

  get #area(): HTMLTextAreaElement {
    return this.renderRoot.querySelector("textarea")!;
  }

  #say(said: string, refused = ""): void {
    this.#said = said;
    this.#refused = refused;
    this.requestUpdate();
  }

  // The whole tool takes dropped files as checkpoints; here they are schedulers.

  #over = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    this.toggleAttribute("data-over", true);
  };

  #leave = (): void => void this.toggleAttribute("data-over", false);

  #drop = (event: DragEvent): void => {
    this.#leave();
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    event.stopPropagation();
    void this.#take(file);
  };

  #paste = (event: ClipboardEvent): void => {
    const file = event.clipboardData?.files[0];
    if (!file) return;
    event.preventDefault();
    event.stopPropagation();
    void this.#take(file);
  };

  #picked = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    if (file) void this.#take(file);
    input.value = "";
  };

  async #take(file: File): Promise<void> {
    if (file.size > LIMIT) return this.#say("", this.#words.tooLarge);
    this.#area.value = await file.text();
    await this.#read();
  }

  #read = async (): Promise<void> => {
    const { store } = this;
    const text = this.#area.value.trim();
    const { config, sampleOptions, settings } = store;
    if (!text) return this.#say("", this.#words.empty);
    if (!config || !sampleOptions || !settings) return;
    if (this.#blamed) store.unsay(this.#blamed);
    this.#blamed = null;
    try {
      const { class_name, schedule, sample } = await store.ask("read_scheduler", text, config, sampleOptions);
      const { table } = store;
      const next = table.withSample(table.withConfig(settings, { ...config, schedule }), sample);
      const values = Object.fromEntries(Object.entries(next).filter(([key, value]) => value !== settings[key] && isScheduler(key)));
      if (await store.setAll(values)) this.#say(this.#words.taken(class_name));
    } catch (error) {
      this.#refuse(faultOf(error));
    }
  };

  #refuse({ field, message }: { field: string | null; message: string }): void {
    const { store } = this;
    const name = field?.replace(/^scheduler\.?/, "") ?? "";
    const own = name === "_class_name" ? "sampler" : name;
    const key = [field ?? "", `schedule.${own}`, `sample.${own}`].find((known) => store.table.has(known));
    if (!key) return this.#say("", name ? this.#words.refused(name, message) : message);
    this.#blamed = key;
    store.say(key, message);
    this.#say("", this.#words.beside(store.label(key)));
  }

  #write = async (): Promise<string | null> => {
    const { config, sampleOptions } = this.store;
    if (!config || !sampleOptions) return null;
    try {
      return await this.store.ask("write_scheduler", config, sampleOptions);
    } catch (error) {
      this.#refuse(faultOf(error));
      return null;
    }
  };

  #download = async (): Promise<void> => {
    const text = await this.#write();
    if (text === null) return;
    download(NAME, new Blob([text], { type: "application/json" }));
    this.#say(this.#words.saved(NAME));
  };

  #copy = async (): Promise<void> => {
    const text = await this.#write();
    if (text === null) return;
    this.#area.value = text;
    await navigator.clipboard.writeText(text).then(
      () => this.#say(this.#words.copied),
      () => this.#say(this.#words.copyFailed),
    );
  };

  protected override render(): TemplateResult {
    const words = this.#words;
    return html`
      <h2>${words.title}</h2>
      <p class="quiet">${words.lead}</p>
      <textarea aria-label=${words.label} placeholder=${words.placeholder} spellcheck="false" aria-describedby="refused"></textarea>
      <div class="row">
        <button type="button" class="read" @click=${() => void this.#read()}>${words.read}</button>
        <button type="button" @click=${() => this.renderRoot.querySelector<HTMLInputElement>("input")!.click()}>${words.choose}</button>
        <button type="button" @click=${() => void this.#copy()}>${words.copy}</button>
        <button type="button" @click=${() => void this.#download()}>${words.download}</button>
        <input type="file" accept=".json,application/json" hidden @change=${this.#picked} />
      </div>
      <p class="said quiet" role="status">${this.#said}</p>
      <p class="fault" id="refused" role="alert" ?hidden=${!this.#refused}>${this.#refused}</p>
    `;
  }
}

customElements.define("unnoise-scheduler-file", SchedulerFile);
