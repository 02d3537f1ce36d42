import { Playground } from "../playground";
export class DigitsPlayground extends Playground {}
customElements.define("unnoise-digits", DigitsPlayground);
