/** The peer TensorFlow.js, on WebGPU. */
import "@tensorflow/tfjs-backend-webgpu";
// Of its own accord the core differentiates nothing.
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import * as tf from "@tensorflow/tfjs-core";
import type { MakePeer, RaceCase, RaceTensor } from "./api";
import { network, samplesShape, timeWaves, type Ops } from "./network";
import { arranged, isLinear, restored } from "./permute";

type Arrays = Record<string, tf.Tensor>;

/** Its layouts, by PyTorch's axes: `[k, k, in, out]` for convolutions, `[in, out]` for linear layers. */
const CONV = [2, 3, 1, 0];
const LINEAR = [1, 0];

function axes(param: RaceTensor): number[] | null {
  if (param.shape.length === 4) return CONV;
  return isLinear(param) ? LINEAR : null;
}

/** Images are `[B, H, W, C]`. Memory is freed by the scopes around (`tf.tidy`). */
function ops(params: Arrays, classRows: number): Ops<tf.Tensor> {
  const param = (name: string): tf.Tensor => {
    const found = params[name];
    if (!found) throw new Error(`there is no parameter ${name}`);
    return found;
  };
  return {
    keep: (x) => x,
    drop: () => {},
    embedding: (name, labels) => tf.matMul(tf.oneHot(labels, classRows, 1, 0, "float32"), param(`${name}.weight`)),
    linear(name, x) {
      const [weight, bias] = [param(`${name}.weight`), param(`${name}.bias`)];
      const rows = tf.reshape(x, [-1, weight.shape[0]!]) as tf.Tensor2D;
      const y = tf.fused.matMul({ a: rows, b: weight as tf.Tensor2D, bias });
      return x.shape.length === 2 ? y : tf.reshape(y, [...x.shape.slice(0, -1), weight.shape[1]!]);
    },
    silu: (x) => tf.mul(x, tf.sigmoid(x)),
    add: (x, y) => tf.add(x, y),
    join: (x, y) => tf.concat([x, y], -1),
    conv(name, x, strides, rows) {
      const filter = param(`${name}.weight`) as tf.Tensor4D;
      const pad = filter.shape[0] === 3 ? 1 : 0;
      const y = tf.fused.conv2d({ x: x as tf.Tensor4D, filter, strides, pad, bias: param(`${name}.bias`) });
      return rows ? tf.add(y, tf.reshape(rows, [rows.shape[0]!, 1, 1, rows.shape[1]!])) : y;
    },
    groupNorm(name, x, groups, eps) {
      const [batch, height, width, channels] = x.shape as [number, number, number, number];
      const grouped = tf.reshape(x, [batch, height * width, groups, channels / groups]);
      const centred = tf.sub(grouped, tf.mean(grouped, [1, 3], true));
      const variance = tf.mean(tf.square(centred), [1, 3], true);
      const normal = tf.reshape(tf.mul(centred, tf.rsqrt(tf.add(variance, eps))), x.shape);
      return tf.add(tf.mul(normal, param(`${name}.weight`)), param(`${name}.bias`));
    },
    upsample(x) {
      const [, height, width] = x.shape as [number, number, number, number];
      return tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [2 * height, 2 * width]);
    },
    tokens(image) {
      const [batch, height, width, channels] = image.shape as [number, number, number, number];
      return tf.reshape(image, [batch, height * width, channels]);
    },
    image: (tokens, side) => tf.reshape(tokens, [tokens.shape[0]!, side, side, tokens.shape[2]!]),
    attention(q, k, v, heads) {
      const [batch, tokens, channels] = q.shape as [number, number, number];
      const split = (x: tf.Tensor): tf.Tensor => tf.transpose(tf.reshape(x, [batch, tokens, heads, channels / heads]), [0, 2, 1, 3]);
      const scores = tf.matMul(tf.mul(split(q), Math.sqrt(heads / channels)), split(k), false, true);
      const y = tf.matMul(tf.softmax(scores), split(v));
      return tf.reshape(tf.transpose(y, [0, 2, 1, 3]), [batch, tokens, channels]);
    },
  };
}

/** AdamW, one variable after the other, as its own optimisers go. */
class AdamW {
  #step = 0;
  readonly #m: tf.Variable[];
  readonly #v: tf.Variable[];

