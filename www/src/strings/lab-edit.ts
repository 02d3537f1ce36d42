import { labEditEn, type LabEditStrings } from "./lab-edit.en";

export type { LabEditStrings };

const languages: Record<string, LabEditStrings> = { en: labEditEn };

/** The words of the tab for a language that `texts` has found. */
export function labEditWords(lang: string): LabEditStrings {
  return languages[lang] ?? labEditEn;
}
