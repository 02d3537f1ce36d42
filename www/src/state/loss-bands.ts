/**
 * Where the loss should be, by preset and data set, smoothed as the chart smooths it (`LossHistory`).
 *
 * Measured, each with the preset's own batch size of 64, on a CPU:
 * - `tiny` on MNIST: 600 steps in the page at its constant rate of 0.003, with the seeds 0 and 1. The band reaches from 25 % below the
 *   lower curve to 25 % above the higher one.
 * - `small` on MNIST, 7,500 steps, and on Fashion-MNIST, 2,813 steps: one native run each with seed 1, the rate falling from 0.002
 *   along a cosine over all of these steps. The page keeps the rate constant, so the late losses there are a little higher; the band is
 *   wide enough for that, 25 % to either side. It says that a run is not far off, not that it is a good one.
 *
 * Before the first point the loss falls too fast, and depends too much on the seed, for a band. There is none after the last point,
 * nor for what was not measured.
 */
import type { ImageDataset, Preset } from "../engine-types";
import type { LossBand } from "./run-store";

type Bands = Partial<Record<Preset, Partial<Record<ImageDataset, LossBand>>>>;

/** [step, lowest, highest] of the smoothed loss. */
const BANDS: Bands = {
  tiny: {
    mnist: [[20, 0.244, 0.476], [50, 0.169, 0.284], [100, 0.123, 0.216], [200, 0.103, 0.177], [300, 0.0909, 0.156], [400, 0.0828, 0.142], [599, 0.0741, 0.129]],
  },
  small: {
    mnist: [[50, 0.135, 0.224], [100, 0.09, 0.15], [200, 0.0661, 0.11], [400, 0.0512, 0.0854], [700, 0.0442, 0.0737], [1000, 0.0397, 0.0661], [2000, 0.0356, 0.0594], [3000, 0.0342, 0.057], [4000, 0.0329, 0.0548], [5000, 0.0317, 0.0529], [6000, 0.0312, 0.052], [7499, 0.0306, 0.051]],
    fashion_mnist: [[50, 0.165, 0.274], [100, 0.121, 0.202], [200, 0.0984, 0.164], [400, 0.0841, 0.14], [700, 0.0766, 0.128], [1000, 0.0704, 0.117], [2000, 0.0643, 0.107], [2812, 0.0612, 0.102]],
  },
};

/** Null where nothing was measured. */
export function lossBand(preset: string, dataset: string): LossBand | null {
  return BANDS[preset as Preset]?.[dataset as ImageDataset] ?? null;
}
