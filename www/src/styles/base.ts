/** Shared by every element: colours, type and the look of native controls. */
import { css } from "lit";

export const base = css`
  :host {
    box-sizing: border-box;
    display: block;
  }
  :host([hidden]) {
    display: none;
  }
  *, *::before, *::after {
    box-sizing: border-box;
  }
  [hidden] {
    display: none !important;
  }
  h2, h3, p, dl, dd, figure, fieldset, legend, ul, ol {
    margin: 0;
    padding: 0;
    border: 0;
    min-width: 0;
  }
  ul, ol {
    list-style: none;
  }
  h2, h3, .heading {
    font-size: 0.875rem;
    line-height: 1.5rem;
    font-weight: 650;
    letter-spacing: -0.005em;
    color: var(--ink);
  }
  a {
    color: inherit;
    text-underline-offset: 0.2em;
    text-decoration-thickness: 1px;
  }
  .quiet {
    color: var(--ink-2);
    font-size: 0.8125rem;
    line-height: 1.25rem;
  }
  .number {
    font-variant-numeric: tabular-nums;
  }
  :focus-visible {
    outline: 2px solid var(--focus);
    outline-offset: 2px;
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;

export const controls = css`
  button, select, input {
    font: inherit;
    color: inherit;
  }
  button, select, input[type="number"] {
    min-height: 2rem;
    border: 1px solid var(--edge);
    border-radius: 3px;
    background: var(--plate);
  }
  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.5rem;
    padding: 0.25rem 0.75rem;
    font-weight: 550;
    cursor: pointer;
    touch-action: manipulation;
  }
  button:hover:not(:disabled), select:hover, input[type="number"]:hover {
    border-color: var(--ink);
  }
  button:active:not(:disabled) {
    background: var(--press);
  }
  button:disabled, select:disabled, input:disabled {
    opacity: 0.5;
    cursor: default;
  }
  button.primary {
    background: var(--ink);
    border-color: var(--ink);
    color: var(--paper);
  }
  button.primary:hover:not(:disabled) {
    background: var(--ink-2);
  }
  button.plain {
    border-color: transparent;
    background: none;
  }
  button.plain:hover {
    border-color: var(--edge);
  }
  button svg {
    width: 1rem;
    height: 1rem;
    flex: none;
    fill: currentColor;
  }
  input[type="number"] {
    width: 100%;
    padding: 0.25rem 0.5rem;
    font-variant-numeric: tabular-nums;
  }
  select {
    width: 100%;
    padding: 0.25rem 0.5rem;
    text-overflow: ellipsis;
  }
  [aria-invalid="true"] {
    border-color: var(--alarm) !important;
  }
  input[type="range"] {
    appearance: none;
    -webkit-appearance: none;
    width: 100%;
    height: 1.5rem;
    margin: 0;
    background: none;
    cursor: pointer;
    touch-action: pan-y;
    --thumb: var(--ink);
  }
  input[type="range"]::-webkit-slider-runnable-track {
    height: 2px;
    background: linear-gradient(to right, var(--thumb) var(--filled, 0%), var(--edge) var(--filled, 0%));
  }
  input[type="range"]::-moz-range-track {
    height: 2px;
    background: linear-gradient(to right, var(--thumb) var(--filled, 0%), var(--edge) var(--filled, 0%));
  }
  input[type="range"]::-webkit-slider-thumb {
    -webkit-appearance: none;
    width: 1rem;
    height: 1rem;
    margin-top: -7px;
    border-radius: 50%;
    border: 3px solid var(--plate);
    background: var(--thumb);
    box-shadow: 0 0 0 1px var(--thumb);
  }
  input[type="range"]::-moz-range-thumb {
    width: 0.625rem;
    height: 0.625rem;
    border-radius: 50%;
    border: 3px solid var(--plate);
    background: var(--thumb);
    box-shadow: 0 0 0 1px var(--thumb);
  }
  @media (pointer: coarse) {
    button, select, input[type="number"] {
      min-height: 2.75rem;
    }
    select, input[type="number"] {
      font-size: 1rem;
    }
    input[type="range"] {
      height: 2.75rem;
    }
  }
`;

/** Colours stand on the outermost element only; everything inside inherits them through shadow roots. */
export const palette = css`
  :host {
    color-scheme: light dark;
    --paper: light-dark(#f3f5f4, #0e1213);
    --plate: light-dark(#ffffff, #151a1c);
    --press: light-dark(#e6eae8, #222a2c);
    --ink: light-dark(#12191b, #e8eeec);
    --ink-2: light-dark(#48555a, #a7b3b1);
    --ink-3: light-dark(#5c696d, #8b9896);
    --line: light-dark(#d5dcd9, #293134);
    --edge: light-dark(#828e8f, #65726f);
    --samples: light-dark(#cc3a0d, #ff8152);
    --data: light-dark(#71838b, #7e9299);
    --tile: light-dark(#f0f3f2, #1d2426);
    --band: light-dark(#d3e2e4, #25383c);
    --focus: light-dark(#0a58ca, #8ab8ff);
    --alarm: light-dark(#b3121d, #ff8a86);
    --alarm-wash: light-dark(#fbecec, #2b1a1b);
    --sans: "Helvetica Neue", "Segoe UI Variable Text", "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif;
    --serif: Charter, "Bitstream Charter", "Iowan Old Style", "Sitka Text", Cambria, "Source Serif 4", "Liberation Serif", Georgia, serif;
    --mono: ui-monospace, "SF Mono", Menlo, "Cascadia Mono", "Liberation Mono", monospace;
    font: 400 0.875rem/1.5rem var(--sans);
    color: var(--ink);
    background: var(--paper);
  }
  :host([theme="light"]) {
    color-scheme: light;
  }
  :host([theme="dark"]) {
    color-scheme: dark;
  }
`;
