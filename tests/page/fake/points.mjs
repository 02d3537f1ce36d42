/** Points for the made-up engine: data of a few shapes, and samples that come nearer to them with every step. */
const DEVIATION = 0.13;

/** Centres of equally likely round modes, in units in which the set has unit variance; null for sets that are no mixture. */
export function modes(dataset) {
  if (dataset === "eight_gaussians") return Array.from({ length: 8 }, (_, i) => [1.4 * Math.cos((i * Math.PI) / 4), 1.4 * Math.sin((i * Math.PI) / 4)]);
  if (dataset === "gaussian_grid") return Array.from({ length: 25 }, (_, i) => [0.7 * ((i % 5) - 2), 0.7 * (Math.floor(i / 5) - 2)]);
  if (dataset === "blobs") return [[-1, 0.8], [0.9, 0.9], [0, 0], [-0.8, -1.1], [1.1, -0.8]];
  return null;
}

export const deviation = DEVIATION;

/** Sets whose points are all of one class. */
const UNLABELLED = ["swiss_roll", "checkerboard", "s_curve", "heart", "smiley"];

export function generator(seed) {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 4294967296;
}

export const normal = (next) => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(6.2832 * next());

/** `count` points of the set, times its scale: { points, labels }. */
export function drawData({ dataset, scale = 1 }, count, seed = 3) {
  const next = generator(seed);
  const centres = modes(dataset);
  const points = new Float32Array(2 * count);
  const labels = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const label = Math.floor(next() * (centres?.length ?? 2));
    const angle = Math.PI * next();
    const [x, y] = centres?.[label] ?? (label ? [1.1 - 1.2 * Math.cos(angle), 0.4 - 1.2 * Math.sin(angle)] : [1.2 * Math.cos(angle) - 0.6, 1.2 * Math.sin(angle) - 0.3]);
    const spread = centres ? DEVIATION : 0.08;
    points[2 * i] = scale * (x + spread * normal(next));
    points[2 * i + 1] = scale * (y + spread * normal(next));
    labels[i] = UNLABELLED.includes(dataset) ? 0 : label;
  }
  return { points, labels };
}
