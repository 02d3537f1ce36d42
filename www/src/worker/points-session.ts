/** The 2D task: an MLP on points, their labels and the distance of samples to them. */
import type { Engine, Sample } from "./engine-api";
import type { DataSet, TimedClip, Update } from "./protocol";
import { owned, Session } from "./session";

export class PointsSession extends Session {
  protected readonly sampleEvery = 2200;
  protected readonly firstSample = 500;
  protected readonly sampleOnStep = true;

  protected data(engine: Engine): DataSet {
    return { points: owned(engine.data_points()), labels: owned(engine.data_labels()) };
  }

  protected clip(engine: Engine, sample: Sample, common: TimedClip): { update: Update; moved: Transferable[] } {
    const frames = owned(sample.frames);
    const quality = engine.quality(frames.slice((common.frameCount - 1) * common.count * 2));
    const moved = [frames.buffer, common.timesteps.buffer] as Transferable[];
    return { update: { type: "clip", clip: { ...common, frames, quality } }, moved };
  }
}
