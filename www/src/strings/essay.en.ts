/** The explanation under the tool; part of the string table, apart only for length. Formulas are in elements/essay.ts. */
export const essayEn = {
  title: "What happens in one training step",
  lead: "The model never sees a finished picture of the shape. It learns one small thing, a few hundred times per step: given a noisy point, guess the noise.",
  steps: [
    {
      title: "Pick points",
      text: "A batch is drawn from the data: as many points as the batch size says. For each, a timestep t is drawn from all T = 1000, and a noise vector ε from the normal distribution.",
    },
    {
      title: "Jump forward",
      text: "Each point is pushed straight to its timestep. A factor, named alpha-bar, falls from almost 1 at t = 0 to almost 0 at t = T: little of the point is left, and much of the noise is in.",
    },
    {
      title: "Guess the noise",
      text: "The network sees only the noisy point and t. Its answer is compared with the noise that was really added. The mean squared difference is the loss in the curve above. It never falls to zero: many pairs of point and noise end in the same noisy point, and the best guess is their average.",
    },
    {
      title: "Nudge the weights",
      text: "The derivative of the loss says for each weight which way is down. AdamW takes a step of about the learning rate in that direction, and a slow average of the weights (EMA) follows; sampling from the average is calmer.",
    },
  ],
  figure: "The data of the running model, pushed forward to five timesteps.",
  back: {
    title: "And back again",
    text: [
      "To draw a sample, start with pure noise and walk t down. At each stop the network’s guess of the noise gives a guess of the clean point, x̂₀. DDIM then jumps to the next, less noisy stop s along the same noise:",
      "With η = 0 nothing random is added, so the same noise always ends in the same place. That is what the time slider shows: each line is one point on its way. DDPM adds fresh noise at every stop instead.",
    ],
  },
  try: {
    title: "Things to try",
    items: [
      "Hold time in the middle and draw new samples at step 100, 1,000 and 5,000. From which t on does the shape show?",
      "Set the sampler to 5 steps, then to 100. When do more steps stop helping?",
      "Raise the learning rate until the loss jumps. Lower it again: the model often recovers, without a reset.",
      "Compare EMA and raw weights at a high learning rate.",
    ],
  },
  footer: "Everything runs in this tab. Nothing is uploaded, and nothing is measured about you.",
  bench: "How fast is my GPU?",
};

export type EssayStrings = typeof essayEn;