  constructor(readonly given: RaceCase, readonly params: tf.Variable[]) {
    this.#m = params.map((p) => tf.variable(tf.zerosLike(p)));
    this.#v = params.map((p) => tf.variable(tf.zerosLike(p)));
  }

  apply(grads: tf.NamedTensorMap): void {
    const { learning_rate: rate, beta1, beta2, epsilon, weight_decay } = this.given.config.training;
    this.#step++;
    const [rest1, rest2, decay1, decay2] = [1 - beta1, 1 - beta2, beta1, beta2].map((value) => tf.scalar(value)) as [tf.Scalar, tf.Scalar, tf.Scalar, tf.Scalar];
    const correct2 = tf.scalar(1 / (1 - beta2 ** this.#step));
    const [size, shrink, eps] = [tf.scalar(rate / (1 - beta1 ** this.#step)), tf.scalar(1 - rate * weight_decay), tf.scalar(epsilon)];
    this.params.forEach((param, at) => {
      const grad = grads[param.name]!;
      const [m, v] = [this.#m[at]!, this.#v[at]!];
      m.assign(tf.add(tf.mul(m, decay1), tf.mul(grad, rest1)));
      v.assign(tf.add(tf.mul(v, decay2), tf.mul(tf.square(grad), rest2)));
      const direction = tf.div(m, tf.add(tf.sqrt(tf.mul(v, correct2)), eps));
      param.assign(tf.sub(tf.mul(param, shrink), tf.mul(direction, size)));
    });
  }

  dispose(): void {
    [...this.#m, ...this.#v].forEach((variable) => variable.dispose());
  }
}

export const make: MakePeer = async (given, what, backend) => {
  if (backend !== "webgpu" || !(await tf.setBackend("webgpu"))) throw new Error("TensorFlow.js is raced on WebGPU, which is not to be had here");
  await tf.ready();
  const { config } = given;
  const rows = config.images?.unet.num_class_embeds ?? 0;
  // With one channel the axes' order makes no difference.
  const [batch, ...extents] = samplesShape(given);
  const shape = config.images ? [batch!, ...extents.slice(1), 1] : [batch!, ...extents];
  const { width, values } = timeWaves(given);
  const x = tf.tensor(given.x, shape);
  const noise = tf.tensor(given.noise, shape);
  const waves = tf.tensor(values, [batch!, width]);
  const labels = rows ? tf.tensor1d(Int32Array.from(given.labels), "int32") : null;
  const variables = given.params.map((param) => {
    const { values, shape } = arranged(param, axes(param));
    return tf.variable(tf.tensor(values, shape), true, param.name);
  });
  const params: Arrays = Object.fromEntries(variables.map((v) => [v.name, v]));
  const optimizer = new AdamW(given, variables);

  const predict = (): tf.Tensor => network(ops(params, rows), config, x, waves, labels);
  const loss = (): tf.Scalar => tf.mean(tf.squaredDifference(predict(), noise));
  const runForward = (): tf.Tensor => tf.tidy(predict);
  const runStep = (): tf.Tensor =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(loss, variables);
      optimizer.apply(grads);
      return value;
    });

  return {
    async outcome() {
      const output = await taken(runForward());
      if (what === "forward") return { output, loss: null, updated: null };
      const value = await taken(runStep());
      const updated: RaceTensor[] = [];
      for (const [at, param] of given.params.entries()) {
        const values = (await variables[at]!.data()) as Float32Array;
        updated.push(restored(values, param, axes(param)));
      }
      return { output, loss: value[0]!, updated };
    },
    async time(times) {
      // A variable that the last step wrote: read back, it says that all before is done.
      const last = variables[variables.length - 1]!;
      await last.data();
      const begin = performance.now();
      for (let i = 1; i < times; i++) (what === "step" ? runStep() : runForward()).dispose();
      await taken(what === "step" ? runStep() : runForward());
      await last.data();
      return (performance.now() - begin) / times;
    },
    destroy() {
      optimizer.dispose();
      for (const tensor of [...variables, x, noise, waves, ...(labels ? [labels] : [])]) tensor.dispose();
    },
  };
};

async function taken(tensor: tf.Tensor): Promise<Float32Array> {
  const values = (await tensor.data()) as Float32Array;
  tensor.dispose();
  return values;
}
