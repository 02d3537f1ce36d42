/**
 * Where the picture stands in time. Position 0 is pure noise, 1 the result. While live, each new clip is
 * played from noise to data; while held, the clip and the position stay as the visitor left them.
 */
import type { Clip, TimedClip } from "../worker/protocol";

/** With reduced motion a replay the visitor asks for shows this many still frames. */
const STILLS = 6;

export class Playback {
  clip: TimedClip | null = null;
  position = 1;
  live = true;
  animating = false;
  speed = 1;
  reducedMotion = false;
  #pending: TimedClip | null = null;
  #from = 0;
  #begun = 0;
  #length: number;

  /** `length`: milliseconds of one denoising at speed 1. */
  constructor(length: number) {
    this.#length = length;
  }

  /** A new clip: plays when live, or replaces the picture at the held position when asked for by hand. */
  offer(clip: TimedClip, byHand: boolean): void {
    if (!this.live && !byHand && this.clip) return;
    if (this.animating && !byHand) {
      this.#pending = clip;
      return;
    }
    this.clip = clip;
    this.#pending = null;
    if (!this.live) return;
    if (this.reducedMotion) this.position = 1;
    else this.play();
  }

  play(): void {
    this.position = 0;
    this.#from = 0;
    this.#begun = performance.now();
    this.animating = true;
  }

  stop(): void {
    this.animating = false;
  }

  /** The visitor moved time: hold what is shown. */
  seek(position: number): void {
    this.animating = false;
    this.live = false;
    this.#pending = null;
    this.position = Math.min(1, Math.max(0, position));
  }

  goLive(): void {
    this.live = true;
    if (this.clip && !this.reducedMotion) this.play();
  }

  clear(): void {
    this.clip = null;
    this.#pending = null;
    this.animating = false;
    this.position = 1;
  }

  /** Advances the animation; true when the picture changed. */
  tick(now: number): boolean {
    if (!this.animating) return false;
    const progress = Math.min(1, this.#from + ((now - this.#begun) * this.speed) / this.#length);
    const position = this.reducedMotion ? Math.floor(progress * STILLS) / STILLS : progress;
    const changed = position !== this.position;
    this.position = position;
    if (progress >= 1) {
      this.animating = false;
      if (this.#pending && this.live) {
        this.clip = this.#pending;
        this.#pending = null;
        if (!this.reducedMotion) this.play();
      }
    }
    return changed || progress >= 1;
  }

  /** Timestep at the position; null when there is no clip. */
  get timestep(): number | null {
    if (!this.clip) return null;
    const at = this.position * (this.clip.frameCount - 1);
    const a = this.clip.timesteps[Math.floor(at)] ?? 0;
    const b = this.clip.timesteps[Math.ceil(at)] ?? a;
    return Math.max(0, Math.round(a + (b - a) * (at - Math.floor(at))));
  }

  /** The frame before the position, and how far it is to the next one. */
  get at(): { frame: number; mix: number } {
    const last = (this.clip?.frameCount ?? 1) - 1;
    const at = this.position * last;
    const frame = Math.max(0, Math.min(last - 1, Math.floor(at)));
    return { frame, mix: at - frame };
  }
}

/** Playback of moving points. */
export class PointsPlayback extends Playback {
  declare clip: Clip | null;

  /** The points at the position, interleaved x, y, between frames interpolated. */
  points(): Float32Array {
    if (!this.clip) return new Float32Array(0);
    const { frames, frameCount, count } = this.clip;
    if (frameCount < 2) return frames.slice(0, count * 2);
    const { frame, mix } = this.at;
    const a = frame * count * 2;
    const b = a + count * 2;
    const points = new Float32Array(count * 2);
    for (let i = 0; i < points.length; i++) points[i] = frames[a + i]! * (1 - mix) + frames[b + i]! * mix;
    return points;
  }
}
