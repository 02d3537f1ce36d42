/** The look that the lab's tabs share: a picture and, beside it where there is room, what there is to say of it. */
import { css } from "lit";

export const labStyles = css`
  .columns {
    display: grid;
    gap: 1.5rem 2.5rem;
  }
  .columns > * {
    min-width: 0;
  }
  .lead {
    max-width: 44rem;
    margin-bottom: 1rem;
  }
  .bar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.5rem 1rem;
    min-height: 2.5rem;
    margin-bottom: 0.5rem;
  }
  .bar .push {
    margin-left: auto;
  }
  .choices {
    display: inline-flex;
    border: 1px solid var(--edge);
    border-radius: 3px;
    overflow: hidden;
    background: var(--plate);
  }
  .choices label {
    position: relative;
    display: grid;
    place-items: center;
    min-height: 2rem;
    padding: 0 0.75rem;
    cursor: pointer;
  }
  .choices label + label {
    border-left: 1px solid var(--line);
  }
  .choices input {
    position: absolute;
    inset: 0;
    margin: 0;
    opacity: 0;
    cursor: pointer;
  }
  .choices label:has(:checked) {
    background: var(--ink);
    color: var(--paper);
  }
  .choices label:has(:focus-visible) {
    outline: 2px solid var(--focus);
    outline-offset: -2px;
  }
  .fault {
    margin: 0.5rem 0 0;
    padding: 0.25rem 0.75rem;
    border-left: 2px solid var(--alarm);
    background: var(--alarm-wash);
    color: var(--alarm);
    overflow-wrap: anywhere;
    font-size: 0.8125rem;
    line-height: 1.25rem;
  }
  .facts {
    display: grid;
    gap: 0.75rem;
  }
  .facts li {
    padding-left: 0.75rem;
    border-left: 2px solid var(--line);
  }
  .facts li[data-tone="warn"] {
    border-color: var(--samples);
  }
  details > summary {
    display: inline-flex;
    align-items: center;
    min-height: 2.5rem;
    color: var(--ink-2);
    font-size: 0.8125rem;
    cursor: pointer;
  }
  details > summary::before {
    content: "";
    margin-inline-end: 0.5rem;
    border: 0.25rem solid transparent;
    border-inline-start: 0.375rem solid currentColor;
    border-inline-end: 0;
  }
  details[open] > summary::before {
    transform: rotate(90deg);
  }
  .scroll {
    overflow-x: auto;
  }
  table {
    border-collapse: collapse;
    font-size: 0.8125rem;
    font-variant-numeric: tabular-nums;
  }
  th, td {
    padding: 0.25rem 0.75rem 0.25rem 0;
    text-align: right;
    border-bottom: 1px solid var(--line);
    white-space: nowrap;
  }
  th {
    font-weight: 550;
    color: var(--ink-2);
  }
  th:first-child, td:first-child {
    text-align: left;
  }
  @media (pointer: coarse) {
    .choices label, details > summary {
      min-height: 2.75rem;
    }
  }
  @media (min-width: 56.25rem) {
    .columns {
      grid-template-columns: minmax(0, 1fr) clamp(18rem, 30vw, 24rem);
    }
  }
`;
