import { css } from "lit";

/** One column on phones, the plate first; from 56.25rem the plate stays in view at the left while the settings scroll. */
export const layout = css`
  :host {
    position: relative;
    padding: 0.75rem 1rem 2rem;
  }
  [hidden] {
    display: none;
  }
  unnoise-header {
    margin-bottom: 0.75rem;
  }
  .tool {
    display: flex;
    flex-direction: column;
    gap: 1.5rem;
    outline: none;
  }
  .left, .right {
    display: contents;
  }
  .view {
    display: grid;
    gap: 0.75rem;
    --stage-height: min(calc(100vw - 2rem), 72vh);
  }
  unnoise-transport {
    order: 1;
  }
  unnoise-notices {
    order: 2;
  }
  unnoise-dataset-picker {
    order: 2;
  }
  unnoise-readouts {
    order: 3;
  }
  unnoise-loss-curve {
    order: 4;
  }
  unnoise-settings {
    order: 5;
  }
  .drop {
    position: fixed;
    inset: 1rem;
    z-index: 2;
    margin: 0;
    display: grid;
    place-items: center;
    border: 2px dashed var(--samples);
    background: color-mix(in srgb, var(--paper) 88%, transparent);
    font-size: 1.25rem;
    pointer-events: none;
  }
  @media (min-width: 56.25rem) {
    :host {
      padding: 1rem 2rem 3rem;
      max-width: 96rem;
      margin-inline: auto;
    }
    .tool {
      display: grid;
      grid-template-columns: minmax(0, 1fr) clamp(20rem, 31.25vw, 25rem);
      gap: 1.5rem 2.5rem;
      align-items: start;
    }
    unnoise-notices {
      order: 0;
      grid-column: 1 / -1;
    }
    .left, .right {
      display: flex;
      flex-direction: column;
      gap: 1.5rem;
      min-width: 0;
    }
    .left {
      position: sticky;
      top: 1rem;
    }
    .view {
      --stage-height: clamp(17rem, calc(100vh - 20.75rem), 48rem);
    }
    /* With a notice above, the data sets still fit on the first screen. */
    .tool:has(unnoise-notices:not([hidden])) .view {
      --stage-height: clamp(17rem, calc(100vh - 26rem), 48rem);
    }
  }
  /* Lower than this, the left column would be cut off at the bottom for as long as it stays in view. */
  @media (min-width: 56.25rem) and (max-height: 37rem) {
    .left {
      position: static;
    }
  }
  @media (min-width: 90rem) {
    .tool {
      column-gap: 3.5rem;
    }
  }
`;
