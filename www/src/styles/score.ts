import { css } from "lit";

/** The lab's tab score. */
export const scoreStyle = css`
  .sets {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem;
    margin-top: 0.5rem;
  }
  .slider {
    flex: 1 1 16rem;
    max-width: 34rem;
    display: grid;
    grid-template-columns: auto 1fr;
    align-items: center;
    gap: 0 1rem;
  }
  .slider output {
    grid-column: 2;
  }
  .both {
    display: grid;
    gap: 1.5rem 2.5rem;
  }
  .plots {
    display: grid;
    grid-template-columns: repeat(2, minmax(0, 1fr));
    gap: 1rem 0.75rem;
    border-radius: 3px;
  }
  figure {
    display: flex;
    flex-direction: column;
    gap: 0.25rem;
  }
  figcaption {
    font-weight: 550;
  }
  canvas {
    display: block;
    width: 100%;
    aspect-ratio: 1;
    border: 1px solid var(--line);
    border-radius: 3px;
    background: var(--plate);
    cursor: crosshair;
    touch-action: pan-y pinch-zoom;
  }
  .ramp {
    height: 0.5rem;
    border-radius: 2px;
    background: var(--ramp);
  }
  .ticks {
    display: flex;
    justify-content: space-between;
    font-size: 0.75rem;
    line-height: 1rem;
    color: var(--ink-2);
  }
  .scale {
    font-size: 0.75rem;
    line-height: 1rem;
    color: var(--ink-2);
  }
  .reading {
    min-height: 2.5rem;
    margin-top: 0.75rem;
  }
  @media (min-width: 40rem) {
    .plots {
      grid-template-columns: repeat(3, minmax(0, 1fr));
    }
    .reading {
      min-height: 1.25rem;
    }
  }
  @media (min-width: 68rem) {
    .both {
      grid-template-columns: minmax(0, 1.9fr) minmax(0, 1fr);
    }
  }
`;
