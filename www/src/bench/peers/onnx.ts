/** The peer ONNX Runtime Web: the forward pass, in wasm on one thread. */
import * as ort from "onnxruntime-web/wasm";
import type { MakePeer, RaceCase } from "./api";
import { network, samplesShape, timeWaves, type Ops } from "./network";
import { OnnxWriter, type Value } from "./onnx-writer";

const OPSET = 17;

/** Images are `[B, C, H, W]`. An array here is a value of the graph being written. */
function ops(writer: OnnxWriter, given: RaceCase): Ops<Value> {
  const params = new Map(given.params.map((param) => [param.name, param]));
  const param = (name: string, shape?: number[]): Value => {
    const found = params.get(name);
    if (!found) throw new Error(`there is no parameter ${name}`);
    const extents = shape ?? found.shape;
    return writer.constant(shape ? `${name}:${extents.join("x")}` : name, extents, found.values);
  };
  const reshape = (x: Value, shape: readonly number[]): Value => {
    const extents = writer.constant(`shape:${shape.join("x")}`, [shape.length], BigInt64Array.from(shape.map(BigInt)));
    return writer.node("Reshape", [x, extents], shape);
  };
  const transposed = (x: Value): Value => {
    const [batch, a, b] = x.shape as [number, number, number];
    return writer.node("Transpose", [x], [batch, b, a], { perm: [0, 2, 1] });
  };
  const filled = (name: string, count: number, value: number): Value =>
    writer.constant(`${name}:${count}`, [count], new Float32Array(count).fill(value));
  return {
    keep: (x) => x,
    drop: () => {},
    embedding(name, labels) {
      const table = param(`${name}.weight`);
      return writer.node("Gather", [table, labels], [labels.shape[0]!, table.shape[1]!], { axis: 0 });
    },
    linear(name, x) {
      const weight = param(`${name}.weight`);
      const rows = x.shape.slice(0, -1).reduce((a, b) => a * b, 1);
      const flat = x.shape.length === 2 ? x : reshape(x, [rows, x.shape.at(-1)!]);
      const y = writer.node("Gemm", [flat, weight, param(`${name}.bias`)], [rows, weight.shape[0]!], { transB: 1 });
      return x.shape.length === 2 ? y : reshape(y, [...x.shape.slice(0, -1), weight.shape[0]!]);
    },
    silu: (x) => writer.node("Mul", [x, writer.node("Sigmoid", [x], x.shape)], x.shape),
    add: (x, y) => writer.node("Add", [x, y], x.shape),
    join: (x, y) => writer.node("Concat", [x, y], x.shape.map((extent, axis) => (axis === 1 ? extent + y.shape[1]! : extent)), { axis: 1 }),
    conv(name, x, stride, rows) {
      const weight = param(`${name}.weight`);
      const kernel = weight.shape[2]!;
      const pad = (kernel - 1) / 2;
      const [batch, , height, width] = x.shape as [number, number, number, number];
      const shape = [batch, weight.shape[0]!, height / stride, width / stride];
      const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] };
      const y = writer.node("Conv", [x, weight, param(`${name}.bias`)], shape, attributes);
      return rows ? writer.node("Add", [y, reshape(rows, [...rows.shape, 1, 1])], shape) : y;
    },
    groupNorm(name, x, groups, eps) {
      const [batch, channels] = x.shape as [number, number];
      const epsilon = { float: eps };
      // A group of one channel is what the operation knows by itself.
      if (groups === channels) {
        return writer.node("InstanceNormalization", [x, param(`${name}.weight`), param(`${name}.bias`)], x.shape, { epsilon });
      }
      const size = x.shape.slice(1).reduce((a, b) => a * b, 1) / groups;
      const grouped = reshape(x, [batch, groups, size]);
      const plain = writer.node("InstanceNormalization", [grouped, filled("ones", groups, 1), filled("zeros", groups, 0)], grouped.shape, { epsilon });
      const scaled = writer.node("Mul", [reshape(plain, x.shape), param(`${name}.weight`, [channels, 1, 1])], x.shape);
      return writer.node("Add", [scaled, param(`${name}.bias`, [channels, 1, 1])], x.shape);
    },
    upsample(x) {
      const [batch, channels, height, width] = x.shape as [number, number, number, number];
      const scales = writer.constant("scales", [4], Float32Array.of(1, 1, 2, 2));
      const nearest = { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
      return writer.node("Resize", [x, null, scales], [batch, channels, 2 * height, 2 * width], nearest);
    },
    tokens(image) {
      const [batch, channels, height, width] = image.shape as [number, number, number, number];
      return transposed(reshape(image, [batch, channels, height * width]));
    },
    image(tokens, side) {
      const [batch, , channels] = tokens.shape as [number, number, number];
      return reshape(transposed(tokens), [batch, channels, side, side]);
    },
    // Its own fused kernel, without the scores in memory.
    attention: (q, k, v, heads) => writer.node("MultiHeadAttention", [q, k, v], q.shape, { num_heads: heads }, "com.microsoft"),
  };
}

/** The network of a case as a file. */
export function onnxModel(given: RaceCase): Uint8Array {
  const { config, t } = given;
  const writer = new OnnxWriter();
  const x = writer.input("x", "float32", samplesShape(given));
  const waves = writer.input("waves", "float32", [t.length, timeWaves(given).width]);
  const labels = config.images ? writer.input("labels", "int64", [t.length]) : null;
  writer.output(network(ops(writer, given), config, x, waves, labels));
  return writer.finish(OPSET);
}

export const make: MakePeer = async (given, what, backend) => {
  if (what !== "forward" || backend !== "wasm") throw new Error("ONNX Runtime Web is raced at forward passes in wasm");
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = { wasm: new URL("./ort-wasm-simd-threaded.wasm", import.meta.url).href };
  const session = await ort.InferenceSession.create(onnxModel(given), { executionProviders: ["wasm"], graphOptimizationLevel: "all" });
  const batch = given.t.length;
  const { width, values } = timeWaves(given);
  const feeds: Record<string, ort.Tensor> = {
    x: new ort.Tensor("float32", given.x, samplesShape(given)),
    waves: new ort.Tensor("float32", values, [batch, width]),
  };
  if (given.config.images) feeds["labels"] = new ort.Tensor("int64", BigInt64Array.from(Array.from(given.labels, BigInt)), [batch]);
  const forward = async (): Promise<Float32Array> => {
    const results = await session.run(feeds);
    return results[session.outputNames[0]!]!.data as Float32Array;
  };
  return {
    outcome: async () => ({ output: await forward(), loss: null, updated: null }),
    async time(times) {
      const begin = performance.now();
      for (let i = 0; i < times; i++) await forward();
      return (performance.now() - begin) / times;
    },
    destroy: () => void session.release(),
  };
};
