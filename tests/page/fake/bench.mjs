/** The bench without an engine: figures of a machine that does everything at a known speed. */
const timing = (median) => ({ median, least: 0.95 * median, most: 1.2 * median, repeats: 5, each: 4 });
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

const PEAKS = { gflops: 1234.5, gigabytes_per_second: 98.7 };

function cost(operations) {
  const kernels = [["conv", 0.7], ["matmul", 0.2], ["group_norm", 0.1]].map(([kernel, share]) => ({ kernel, launches: 12, operations: share * operations, bytes: 0.02 * operations, intensity: 50 * share }));
  const devices = ["Apple M2 (10 cores)", "Intel Iris Xe (96 EU)", "NVIDIA GeForce RTX 3060"];
  const predictions = devices.map((device, i) => ({ device, milliseconds: 4 + i, arithmetic: 2, memory: 1, launching: 1 + i, kernels: [2, 1, 1 + i] }));
  return { launches: 36, pipelines: 11, operations, bytes: 0.06 * operations, least_bytes: 0.07 * operations, ratio: 0.86, kernels, predictions };
}

function training(name, batch, milliseconds) {
  const operations = milliseconds * 4e8;
  const kernels = Array.from({ length: 23 }, (_, i) => {
    const share = 0.5 ** (i + 1);
    const [kernel, shape] = [["conv", "6272x32x288 s1u1"], ["matmul", "392x64x64"], ["group_norm", "→ 200704"]][i % 3];
    return { kernel, shape, variant: i % 3 === 2 ? null : "registers8", launches: 12 - (i % 7), milliseconds: share * milliseconds, share, gflops: i % 3 === 2 ? 0 : 400, gigabytes_per_second: 20, intensity: 20, of_arithmetic: 0.32, of_bandwidth: 0.2 };
  });
  return { kind: "training", name, batch, parameters: 1_707_009, step: timing(milliseconds), host: timing(0.9), steps_per_second: 1000 / milliseconds, load: 812, cost: cost(operations), gflops: 400, of_arithmetic: 0.32, tuning: { kernels: 17, milliseconds: 430, before: 1.3 * milliseconds }, kernels };
}

const growth = (axis, values) => ({
  kind: "growth", name: `growth/${axis}`, axis, slope: 0.94, slope_of_operations: 1, slope_at_end: 0.99, left_out: axis === "batch" ? 256 : null,
  points: values.map((at) => ({ at, step: timing(0.4 + 0.9 * at), operations: 1e6 * at })),
});

const CASES = {
  "train/mlp-256": () => training("train/mlp-256", 1024, 2.4),
  "train/mlp-128": () => training("train/mlp-128", 512, 0.8),
  "train/tiny-8": () => training("train/tiny-8", 8, 4.1),
  "train/course-8": () => training("train/course-8", 8, 31.2),
  "train/course-128": () => ({ kind: "skipped", name: "train/course-128", expected: 312, limit: 15 }),
  "sample/small": () => ({ kind: "sampling", name: "sample/small", samples: 64, steps: 20, run: timing(181), samples_per_second: 353.6, gflops: 220, cost: cost(2e9) }),
  "growth/batch": () => growth("batch", [1, 2, 4, 8, 16, 32, 64, 128]),
};

/** As the engine's; `only=slow` never ends, and without an adapter it fails as the engine does. */
export async function bench(backend, depth, only, report) {
  if (only === "no-adapter" && backend === "webgpu") throw Object.assign(new Error("this browser has no WebGPU"), { kind: "no_adapter" });
  const adapter = backend === "cpu" ? { kind: "cpu", name: "CPU (WebAssembly SIMD)" } : { kind: "software_gpu", name: "Made-up adapter" };
  await wait(30);
  report({ event: "peaks", adapter, peaks: PEAKS });
  const names = Object.keys(CASES).filter((name) => (depth === "full" || !name.startsWith("growth")) && (only === "slow" || name.includes(only === "no-adapter" ? "mlp" : only)));
  for (const [done, name] of names.entries()) {
    report({ event: "began", name, done, of: names.length });
    await wait(only === "slow" ? 60_000 : 20);
    report({ event: "ended", outcome: CASES[name]() });
  }
}
