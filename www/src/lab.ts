/** The lab, as one bundle. */
export { Lab } from "./elements/lab/lab";
