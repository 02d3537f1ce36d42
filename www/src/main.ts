/** The page: hosts the playground and, below it, the explanation. */
import "./elements/playground";
import "./elements/essay";
import type { Essay } from "./elements/essay";
import type { Playground } from "./elements/playground";
import type { BetaSchedule } from "./engine-types";
import { readQuery, type Theme } from "./state/query";
import { texts } from "./strings";

const view = readQuery(location.search);
const text = texts(view.lang);
const root = document.documentElement;
root.lang = text.lang;
document.title = text.ui.pageTitle;

const playground = document.querySelector<Playground>("unnoise-playground")!;
const essay = document.querySelector<Essay>("unnoise-essay")!;
const applyTheme = (theme: Theme): void => {
  root.dataset["theme"] = theme;
  essay.theme = theme;
};
applyTheme(view.theme);
playground.addEventListener("themechange", (event) => applyTheme((event as CustomEvent<Theme>).detail));

if (view.embed || view.hide.has("essay")) {
  essay.remove();
} else {
  essay.lang = text.lang;
  playground.addEventListener("datachange", () => {
    essay.points = playground.dataPoints;
    essay.schedule = (playground.store?.settings?.["schedule.beta_schedule"] ?? "linear") as BetaSchedule;
  });
}
// The hash holds settings, so the skip link must not write to it; and settings typed into the address bar are taken at once.
const skip = document.querySelector<HTMLElement>(".skip")!;
skip.textContent = text.ui.skip;
skip.addEventListener("click", (event) => {
  event.preventDefault();
  focusTool();
});
addEventListener("hashchange", () => {
  if (location.hash === "" || location.hash.includes("=")) location.reload();
});

function focusTool(): void {
  playground.renderRoot.querySelector<HTMLElement>(".tool")?.focus({ preventScroll: true });
}

// The tool is what the page is for: its keys work from the start. An embedded tool leaves the host page's focus alone.
if (!view.embed) void playground.updateComplete.then(focusTool);
