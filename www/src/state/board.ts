/** What a store has to say: changes to its listeners, notices above the tool, messages beside controls. */
import type { Texts } from "../strings";
import type { Fault } from "../worker/protocol";
import { EngineError } from "./client";
import { troubleNotice, type Notice } from "./notices";
import type { Table } from "./table";

/** What changed; elements redraw only for what they show. */
export type Topic = "state" | "settings" | "metrics" | "clip" | "time" | "data" | "notices";

export abstract class Board {
  readonly text: Texts;
  abstract readonly table: Table;
  notices: Notice[] = [];
  /** Messages beside controls, by setting or "checkpoint". */
  faults = new Map<string, string>();
  /** Settings that were blamed for a change of another. */
  #blamed = new Set<string>();
  #listeners = new Set<(topic: Topic) => void>();

  constructor(text: Texts) {
    this.text = text;
  }

  /** The name of a setting. */
  abstract label(key: string): string;

  subscribe(listener: (topic: Topic) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(...topics: Topic[]): void {
    for (const topic of topics) for (const listener of this.#listeners) listener(topic);
  }

  /** Nobody hears anything any more. */
  protected silence(): void {
    this.#listeners.clear();
  }

  addNotice(notice: Notice): void {
    this.notices = [...this.notices.filter(({ id }) => id !== notice.id), notice];
    this.emit("notices");
  }

  dismiss(id: string): void {
    this.notices = this.notices.filter((notice) => notice.id !== id);
    this.emit("notices");
  }

  protected fault(key: string, message: string): false {
    this.faults.set(key, message);
    this.emit("settings");
    return false;
  }

  /** Says something beside a control. */
  say(key: string, message: string): false {
    return this.fault(key, message);
  }

  /** What was said beside a control is settled. */
  unsay(key: string): void {
    this.clearFault(key);
  }

  protected clearFault(key: string): void {
    if (this.faults.delete(key)) this.emit("settings");
  }

  /** A change was taken: what was said of it, and of settings that stood in its way, is settled. */
  protected settleFaults(key: string | null): void {
    for (const settled of key ? [key, ...this.#blamed] : this.#blamed) this.clearFault(settled);
    this.#blamed.clear();
  }

  /** Awaits a command; an error goes beside its control, or into a notice where there is none. */
  protected async attempt(call: Promise<unknown>, key: string | null = null): Promise<boolean> {
    try {
      await call;
      return true;
    } catch (error) {
      const fault: Fault = error instanceof EngineError ? error.fault : { kind: "internal", field: null, message: String(error) };
      const place = fault.field ?? key;
      if (place && place !== key) this.#blamed.add(place);
      if (place && this.table.has(place)) return this.fault(place, fault.message.replaceAll(place, this.label(place)));
      if (key) return this.fault(key, fault.message);
      this.addNotice(troubleNotice(fault, false, this.text));
      return false;
    }
  }
}
