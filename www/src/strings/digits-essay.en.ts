/** The explanation under the digits; formulas are in elements/digits/essay.ts. */
export const digitsEssayEn = {
  title: "How noise becomes a digit",
  lead: "The network never learns to draw. It learns to look at a spoiled picture and say what the noise in it is; drawing is that, again and again.",
  parts: [
    {
      title: "What the U-Net sees",
      text: "Its input is the noisy picture and the timestep t, nothing else. On the way down, convolutions halve the picture and widen it: from 28 pixels to 14 to 7, so that a few numbers stand for a stroke, a loop, a corner. Attention lets distant parts compare notes. On the way up the picture grows back, and at each size the details set aside on the way down are laid beside it. That detour gives the network its name and its shape.",
    },
    {
      title: "What x̂₀ is",
      text: "From the noise it guesses follows a clean picture, by solving the mixing formula for x₀. Early on, with little to go by, the best guess is an average of all digits that could be under there: a grey smudge. As t falls, possibilities fall away and the smudge decides. Switch the grid to x̂₀ and drag time to see it.",
    },
    {
      title: "Why the loss does not reach 0",
      text: "At small t there is hardly any noise to find, and many tiny patterns of it could have made this very picture. No network can tell which it was, so some error remains: how far the loss can fall is a matter of the pictures and the noise schedule. And the pictures go on improving long after the curve looks flat.",
      band: "The band in the chart is where the loss was in earlier runs with these settings; far above it something is wrong with them.",
    },
    {
      title: "How a class is asked for",
      text: "The class becomes a vector, added to that of the timestep. One time in ten the label is withheld in training, so that the network also knows how to draw without one. Guidance takes the difference between the two answers and goes further along it. 1 is the plain answer with the class; higher values give clearer digits and fewer kinds of them.",
    },
  ],
  try: {
    title: "Things to try",
    items: [
      "Ask for one class only, with guidance 1, 3 and 8. What is gained, and what is lost?",
      "Hold time at t = 500 and look at x̂₀: which digits are decided already?",
      "Train from scratch and watch: first blots, then strokes, then digits. At which step could you read the first?",
      "Keep the noise seed and ask for another class: with DDIM and η = 0 the same noise becomes another digit, often with the same slant.",
      "Export the weights, go on in Python with diffusers, and drop the folder back here.",
    ],
  },
};

export type DigitsEssayStrings = typeof digitsEssayEn;
