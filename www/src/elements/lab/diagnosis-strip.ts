/** Noised samples above, what the network takes them for below: one pair of pictures per timestep. */
import { css, html, nothing, type TemplateResult } from "lit";
import { paintDots } from "../../draw/fields";
import { Tiles } from "../../draw/tiles";
import type { RunStore } from "../../state/run-store";
import type { Store } from "../../state/store";
import type { DiagnosisStrings } from "../../strings/lab-diagnosis.en";
import type { OneStep } from "../../worker/ask";
import { tonesOf } from "../digits/tones";
import { inFigures } from "./diagnosis-findings";
import { predictionOf } from "./measure/levels";
import { prepare } from "./measure/panel";

/** Data points behind the predicted ones. */
const BEHIND = 500;

export const stripStyles = css`
  .strip {
    margin-top: 1.5rem;
  }
  .levels {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(4.75rem, 1fr));
    gap: 1rem 0.75rem;
    margin-top: 0.75rem;
  }
  .levels canvas {
    display: block;
    width: 100%;
    aspect-ratio: 1 / 2.1;
    border-radius: 3px;
  }
  .levels figcaption {
    font-size: 0.8125rem;
    line-height: 1.25rem;
  }
  .levels figcaption span {
    display: block;
    color: var(--ink-2);
  }
  @media (min-width: 68rem) {
    .levels {
      grid-template-columns: repeat(8, minmax(0, 1fr));
    }
  }
`;

export function strip({ timesteps, error, noised, predicted, side, channels }: OneStep, store: RunStore, words: DiagnosisStrings): TemplateResult | typeof nothing {
  const { number } = store.text;
  if (timesteps.length === 0) return nothing;
  const dim = store.task === "points" ? 2 : side * side * channels;
  const count = number.whole(noised.length / timesteps.length / dim);
  return html`<section class="strip">
    <h3>${words.strip.title}</h3>
    <p class="lead">${words.strip.about}${predictionOf(store) === "epsilon" ? ` ${words.strip.epsilon}` : nothing}</p>
    <div class="levels">
      ${timesteps.map((timestep, i) => {
        const [t, off] = [number.whole(timestep), inFigures(error[i] ?? NaN, store)];
        const size = noised.length / timesteps.length;
        const gone = dim === 2 ? outside(predicted.slice(i * size, (i + 1) * size), reach(noised, store as Store)) : 0;
        return html`<figure>
          <canvas role="img" data-level=${i} aria-label=${words.strip.describe({ t, count, error: off })}></canvas>
          <figcaption class="number">${words.strip.t(t)}<span>${words.strip.error(off)}</span>${gone ? html`<span>${words.strip.outside(number.whole(gone))}</span>` : nothing}</figcaption>
        </figure>`;
      })}
    </div>
  </section>`;
}

const tiles = new Tiles();

/** Paints every level. `colour` reads the page's colours. */
export function paintStrip(root: ParentNode, answer: OneStep, store: RunStore, colour: (name: string) => string): void {
  const { timesteps, noised, predicted } = answer;
  const size = noised.length / timesteps.length;
  const points = store.task === "points";
  const extent = points ? reach(noised, store as Store) : 1;
  root.querySelectorAll<HTMLCanvasElement>(".levels canvas").forEach((canvas, level) => {
    const ready = prepare(canvas);
    if (!ready) return;
    const { context, width, height } = ready;
    const part = (all: readonly number[]): readonly number[] => all.slice(level * size, (level + 1) * size);
    [part(noised), part(predicted)].forEach((values, row) => {
      context.save();
      context.translate(0, row * (height - width));
      if (points) paintPoints(context, width, extent, values, row === 0, store as Store, colour);
      else paintImages(root, context, width, values, answer, store);
      context.restore();
    });
  });
}

/** Nearly all of the data and of the noised points are in the picture. */
function reach(values: readonly number[], { data }: Store): number {
  const nearlyAll = (all: ArrayLike<number>): number => {
    const sizes = Float64Array.from(all, Math.abs).sort();
    return sizes[Math.floor(0.998 * (sizes.length - 1))] ?? 0;
  };
  return 1.05 * Math.max(2.4, nearlyAll(values), nearlyAll(data?.points ?? []));
}

/** How many points lie beyond the picture. */
function outside(points: readonly number[], extent: number): number {
  let count = 0;
  for (let i = 0; i < points.length; i += 2) if (!(Math.abs(points[i]!) <= extent && Math.abs(points[i + 1]!) <= extent)) count++;
  return count;
}

function paintPoints(context: CanvasRenderingContext2D, size: number, extent: number, values: readonly number[], noisy: boolean, store: Store, colour: (name: string) => string): void {
  context.fillStyle = colour("plate");
  context.fillRect(0, 0, size, size);
  context.beginPath();
  context.rect(0, 0, size, size);
  context.clip();
  if (!noisy) {
    context.globalAlpha = 0.35;
    paintDots(context, size, extent, (store.data?.points ?? new Float32Array(0)).slice(0, 2 * BEHIND), colour("data"), 0.7);
    context.globalAlpha = 1;
  }
  paintDots(context, size, extent, Float32Array.from(values), colour(noisy ? "data" : "samples"), 1.1);
}

function paintImages(root: ParentNode, context: CanvasRenderingContext2D, size: number, values: readonly number[], { side, channels }: OneStep, store: RunStore): void {
  const count = values.length / (side * side * channels);
  const columns = Math.max(1, Math.ceil(Math.sqrt(count)));
  const scale = store.config?.images?.scale ?? 1;
  const pixels = new Uint8Array(Uint8ClampedArray.from(values, (value) => (value / scale + 1) * 127.5).buffer);
  const inked = store.settings?.["images.dataset"] !== "own";
  tiles.paint(context, { pixels, side, channels }, { x: 0, y: 0, cell: size / (columns - 0.06), columns }, tonesOf(root, inked), { first: 0, count });
}
