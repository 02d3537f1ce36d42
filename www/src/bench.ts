/** The bench page. With `?auto` in its address it measures by itself; the title becomes "done" when it has finished. */
import "./elements/bench";
import type { Bench } from "./elements/bench";
import { readQuery } from "./state/query";
import { texts } from "./strings";

const view = readQuery(location.search);
const text = texts(view.lang);
document.documentElement.lang = text.lang;
document.documentElement.dataset["theme"] = view.theme;
document.title = text.ui.bench.pageTitle;

const bench = document.querySelector<Bench>("unnoise-bench")!;
const report = document.querySelector<HTMLElement>("#report")!;
report.ariaLabel = text.ui.bench.report;
bench.theme = view.theme;
bench.lang = text.lang;
bench.addEventListener("started", () => {
  report.hidden = true;
  document.title = text.ui.bench.pageTitle;
});
bench.addEventListener("finished", () => {
  report.textContent = bench.report;
  report.hidden = false;
  document.title = "done";
});
if (new URLSearchParams(location.search).has("auto")) void bench.run();
