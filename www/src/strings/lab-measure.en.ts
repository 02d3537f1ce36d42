/** Words that the measuring tabs of the lab share. */
export const measureEn = {
  live: "Refresh while it trains",
  cancel: "Cancel",
  measuring: "Measuring …",
  ofStep: (step: string) => `Of the model at step ${step}.`,
  behind: (step: string) => `Of the model at step ${step}; training has gone on since.`,
  fault: (message: string) => `The engine answered: ${message}`,
  table: "As a table",
  pick: "Read the curve with the arrow keys",
  noise: { clean: "almost clean", little: "a little noise", half: "half noise", mostly: "mostly noise", noise: "almost noise" },
  timestep: "t",
};

export type MeasureStrings = typeof measureEn;

const languages: Record<string, MeasureStrings> = { en: measureEn };

export const measureTexts = (lang: string): MeasureStrings => languages[lang] ?? measureEn;
