/** The digits task, as one bundle. */
export { DigitsPlayground } from "./elements/digits/playground";
export { DigitsEssay } from "./elements/digits/essay";
