/** The playground's keys. They act only while it has the focus, and never while someone types. */
import type { RunStore } from "../state/run-store";

const TIME_STEP = 0.02;
const SPEED_STEP = 0.25;

export interface KeyActions {
  store: RunStore;
  help(): void;
  /** Keys of one task alone; true when it used the key. */
  more(event: KeyboardEvent): boolean;
}

/** True when the key was used. */
export function handleKey(event: KeyboardEvent, { store, help, more }: KeyActions): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
  const target = event.composedPath()[0];
  if (isTyping(target)) return false;
  const { playback } = store;
  // Shift + "." types another character on many layouts, so the physical key decides.
  if (event.shiftKey && event.code === "Period") {
    void store.step(100);
    return true;
  }
  switch (event.key) {
    case " ":
      // Space presses a focused button, ticks a box and opens a select; there it keeps that meaning.
      if (isControl(target)) return false;
      void store.toggle();
      return true;
    case "k":
    case "K":
      void store.toggle();
      return true;
    case ".":
      void store.step(1);
      return true;
    case "r":
    case "R":
      void store.reset();
      return true;
    case "s":
    case "S":
      void store.drawAgain();
      return true;
    case "ArrowLeft":
    case "ArrowRight":
      if (usesArrows(target) || !playback.clip) return false;
      store.seek(playback.position + (event.key === "ArrowLeft" ? -TIME_STEP : TIME_STEP));
      return true;
    case "[":
    case "]": {
      const speed = Number(store.settings?.["view.speed"] ?? 1) + (event.key === "[" ? -SPEED_STEP : SPEED_STEP);
      void store.set("view.speed", Math.min(4, Math.max(0.25, speed)));
      return true;
    }
    case "?":
      help();
      return true;
    default:
      return more(event);
  }
}

function isTyping(target: EventTarget | undefined): boolean {
  if (target instanceof HTMLInputElement) return ["number", "text", "search", "email", "url"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || (target instanceof HTMLElement && target.isContentEditable);
}

function isControl(target: EventTarget | undefined): boolean {
  return target instanceof HTMLElement && target.closest("button, input, select, summary, a") !== null;
}

function usesArrows(target: EventTarget | undefined): boolean {
  return target instanceof HTMLInputElement && ["range", "radio"].includes(target.type);
}
