import { labGuidanceEn, type LabGuidanceStrings } from "./lab-guidance.en";

export type { LabGuidanceStrings };

const languages: Record<string, LabGuidanceStrings> = { en: labGuidanceEn };

/** The words of the tab for a language that `texts` has found. */
export function labGuidanceWords(lang: string): LabGuidanceStrings {
  return languages[lang] ?? labGuidanceEn;
}
