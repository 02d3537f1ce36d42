/**
 * The bench page. With `?auto` in its address it measures by itself, `depth`, `backend` and `only` choosing what, then runs the races
 * whose key contains what `races` says, `repeats` times; the title becomes "done" when it has finished.
 */
import "./elements/bench/page";
import type { Bench } from "./elements/bench/page";
import type { BenchDepth } from "./engine-types";
import { readQuery } from "./state/query";
import { texts } from "./strings";
import { benchTexts } from "./strings/bench.en";

const DEPTHS: readonly string[] = ["quick", "standard", "full"] satisfies BenchDepth[];

const view = readQuery(location.search);
const query = new URLSearchParams(location.search);
const lang = texts(view.lang).lang;
const words = benchTexts(lang);
document.documentElement.lang = lang;
document.documentElement.dataset["theme"] = view.theme;
document.title = words.pageTitle;

const bench = document.querySelector<Bench>("unnoise-bench")!;
const report = document.querySelector<HTMLElement>("#report")!;
report.ariaLabel = words.report;
bench.theme = view.theme;
bench.lang = lang;
bench.only = query.get("only") ?? "";
if (DEPTHS.includes(query.get("depth") ?? "")) bench.depth = query.get("depth") as BenchDepth;
if (view.backend !== "auto") bench.backends.delete(view.backend === "cpu" ? "webgpu" : "cpu");
bench.addEventListener("started", () => {
  report.hidden = true;
  document.title = words.pageTitle;
});
bench.addEventListener("finished", () => {
  report.textContent = bench.report;
  report.hidden = false;
});

/** `only=none` leaves all cases out: for races alone. */
async function auto(): Promise<void> {
  if (bench.only !== "none") await bench.run();
  if (query.has("races")) await bench.race(query.get("races") ?? "", Number(query.get("repeats") ?? 5));
  document.title = "done";
}
if (query.has("auto")) void auto();
