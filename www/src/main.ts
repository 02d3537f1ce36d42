/** The page: hosts one tool for each task, and below it the explanation. */
import "./elements/playground";
import "./elements/essay";
import type { Essay } from "./elements/essay";
import type { Playground } from "./elements/playground";
import { taskOf, type Task } from "./state/hash";
import { readQuery, type Theme } from "./state/query";
import type { RunStore } from "./state/run-store";
import { texts } from "./strings";

type AnyTool = Pick<Playground, "active" | "focusTool" | "setTheme" | "theme"> & HTMLElement & { store: RunStore | null };

/** A tool, its explanation, and whether it is in the page yet: one that nobody opened costs nothing. */
interface Room {
  tool: AnyTool;
  essay: HTMLElement & { theme: Theme };
}

const view = readQuery(location.search);
const text = texts(view.lang);
const root = document.documentElement;
const main = document.querySelector("main")!;
const withEssay = !view.embed && !view.hide.has("essay");
root.lang = text.lang;
root.dataset["theme"] = view.theme;

const rooms: Partial<Record<Task, Room>> = {};
let current: Task = taskOf(location.hash);
let theme = view.theme;

function openPoints(): Room {
  const tool = document.createElement("unnoise-playground") as Playground;
  const essay = document.createElement("unnoise-essay") as Essay;
  essay.lang = text.lang;
  let asked = "";
  const explain = (): void => {
    if (tool.store?.data) essay.points = tool.dataPoints;
    const schedule = tool.store?.phase === "ready" ? tool.store.config?.schedule : undefined;
    const key = JSON.stringify(schedule) ?? "";
    if (!schedule || key === asked) return;
    asked = key;
    // What is wrong with a schedule stands beside its setting.
    void tool.store!.ask("schedule_table", schedule).then((levels) => key === asked && (essay.levels = levels), () => undefined);
  };
  for (const event of ["datachange", "settingschange"]) tool.addEventListener(event, explain);
  return { tool, essay };
}

/** The digits' code is fetched when they are first opened. */
async function openDigits(): Promise<Room> {
  const { DigitsPlayground, DigitsEssay } = await import("./digits");
  const essay = new DigitsEssay();
  essay.lang = text.lang;
  const tool = new DigitsPlayground();
  const explain = (): void => {
    essay.band = !view.hide.has("loss") && !!tool.store?.lossBand;
  };
  for (const event of ["statechange", "settingschange"]) tool.addEventListener(event, explain);
  return { tool, essay };
}

async function show(task: Task): Promise<void> {
  current = task;
  const known = rooms[task];
  const room = known ?? (task === "points" ? openPoints() : await openDigits());
  // Two quick clicks: the later one counts.
  if (current !== task) return;
  rooms[task] = room;
  for (const other of Object.values(rooms)) {
    other.tool.active = other === room;
    other.essay.hidden = other !== room;
    // The skip link leads to the tool that can be seen.
    other.tool.id = other === room ? "playground" : "";
  }
  if (!known) {
    main.append(room.tool);
    if (withEssay) main.append(room.essay);
  } else if (room.tool.theme !== theme) {
    room.tool.setTheme(theme);
  }
  room.essay.theme = theme;
  document.title = task === "points" ? text.ui.pageTitle : text.ui.digitsTitle;
  // The tool is what the page is for: its keys work from the start. An embedded tool leaves the host page's focus alone.
  if (!view.embed) void room.tool.focusTool();
}

main.addEventListener("themechange", (event) => {
  theme = (event as CustomEvent<Theme>).detail;
  root.dataset["theme"] = theme;
  for (const room of Object.values(rooms)) room.essay.theme = theme;
});
main.addEventListener("task", (event) => {
  const task = (event as CustomEvent<Task>).detail;
  const hash = rooms[task]?.tool.store?.hash || (task === "points" ? "" : `#task=${task}`);
  history.pushState(null, "", hash || location.pathname + location.search);
  scrollTo({ top: 0 });
  void show(task);
});
// The hash holds settings, so the skip link must not write to it; and settings typed into the address bar are taken at once.
const skip = document.querySelector<HTMLElement>(".skip")!;
skip.textContent = text.ui.skip;
skip.addEventListener("click", (event) => {
  event.preventDefault();
  void rooms[current]?.tool.focusTool();
});
addEventListener("hashchange", () => {
  const task = taskOf(location.hash);
  // Back and forward between tasks keep both runs; anything else is a new start.
  const room = rooms[task];
  if (task !== current && (!room || room.tool.store?.hash === location.hash)) void show(task);
  else if (location.hash === "" || location.hash.includes("=")) location.reload();
});

void show(current);
