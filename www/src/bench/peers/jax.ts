/** The peer jax-js: one jitted function per training step, its state handed on so that buffers are used again. */
import { blockUntilReady, defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import type { MakePeer, RaceCase, RaceTensor } from "./api";
import { network, samplesShape, timeWaves, type Ops } from "./network";
import { arranged, isLinear, restored } from "./permute";

type Array = np.Array;
type Arrays = Record<string, Array>;
// A type, not an interface: trees of arrays are.
type State = { params: Arrays; m: Arrays; v: Arrays; powers: Array[] };
type Inputs = { x: Array; waves: Array; labels: Array; noise: Array };

/** Images are `[B, C, H, W]`, as its convolution has them. Arrays are counted references: see its README. */
function ops(params: Arrays, classRows: number): Ops<Array> {
  const param = (name: string): Array => {
    const found = params[name];
    if (!found) throw new Error(`there is no parameter ${name}`);
    return found.ref;
  };
  const perChannel = (x: Array): Array => x.reshape([x.shape[0]!, 1, 1]);
  return {
    keep: (x) => x.ref,
    drop: (x) => x.dispose(),
    embedding: (name, labels) => np.matmul(nn.oneHot(labels, classRows), param(`${name}.weight`)),
    linear: (name, x) => np.matmul(x, param(`${name}.weight`)).add(param(`${name}.bias`)),
    silu: (x) => nn.silu(x),
    add: (x, y) => x.add(y),
    join: (x, y) => np.concatenate([x, y], 1),
    conv(name, x, stride, rows) {
      const weight = param(`${name}.weight`);
      const pad: [number, number] = weight.shape[2] === 3 ? [1, 1] : [0, 0];
      let bias = perChannel(param(`${name}.bias`));
      if (rows) bias = rows.reshape([...rows.shape, 1, 1]).add(bias);
      return lax.conv(x, weight, [stride, stride], [pad, pad]).add(bias);
    },
    groupNorm(name, x, groups, eps) {
      const [batch, channels, height, width] = x.shape as [number, number, number, number];
      const grouped = x.reshape([batch, groups, (channels / groups) * height * width]);
      const mean = grouped.ref.mean(-1, { keepdims: true });
      const centred = grouped.sub(mean);
      const variance = np.square(centred.ref).mean(-1, { keepdims: true });
      const normal = centred.mul(np.reciprocal(np.sqrt(variance.add(eps)))).reshape([batch, channels, height, width]);
      return normal.mul(perChannel(param(`${name}.weight`))).add(perChannel(param(`${name}.bias`)));
    },
    upsample(x) {
      const [batch, channels, height, width] = x.shape as [number, number, number, number];
      const four = np.broadcastTo(x.reshape([batch, channels, height, 1, width, 1]), [batch, channels, height, 2, width, 2]);
      return four.reshape([batch, channels, 2 * height, 2 * width]);
    },
    tokens(image) {
      const [batch, channels, height, width] = image.shape as [number, number, number, number];
      return image.reshape([batch, channels, height * width]).transpose([0, 2, 1]);
    },
    image(tokens, side) {
      const [batch, , channels] = tokens.shape as [number, number, number];
      return tokens.transpose([0, 2, 1]).reshape([batch, channels, side, side]);
    },
    attention(q, k, v, heads) {
      const shape = q.shape as [number, number, number];
      const split = (x: Array): Array => x.reshape([shape[0], shape[1], heads, shape[2] / heads]);
      return nn.dotProductAttention(split(q), split(k), split(v)).reshape(shape);
    },
  };
}

function predict(given: RaceCase, params: Arrays, x: Array, waves: Array, labels: Array): Array {
  const rows = given.config.images?.unet.num_class_embeds ?? 0;
  if (!rows) labels.dispose();
  const output = network(ops(params, rows), given.config, x, waves, rows ? labels : null);
  tree.dispose(params);
  return output;
}

/** AdamW on one tree of arrays; bias corrections by the powers of β, which live on the device too. */
function adamw(given: RaceCase, { params, m, v, powers }: State, grads: Arrays): State {
  const { learning_rate: rate, beta1, beta2, epsilon, weight_decay } = given.config.training;
  const [power1, power2] = [powers[0]!.mul(beta1), powers[1]!.mul(beta2)];
  const [correct1, correct2] = [power1.ref.mul(-1).add(1), power2.ref.mul(-1).add(1)];
  const next: State = { params: {}, m: {}, v: {}, powers: [power1, power2] };
  for (const name of Object.keys(params)) {
    const grad = grads[name]!;
    const m1 = m[name]!.mul(beta1).add(grad.ref.mul(1 - beta1));
    const v1 = v[name]!.mul(beta2).add(np.square(grad).mul(1 - beta2));
    const root = np.sqrt(v1.ref.div(correct2.ref)).add(epsilon);
    const direction = m1.ref.div(correct1.ref).div(root);
    next.params[name] = params[name]!.mul(1 - rate * weight_decay).sub(direction.mul(rate));
    next.m[name] = m1;
    next.v[name] = v1;
  }
  correct1.dispose();
  correct2.dispose();
  return next;
}

export const make: MakePeer = async (given, what, backend) => {
  if (!(await init(backend)).includes(backend)) throw new Error(`jax-js has no ${backend} here`);
  defaultDevice(backend);
  const batch = given.t.length;
  const shape = samplesShape(given);
  const { width, values: waves } = timeWaves(given);
  const array = (values: Float32Array, shape: number[]): Array => np.array(values as Float32Array<ArrayBuffer>).reshape(shape);
  const inputs: Inputs = {
    x: array(given.x, shape),
    waves: array(waves, [batch, width]),
    labels: np.array(Int32Array.from(given.labels.length ? given.labels : new Uint32Array(batch)), { dtype: np.int32 }),
    noise: array(given.noise, shape),
  };
  // Weights of linear layers as `[in, out]`: with a transposed view its product of matrices takes twice the time.
  const order = (param: RaceTensor): number[] | null => (isLinear(param) ? [1, 0] : null);
  const weights = given.params.map((param) => ({ name: param.name, ...arranged(param, order(param)) }));
  const each = (value: (weight: RaceTensor) => Array): Arrays => Object.fromEntries(weights.map((w) => [w.name, value(w)]));
  let state: State = {
    params: each((w) => array(w.values, w.shape)),
    m: each((w) => np.zeros(w.shape)),
    v: each((w) => np.zeros(w.shape)),
    powers: [np.array(1), np.array(1)],
  };

  const forward = jit((params: Arrays, x: Array, waves: Array, labels: Array): Array => predict(given, params, x, waves, labels));
  const loss = (params: Arrays, { x, waves, labels, noise }: Inputs): Array =>
    np.square(predict(given, params, x, waves, labels).sub(noise)).mean();
  const step = jit((state: State, inputs: Inputs): [State, Array] => {
    const [value, grads] = valueAndGrad(loss)(tree.ref(state.params) as Arrays, inputs);
    return [adamw(given, state, grads as Arrays), value];
  });
  const runForward = (): Array =>
    forward(tree.ref(state.params) as Arrays, inputs.x.ref, inputs.waves.ref, inputs.labels.ref);
  const runStep = (): Array => {
    const [next, value] = step(state, tree.ref(inputs) as Inputs);
    state = next;
    return value;
  };
  /** All work submitted so far is done. */
  const done = async (): Promise<void> => void (await blockUntilReady(state));

  return {
    async outcome() {
      const output = (await runForward().data()) as Float32Array;
      if (what === "forward") return { output, loss: null, updated: null };
      const value = (await runStep().data()) as Float32Array;
      const updated = [];
      for (const param of given.params) {
        const values = (await state.params[param.name]!.ref.data()) as Float32Array;
        updated.push(restored(values, param, order(param)));
      }
      return { output, loss: value[0]!, updated };
    },
    async time(times) {
      await done();
      const begin = performance.now();
      for (let i = 1; i < times; i++) (what === "step" ? runStep() : runForward()).dispose();
      // One number of the last result, so that nothing can be left out or left undone.
      await (what === "step" ? runStep() : runForward()).data();
      await done();
      return (performance.now() - begin) / times;
    },
    destroy() {
      tree.dispose(state);
      tree.dispose(inputs);
      forward.dispose();
      step.dispose();
    },
  };
};
