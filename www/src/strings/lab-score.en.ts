/** Words of the tab that compares the learned score with the exact one. */
export const scoreEn = {
  title: "Score",
  lead: "The score points to where noised data are denser. A model that predicts the noise has learned it: the score is the predicted noise, turned round and divided by how much of it there is.",
  notMixture: (set: string) => `The exact score is known only where the data are a mixture of Gaussians. “${set}” is none.`,
  switch: "Start a new model on one of these:",
  slider: "Timestep",
  sliderValue: (t: string, last: string, word: string) => `${t} of ${last}, ${word}`,
  at: (t: string, word: string) => `t = ${t}, ${word}`,
  learned: "Learned",
  exact: "Exact",
  difference: "Difference",
  fieldScale: "length of the score",
  differenceScale: "length of the difference; dots are noised data",
  atLeast: (value: string) => `≥ ${value}`,
  reading: (d: { x: string; y: string; learned: string; exact: string; off: string; percent: string }) =>
    `At (${d.x}, ${d.y}): learned ${d.learned}, exact ${d.exact}, ${d.off} apart (${d.percent} %).`,
  read: "Read the fields at a point with the arrow keys",
  hint: "Point at a plot, or focus the plots and use the arrow keys, to read the values there.",
  describeField: (name: string, d: { t: string; extent: string; typical: string; longest: string }) =>
    `${name} score at timestep ${d.t} over the square from −${d.extent} to ${d.extent}: arrows, typically ${d.typical} long, at most ${d.longest}.`,
  describeDifference: (d: { t: string; typical: string; largest: string; x: string; y: string }) =>
    `Map of the distance between learned and exact score at timestep ${d.t}: typically ${d.typical}, largest near (${d.x}, ${d.y}) with ${d.largest}.`,
  curve: "Error per noise level",
  curveAbout: "How far the learned score is from the exact one where noised data lie, as a share of the exact score.",
  curveLine: "error",
  curveHint: "Error per noise level; read it with the arrow keys, Enter shows that timestep",
  describeCurve: (d: { low: string; lowT: string; high: string; highT: string }) =>
    `Curve of the relative error over the timesteps: lowest with ${d.low} at t = ${d.lowT}, highest with ${d.high} at t = ${d.highT}.`,
  summary: (t: string, percent: string) => `At t = ${t}, the learned score is off by about ${percent} % where noised data lie.`,
  percent: (value: string) => `${value} %`,
};

export type ScoreStrings = typeof scoreEn;

const languages: Record<string, ScoreStrings> = { en: scoreEn };

export const scoreTexts = (lang: string): ScoreStrings => languages[lang] ?? scoreEn;
