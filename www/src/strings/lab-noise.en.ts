/** Words of the tab that shows the loss per noise band. */
import type { PredictionType } from "../engine-types";

type Place = "low" | "middle" | "high";

const middle = "there many clean samples could lie behind the same noised one. Training lowers it, down to what no model can know.";
const nearlyGiven = "there the answer is nearly the input itself, so a trained model is almost right. This one has yet to learn it.";

export const noiseEn = {
  title: "Noise bands",
  lead: "The loss is an average over all timesteps. Taken apart, it tells where the model is weak. Each measurement uses the same samples and the same noise, so that only the model differs.",
  caption: "Loss per noise band",
  noise: "Noise",
  timesteps: "t",
  range: (from: string, to: string) => `${from}–${to}`,
  ema: "Moving average",
  raw: "Raw weights",
  least: "Least possible",
  farthest: (d: { from: string; to: string; above: string; least: string }) =>
    `It is farthest from what is possible at t = ${d.from} to ${d.to}: ${d.above} above the least, ${d.least}.`,
  earlier: "Earlier averages",
  now: "Measure now",
  where: {
    low: (from: string, to: string) => `The loss is highest where little noise is left (t = ${from} to ${to}): `,
    middle: (from: string, to: string) => `The loss is highest in between (t = ${from} to ${to}): `,
    high: (from: string, to: string) => `The loss is highest where almost everything is noise (t = ${from} to ${to}): `,
  } as Record<Place, (from: string, to: string) => string>,
  /** Why, by what the network predicts. */
  why: {
    epsilon: { low: "there ε can hardly be told from the data, and even a perfect model misses much of it.", middle, high: nearlyGiven },
    sample: { low: nearlyGiven, middle, high: "there nothing tells which sample it was, and even a perfect model can only name the average." },
    v_prediction: {
      low: "there v is nearly ε, which can hardly be told from the data, and even a perfect model misses much of it.",
      middle,
      high: "there v is nearly the negative of x₀, and nothing tells which sample it was: even a perfect model can only name the average.",
    },
    flow_prediction: {
      low: "there the ε in the velocity can hardly be told from the data, and even a perfect model misses much of it.",
      middle,
      high: "there the x₀ in the velocity cannot be known, and even a perfect model can only name the average.",
    },
  } satisfies Record<PredictionType, Record<Place, string>>,
};

export type NoiseStrings = typeof noiseEn;

const languages: Record<string, NoiseStrings> = { en: noiseEn };

export const noiseTexts = (lang: string): NoiseStrings => languages[lang] ?? noiseEn;
