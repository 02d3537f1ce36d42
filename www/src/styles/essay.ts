import { css } from "lit";

export const essayStyles = css`
  article {
    max-width: 96rem;
    margin-inline: auto;
    padding: 4rem 1rem 3rem;
    font: 400 1.0625rem/1.75rem var(--serif);
    color: var(--ink);
  }
  h2 {
    font: 700 1.75rem/2.25rem var(--sans);
    letter-spacing: -0.03em;
    text-wrap: balance;
  }
  .lead {
    max-width: 36em;
    margin: 1rem 0 2.5rem;
    font-size: 1.3125rem;
    line-height: 2rem;
    text-wrap: pretty;
  }
  .steps {
    counter-reset: step;
    display: grid;
    gap: 2rem 2.5rem;
  }
  .steps li {
    counter-increment: step;
    display: grid;
    grid-template-rows: auto 1fr auto;
    border-top: 1px solid var(--ink);
    padding-top: 0.75rem;
  }
  h3 {
    font: 650 1rem/1.5rem var(--sans);
  }
  .steps h3::before {
    content: counter(step);
    display: inline-block;
    min-width: 1.5rem;
    color: var(--ink-2);
    font-weight: 400;
  }
  .steps p {
    margin-top: 0.5rem;
    text-wrap: pretty;
  }
  math {
    font-size: 1.125rem;
    margin: 1rem 0 0;
    width: fit-content;
    max-width: 100%;
    overflow-x: auto;
    overflow-y: hidden;
  }
  figure {
    margin: 3rem 0 4rem;
  }
  .panels {
    display: grid;
    grid-template-columns: repeat(5, 1fr);
    gap: 0.5rem;
  }
  .panels svg {
    display: block;
    width: 100%;
    background: var(--plate);
    border: 1px solid var(--line);
    border-radius: 3px;
  }
  .panels path {
    fill: none;
    stroke: var(--ink-2);
    stroke-width: 0.075;
    stroke-linecap: round;
  }
  .panels span {
    font: 400 0.8125rem/1.75rem var(--sans);
    font-variant-numeric: tabular-nums;
    color: var(--ink-2);
    white-space: nowrap;
  }
  figcaption {
    font: 400 0.8125rem/1.25rem var(--sans);
    color: var(--ink-2);
  }
  .back {
    display: grid;
    gap: 1rem 2.5rem;
    border-top: 1px solid var(--ink);
    padding: 0.75rem 0 3rem;
  }
  .back h2 {
    font-size: 1.25rem;
    line-height: 1.75rem;
    letter-spacing: -0.02em;
  }
  .back p, .back li {
    max-width: 40em;
    text-wrap: pretty;
  }
  .back > * {
    min-width: 0;
  }
  .pair {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.75rem 3rem;
    margin: 1.25rem 0;
  }
  .pair math {
    margin: 0;
  }
  .back li {
    padding: 0 0 0.75rem 1.25rem;
    position: relative;
  }
  .back li::before {
    content: "";
    position: absolute;
    left: 0;
    top: 0.75rem;
    width: 0.375rem;
    height: 0.375rem;
    border-radius: 50%;
    background: var(--samples);
  }
  .end {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem 2rem;
    font: 400 0.8125rem/1.25rem var(--sans);
    color: var(--ink-2);
    border-top: 1px solid var(--line);
    padding-top: 1rem;
  }
  @media (min-width: 40rem) {
    .steps {
      grid-template-columns: 1fr 1fr;
    }
    .panels {
      gap: 1rem;
    }
  }
  @media (min-width: 60rem) {
    article {
      padding: 5rem 2rem 3rem;
    }
    .back {
      grid-template-columns: 1fr 3fr;
    }
  }
  @media (min-width: 75rem) {
    .steps {
      grid-template-columns: repeat(4, 1fr);
    }
  }
  @media (max-width: 40rem) {
    .panels span {
      font-size: 0.75rem;
    }
    math {
      font-size: 1rem;
    }
  }
`;
