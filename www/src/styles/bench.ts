/** The bench page's own: sections under a rule, tables of numbers, choices in a row. */
import { css } from "lit";

export const benchStyles = css`
  section {
    margin-bottom: 2.5rem;
    border-top: 1px solid var(--ink);
    padding-top: 0.75rem;
  }
  h2 {
    font-size: 1.125rem;
    line-height: 1.75rem;
    overflow-wrap: anywhere;
  }
  h3 {
    margin-top: 1.5rem;
  }
  .lead {
    max-width: 40em;
    font-size: 0.9375rem;
    color: var(--ink-2);
    text-wrap: pretty;
  }
  .choices {
    display: flex;
    flex-wrap: wrap;
    gap: 1rem 3rem;
    margin: 1.25rem 0;
  }
  fieldset {
    display: grid;
    align-content: start;
    gap: 0.25rem;
  }
  legend {
    margin-bottom: 0.25rem;
    font-weight: 650;
  }
  label.choice {
    display: flex;
    align-items: baseline;
    gap: 0.5rem;
    min-height: 1.75rem;
    cursor: pointer;
  }
  label.choice input {
    flex: none;
    margin: 0;
    accent-color: var(--ink);
    translate: 0 0.125rem;
  }
  label.choice:has(input:disabled) {
    opacity: 0.5;
    cursor: default;
  }
  .actions {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.5rem 1rem;
    min-height: 2.75rem;
    margin: 1rem 0;
  }
  progress {
    width: 10rem;
    height: 0.25rem;
    accent-color: var(--ink);
  }
  .peaks {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem 3rem;
    margin: 0.75rem 0 1.25rem;
  }
  .peaks dt {
    color: var(--ink-2);
    font-size: 0.8125rem;
    line-height: 1.25rem;
  }
  .peaks dd {
    font-size: 1.5rem;
    line-height: 2rem;
    letter-spacing: -0.02em;
    font-variant-numeric: tabular-nums;
  }
  .peaks dd small {
    font-size: 0.875rem;
    letter-spacing: 0;
    color: var(--ink-2);
  }
  .scroll {
    overflow-x: auto;
    border-radius: 3px;
  }
  table {
    width: 100%;
    border-collapse: collapse;
  }
  caption {
    padding-bottom: 0.25rem;
    text-align: left;
    font-size: 0.8125rem;
    line-height: 1.25rem;
    color: var(--ink-2);
  }
  th, td {
    padding: 0.25rem 0 0.25rem 1rem;
    border-bottom: 1px solid var(--line);
    text-align: right;
    font-weight: 400;
    font-variant-numeric: tabular-nums;
    white-space: nowrap;
  }
  th:first-child, td:first-child {
    padding-left: 0;
    text-align: left;
  }
  tbody th:first-child {
    min-width: 9rem;
    white-space: normal;
  }
  thead th {
    vertical-align: bottom;
    color: var(--ink-2);
    font-size: 0.8125rem;
    line-height: 1.25rem;
  }
  th.left, td.left {
    text-align: left;
    color: var(--ink-2);
  }
  code {
    font: 400 0.8125rem/1.25rem var(--mono);
  }
  .unit {
    color: var(--ink-2);
  }
  .share {
    position: relative;
    min-width: 5.5rem;
  }
  .share i {
    position: absolute;
    inset: auto 0 0.125rem auto;
    height: 2px;
    background: var(--samples);
  }
  details {
    border-bottom: 1px solid var(--line);
  }
  summary {
    padding: 0.375rem 0;
    cursor: pointer;
  }
  summary:hover {
    text-decoration: underline;
    text-underline-offset: 0.2em;
    text-decoration-thickness: 1px;
  }
  details[open] {
    padding-bottom: 1rem;
  }
  .facts {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr));
    gap: 0.5rem 2rem;
    margin: 0.5rem 0 1rem;
  }
  .facts dt {
    color: var(--ink-2);
    font-size: 0.8125rem;
    line-height: 1.25rem;
  }
  .facts dd {
    font-variant-numeric: tabular-nums;
  }
  @media (pointer: coarse) {
    label.choice, summary {
      min-height: 2.75rem;
      align-content: center;
    }
  }
`;
