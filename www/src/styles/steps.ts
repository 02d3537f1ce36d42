import { css } from "lit";

/** The lab's tab step by step. */
export const stepsStyle = css`
  .steps {
    outline-offset: 4px;
  }
  .bar button {
    min-width: 2.5rem;
    padding: 0 0.5rem;
  }
  .bar input[type="range"] {
    flex: 1 1 10rem;
  }
  .bar output {
    min-width: 8.5rem;
    font-variant-numeric: tabular-nums;
    font-weight: 550;
  }
  .pick {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.5rem 1rem;
    margin: 0.75rem 0 0;
  }
  .pick label {
    display: inline-flex;
    align-items: center;
    gap: 0.5rem;
  }
  .pick input {
    width: 4rem;
  }
  .formulas section + section {
    margin-top: 1rem;
    padding-top: 1rem;
    border-top: 1px solid var(--line);
  }
  .formulas .scroll {
    padding-block: 0.25rem;
  }
  math {
    font-size: 1.0625rem;
    text-align: left;
    width: max-content;
    margin: 0.375rem 0;
  }
  .column {
    margin-inline: 0.125rem;
    border: 1px solid currentColor;
    border-width: 0 1px;
    border-radius: 0.4rem;
  }
  .column mtd {
    padding: 0.1875rem 0.25rem;
    text-align: right;
  }
  math + math {
    color: var(--ink-2);
  }
  math:last-of-type:not(:first-of-type) {
    color: var(--samples);
    font-weight: 600;
  }
  .notes {
    display: grid;
    gap: 0.25rem;
    margin-top: 0.5rem;
  }
  .drawn {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.25rem 1rem;
    margin-top: 0.75rem;
  }
  table {
    margin-top: 0.5rem;
  }
  @media (min-width: 56.25rem) {
    .columns {
      grid-template-columns: minmax(18rem, 26rem) minmax(0, 1fr);
    }
  }
`;
