/** Which class the model is told, and how strongly it leans to it. */
import { html, nothing, type TemplateResult } from "lit";
import { amount } from "./edit-controls";
import type { ClassChoice, Desk } from "./edit-desk";

export function classPart(desk: Desk, options: { guided?: boolean; input?: () => void } = {}): TemplateResult | typeof nothing {
  if (!desk.conditioned) return nothing;
  const { words, store } = desk;
  const { guided = true, input = () => undefined } = options;
  const own = desk.label();
  const set = (value: ClassChoice): void => {
    desk.class = value;
    desk.changed();
    input();
  };
  // A seed has no class of its own.
  const none = desk.class === "none" || (desk.seeded && desk.class === "own");
  const read = (text: string): ClassChoice => (text === "own" || text === "none" ? text : Number(text));
  const ownText = desk.mode === "interpolate" || own === null ? words.class.ownPlain : words.class.own(desk.className(own));
  return html`
    <div class="control line">
      <label for="class">${words.class.label}</label>
      <select id="class" @change=${(event: Event) => set(read((event.target as HTMLSelectElement).value))}>
        ${desk.seeded ? nothing : html`<option value="own" .selected=${desk.class === "own"}>${ownText}</option>`}
        ${desk.knowsNone ? html`<option value="none" .selected=${none}>${words.class.none}</option>` : nothing}
        ${store.classNames.map((name, label) => html`<option value=${label} .selected=${desk.class === label}>${name}</option>`)}
      </select>
    </div>
    ${guided && desk.canGuide && !none
      ? amount({
          id: "guidance",
          label: words.class.guidance,
          hint: words.class.guidanceHint,
          value: desk.guidance,
          min: 0,
          max: 20,
          step: 0.5,
          input: (guidance) => {
            desk.guidance = guidance;
            desk.changed();
            input();
          },
        })
      : nothing}
  `;
}
