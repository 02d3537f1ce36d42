/** Styles of the digits task that are longer than a few lines. */
import { css } from "lit";

export const gridStyles = css`
  .bar {
    display: flex;
    align-items: center;
    gap: 0.5rem 1rem;
    margin-bottom: 0.5rem;
  }
  fieldset {
    display: flex;
    flex: none;
    border: 1px solid var(--edge);
    border-radius: 3px;
    background: var(--plate);
  }
  label {
    position: relative;
    min-width: 2.75rem;
    padding: 0 0.625rem;
    line-height: 2rem;
    text-align: center;
    font-weight: 550;
    color: var(--ink-2);
    cursor: pointer;
  }
  label + label {
    border-left: 1px solid var(--line);
  }
  label:hover {
    color: var(--ink);
  }
  label:has(:checked) {
    background: var(--ink);
    color: var(--paper);
  }
  label:has(:focus-visible) {
    outline: 2px solid var(--focus);
    outline-offset: 2px;
  }
  label input {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    margin: 0;
    opacity: 0;
    cursor: pointer;
  }
  .what {
    flex: 1;
    min-width: 0;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .draw {
    flex: none;
    margin-left: auto;
  }
  .plate {
    position: relative;
    height: var(--stage-height, 32rem);
    padding: 0.5rem;
    border: 1px solid var(--line);
    border-radius: 3px;
    background: var(--plate);
  }
  .cells {
    position: relative;
    height: 100%;
    border-radius: 3px;
  }
  .grid {
    display: block;
    width: 100%;
    height: 100%;
    touch-action: pan-y pinch-zoom;
  }
  .close {
    position: absolute;
    z-index: 1;
    display: grid;
    grid-template-columns: auto auto;
    gap: 0.25rem 0.5rem;
    padding: 0.5rem;
    border: 1px solid var(--edge);
    border-radius: 3px;
    background: var(--plate);
    box-shadow: 0 4px 16px rgb(0 0 0 / 0.18);
    pointer-events: none;
    font-size: 0.8125rem;
    line-height: 1.25rem;
  }
  .close[data-docked] {
    left: 50%;
    transform: translateX(-50%);
  }
  .close canvas {
    display: block;
    width: 7rem;
    height: 7rem;
  }
  .close span {
    color: var(--ink-2);
  }
  .close figcaption {
    grid-column: 1 / -1;
  }
  /* Colours for the canvas: text in the outline's, the mark in the border's. */
  .probe {
    position: absolute;
    visibility: hidden;
    outline: 1px solid var(--ink-2);
    border-top: 1px solid var(--samples);
  }
  @media (max-width: 40rem) {
    .bar {
      flex-wrap: wrap;
      column-gap: 0.5rem;
    }
    label {
      padding: 0 0.5rem;
    }
    .what {
      display: none;
    }
    .plate {
      height: auto;
      aspect-ratio: 1 / 0.87;
      padding: 0.25rem;
    }
    .draw {
      min-width: 2.75rem;
    }
  }
  @media (pointer: coarse) {
    label {
      line-height: 2.75rem;
    }
  }
`;

/** Above the shared layout: the grid has a bar of its own, and there is more below it than a picker. */
export const digitsLayout = css`
  .view {
    --stage-height: min(calc(100vw - 2rem), 72vh);
  }
  /* A run that waits to be resumed is the first thing to decide. */
  :host([data-offer]) unnoise-notices {
    order: -1;
  }
  unnoise-digits-weights {
    order: 2;
  }
  unnoise-digits-data {
    order: 2;
  }
  unnoise-digits-strip {
    order: 4;
  }
  unnoise-digits-readouts {
    order: 3;
  }
  unnoise-digits-settings {
    order: 5;
  }
  @media (min-width: 56.25rem) {
    .view {
      --stage-height: clamp(16rem, calc(100vh - 22.75rem), 42rem);
    }
    .tool:has(unnoise-notices:not([hidden])) .view {
      --stage-height: clamp(16rem, calc(100vh - 26.25rem), 42rem);
    }
    /* One after the other, as they stand in the page. */
    .left > *, .right > * {
      order: 0;
    }
  }
`;
