import { digitsEn, type DigitsStrings } from "./digits.en";
import { digitsEssayEn, type DigitsEssayStrings } from "./digits-essay.en";

interface Words {
  ui: DigitsStrings;
  essay: DigitsEssayStrings;
}

const languages: Record<string, Words> = { en: { ui: digitsEn, essay: digitsEssayEn } };

/** The words for a language that `texts` has found. */
export function digitsTexts(lang: string): Words {
  return languages[lang] ?? languages["en"]!;
}
