/** The words of the tab "compare". */
export const compareEn = {
  title: "Compare samplers",
  lead: "The same model, the same noise, other samplers. What costs time is each call of the network.",
  column: (i: string) => `Sampler ${i}`,
  sampler: "Sampler",
  steps: "Steps",
  add: "Add a sampler",
  remove: "Remove",
  removeOf: (name: string) => `Remove ${name}`,
  match: "Match evaluations",
  matchHint: "Sets the steps so that all call the network about as often",
  matched: (count: string) => `All call the network about ${count} times now.`,
  position: "From noise to data",
  positionValue: (percent: string) => `${percent} % of the way`,
  play: "Play",
  stop: "Stop",
  noise: "Noise",
  data: "Data",
  evaluations: "Evaluations",
  milliseconds: "Time",
  ms: (value: string) => `${value} ms`,
  distance: "Distance to data",
  drawing: "Drawing …",
  waiting: "Waits for its turn",
  drawn: (step: string) => `Drawn by the model at training step ${step}.`,
  stale: (step: string) => `It has trained on since, to step ${step}.`,
  again: "Draw anew",
  newNoise: "Other noise",
  describePoints: (d: { count: string; sampler: string; steps: string; percent: string }) => `${d.count} points drawn by ${d.sampler} in ${d.steps} steps, ${d.percent} % of the way from noise to data.`,
  describeDigits: (d: { count: string; sampler: string; steps: string; percent: string }) => `${d.count} images drawn by ${d.sampler} in ${d.steps} steps, ${d.percent} % of the way from noise to data.`,
  settings: "Everything else, such as η or the order, is as in the settings.",
};

export type CompareStrings = typeof compareEn;

const languages: Record<string, CompareStrings> = { en: compareEn };

export const compareWords = (lang: string): CompareStrings => languages[lang] ?? compareEn;
