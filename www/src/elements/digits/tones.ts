import { rgb, type Tones } from "../../draw/tiles";

/** Drawn digits are ink on the page's plate; photographs keep their own light. Needs an element `.probe` to read colours from. */
export function tonesOf(root: ParentNode, inked: boolean): Tones {
  const probe = root.querySelector<HTMLElement>(".probe")!;
  const colour = (name: string): [number, number, number] => {
    probe.style.color = `var(--${name})`;
    return rgb(getComputedStyle(probe).color);
  };
  return inked ? { dark: colour("tile"), light: colour("ink") } : { dark: [0, 0, 0], light: [255, 255, 255] };
}
