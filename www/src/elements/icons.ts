import { svg, html, type TemplateResult } from "lit";

const icon = (path: TemplateResult): TemplateResult => html`<svg viewBox="0 0 16 16" aria-hidden="true">${path}</svg>`;

export const icons = {
  play: icon(svg`<path d="M4 2.2v11.6L13.5 8z" />`),
  pause: icon(svg`<path d="M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z" />`),
  back: icon(svg`<path d="M10.8 2.6 5.4 8l5.4 5.4-1.2 1.2L3 8l6.6-6.6z" />`),
  forth: icon(svg`<path d="M5.2 2.6 10.6 8l-5.4 5.4 1.2 1.2L13 8 6.4 1.4z" />`),
  step: icon(svg`<path d="M3 2.5v11L10.5 8zM11 2.5h2v11h-2z" />`),
  reset: icon(svg`<path d="M8 2.5a5.5 5.5 0 1 1-5.2 3.7l1.6.5A3.8 3.8 0 1 0 8 4.2v2.3L3.9 3.3 8 .2z" />`),
  stop: icon(svg`<path d="M3.5 3.5h9v9h-9z" />`),
  dice: icon(svg`<path d="M4 3a1.6 1.6 0 1 1 0 3.2A1.6 1.6 0 0 1 4 3zm7.5-1a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2zM8 7a1.6 1.6 0 1 1 0 3.2A1.6 1.6 0 0 1 8 7zm-4.6 4a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2zm9-1.2a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2z" />`),
  link: icon(svg`<path d="M6.6 9.4a.8.8 0 0 1 0-1.1l1.7-1.7a.8.8 0 1 1 1.1 1.1L7.7 9.4a.8.8 0 0 1-1.1 0zM8.8 3.5l1-1a3 3 0 0 1 4.2 4.2L11.5 9.2 10.4 8.1l2.5-2.5a1.5 1.5 0 0 0-2.1-2.1l-1 1.1zM7.2 12.5l-1 1A3 3 0 0 1 2 9.3l2.5-2.5 1.1 1.1-2.5 2.5a1.5 1.5 0 0 0 2.1 2.1l1-1.1z" />`),
  close: icon(svg`<path d="m3.5 4.6 1.1-1.1L8 6.9l3.4-3.4 1.1 1.1L9.1 8l3.4 3.4-1.1 1.1L8 9.1l-3.4 3.4-1.1-1.1L6.9 8z" />`),
};

/** The mark: one moon of scattered noise, one moon drawn. */
export const mark = html`<svg viewBox="0 0 32 24" aria-hidden="true">
  <path d="M3 15.5a8.5 8.5 0 0 1 17 0" fill="none" stroke="currentColor" stroke-width="3.6" stroke-linecap="round" stroke-dasharray="0 6.675" />
  <path d="M12 8.5a8.5 8.5 0 0 0 17 0" fill="none" stroke="var(--samples)" stroke-width="3.2" stroke-linecap="round" />
</svg>`;
