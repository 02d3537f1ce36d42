import { css } from "lit";

/** A few large numbers and some small ones. */
export const readoutStyles = css`
  dl {
    display: grid;
    grid-template-columns: repeat(3, 1fr);
    gap: 0.5rem 1rem;
  }
  dl > div {
    display: flex;
    flex-direction: column-reverse;
    justify-content: flex-end;
    min-width: 0;
  }
  .wide {
    grid-column: 1 / -1;
  }
  dt {
    color: var(--ink-2);
    font-size: 0.75rem;
    line-height: 1rem;
  }
  dd {
    font-size: 1.25rem;
    line-height: 1.75rem;
    font-variant-numeric: tabular-nums;
    letter-spacing: -0.01em;
    white-space: nowrap;
  }
  .wide dd {
    font-size: 3rem;
    line-height: 3.25rem;
    font-weight: 300;
    letter-spacing: -0.03em;
  }
  /* In three columns of a small screen, words may need two lines. */
  .minor dd {
    white-space: normal;
    font-size: 0.875rem;
    line-height: 1.5rem;
    letter-spacing: 0;
  }
`;
