/** Words of the tab with the variational bound and the likelihood. */
export const boundEn = {
  title: "Bits per dimension",
  lead: "How many bits per coordinate the model needs to write down points that it has never seen. Fewer is better; how scattered the data are sets the least.",
  leadDigits: "How many bits per pixel the model needs to write down images of its set. Fewer is better; without any model a grey pixel takes 8.",
  measure: "Measure",
  fields: { samples: "Samples", terms: "Terms", steps: "Steps" },
  bits: (value: string) => `${value} bits`,
  perDim: "bits per dimension",
  progress: (done: string, total: string) => `${done} of ${total} samples`,
  over: (count: string) => `Over ${count} samples`,
  stopped: (count: string, wanted: string) => `Cancelled; over ${count} of ${wanted} samples`,
  ofStep: (step: string) => `model at step ${step}`,
  ofSteps: (from: string, to: string) => `training went on from step ${from} to ${to} meanwhile`,
  plusMinus: (value: string) => `± ${value}`,
  error: "standard error",
  bound: {
    title: "Variational bound",
    about: "Take every step of the noising back, one at a time, and count what each step back costs. The sum is never below what the data really cost the model.",
    total: "Total",
    prior: "Prior",
    priorAbout: "what is left of the data in pure noise, at the last timestep",
    terms: "Terms",
    termsAbout: "the steps back, each for a wrong guess of the clean sample",
    decoder: "Decoder",
    decoderAbout: "the last step, to the data themselves, as a density: it may be below 0",
    decoderAboutDigits: "the last step, to one of 256 values for each pixel",
    chart: "Cost of the steps back",
    chartAbout: (count: string) => `The schedule in ${count} parts; each value is the cost of all timesteps of its part.`,
    line: "bits",
    log: "Logarithmic axes",
    hint: "Cost per part of the schedule; read it with the arrow keys",
    describe: (d: { highest: string; at: string; count: string }) => `Curve of ${d.count} terms over the timesteps; the highest, at t = ${d.at}, costs ${d.highest} bits per dimension.`,
    share: (percent: string, t: string) => `Half of the terms’ cost lies below t = ${t}, in ${percent} % of the timesteps.`,
  },
  likelihood: {
    title: "Likelihood",
    about: "Without its randomness sampling is a flow, and a flow can be followed backwards: from each data point to its noise, counting how much space is squeezed on the way. That gives the density itself, not a bound.",
    model: "Model",
    exact: "Data themselves",
    exactAbout: "of the true density; no model does better on average",
    gap: "Gap",
    gapAbout: "what the model has yet to learn",
    noExact: "For these data the true density is not known in closed form.",
    level: "Both are of data with the little noise of timestep 0, where the model has a density.",
  },
};

export type BoundStrings = typeof boundEn;

const languages: Record<string, BoundStrings> = { en: boundEn };

export const boundTexts = (lang: string): BoundStrings => languages[lang] ?? boundEn;
