/** Words of the tab "Why is it still noise?". */
import type { Finding } from "../worker/ask";

type Id = Finding["id"];

export const diagnosisEn = {
  title: "Why is it still noise?",
  lead: "Four things can keep good samples away, however long one waits. This looks at each of them, in this run, with the sampling as it is set now.",
  check: "Check this run",
  again: "Check again",
  checking: "Checking …",
  changed: "The sampling was changed since.",
  severity: { ok: "All right", warn: "Look at this", bad: "This is why" },
  names: { data_range: "Size of the data", one_step: "One step to the clean sample", ema: "Moving average", schedule: "Schedule" } as Record<Id, string>,
  verdict: {
    bad: (causes: string) => `It is still noise because ${causes}.`,
    warn: (causes: string) => `Nothing is broken, but it is worth a look that ${causes}.`,
    ok: "Nothing is wrong with this run. If its samples are not good yet, give it more training steps or a larger network.",
    and: " and because ",
    andThat: " and that ",
  },
  causes: {
    data_range: "the data do not have the size that the noise is made for",
    one_step: "the network does not see through the noise yet",
    ema: "samples are drawn with a moving average that lags behind the weights",
    schedule: "sampling does not walk the way that was trained",
  } as Record<Id, string>,
  dataRange: {
    ok: (d: { low: string; high: string; deviation: string }) => `The data lie between ${d.low} and ${d.high} with a deviation of ${d.deviation}: the size that the noise is made for.`,
    large: (d: { low: string; high: string; expectedLow: string; expectedHigh: string }) =>
      `The data reach from ${d.low} to ${d.high}; ${d.expectedLow} to ${d.expectedHigh} would suit the noise. At the last timestep so large data still show through, but sampling starts from noise alone.`,
    small: (d: { low: string; high: string; expectedLow: string; expectedHigh: string }) =>
      `The data only reach from ${d.low} to ${d.high}; ${d.expectedLow} to ${d.expectedHigh} would suit the noise. So small data drown at nearly every timestep, and the network has little to learn from.`,
  },
  oneStep: {
    ok: (d: { error: string; baseline: string }) => `With as much noise as data, the clean sample predicted in one step is off by ${d.error}; without a network it would be ${d.baseline}.`,
    warn: (d: { error: string; baseline: string; step: string }) =>
      `After ${d.step} training steps the clean sample predicted in one step is off by ${d.error}; without a network it would be ${d.baseline}. More training should widen the gap.`,
    bad: (d: { error: string; baseline: string; step: string }) =>
      `After ${d.step} training steps the clean sample predicted in one step is off by ${d.error}; without a network it would be ${d.baseline}. No sampler can make up for that.`,
  },
  ema: {
    ok: (d: { ema: string; raw: string }) => `The moving average is as good as the raw weights: a loss of ${d.ema} against ${d.raw}.`,
    behind: (d: { ema: string; raw: string; decay: string; span: string }) =>
      `The moving average has a loss of ${d.ema}, the raw weights have ${d.raw}. With a decay of ${d.decay} the average looks back over about ${d.span} steps, and the weights have changed much in them.`,
  },
  schedule: {
    ok: "Sampling walks back through the noise levels of training, from pure noise on.",
    field: (d: { name: string; trained: string; sampled: string }) => `The model was trained with the ${d.name} ${d.trained}, but sampling assumes ${d.sampled}: it is told the wrong amount of noise at every step.`,
    start: (d: { trained: string; sampled: string; snr: string }) =>
      `Sampling begins with pure noise at t = ${d.sampled}, where the model expects some of the data already (${d.snr} times as much signal as noise). Training went up to t = ${d.trained}.`,
    startSnr: (d: { snr: string }) => `Even at the last timestep of this schedule the data show through (${d.snr} times as much signal as noise), but sampling starts from noise alone.`,
    fields: {
      beta_schedule: "noise schedule",
      beta_start: "first β",
      beta_end: "last β",
      trained_betas: "list of β",
      log_snr: "drawn schedule",
      num_train_timesteps: "number of timesteps",
      prediction_type: "prediction type",
      rescale_betas_zero_snr: "rescaling to zero signal",
      shift: "shift",
    } as Record<string, string>,
    another: "another one",
  },
  remedies: {
    scale: "Set the data’s scale to 1",
    scaleHint: "This starts a new model.",
    train: "Train on",
    training: "Training goes on; check again in a while.",
    raw: "Sample the raw weights",
    rawHint: "Or set a smaller EMA decay, with a new model.",
    schedule: "Sample with the training’s schedule",
    start: "Start at the last timestep",
  },
  strip: {
    title: "The clean sample, predicted in one step",
    about: "Above, training data noised to a timestep. Below, what the network takes them for in a single step. Where little noise is left it should get them right; where all is noise it can only answer an average.",
    epsilon: "This network predicts the noise, so near the end its small errors are divided by hardly any signal: there the prediction may fly apart, and that is no mistake.",
    outside: (count: string) => `${count} outside`,
    t: (t: string) => `t = ${t}`,
    error: (error: string) => `error ${error}`,
    describe: (d: { t: string; count: string; error: string }) => `${d.count} samples noised to timestep ${d.t}, and the clean samples predicted from them; mean squared error ${d.error}.`,
  },
};

export type DiagnosisStrings = typeof diagnosisEn;

const languages: Record<string, DiagnosisStrings> = { en: diagnosisEn };

export const diagnosisTexts = (lang: string): DiagnosisStrings => languages[lang] ?? diagnosisEn;
