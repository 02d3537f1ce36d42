import { Essay } from "../essay";
export class DigitsEssay extends Essay {}
customElements.define("unnoise-digits-essay", DigitsEssay);
