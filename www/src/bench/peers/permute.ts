import type { RaceTensor } from "./api";

/** Whether it is the weight of a linear layer: `[out, in]` in PyTorch, `[in, out]` where a product of matrices takes it as it is. */
export function isLinear({ name, shape }: RaceTensor): boolean {
  return shape.length === 2 && name !== "class_embedding.weight";
}

/** A parameter with its axes in the order that an engine wants, and back: `null` for as they are. */
export function arranged(param: RaceTensor, order: readonly number[] | null): { values: Float32Array; shape: number[] } {
  return order ? permuted(param.values, param.shape, order) : param;
}

export function restored(values: Float32Array, { shape, name }: RaceTensor, order: readonly number[] | null): RaceTensor {
  if (!order) return { name, shape, values };
  const extents = order.map((axis) => shape[axis]!);
  return { name, shape, values: permuted(values, extents, order.map((_, axis) => order.indexOf(axis))).values };
}

/** An array with its axes in another order: axis `i` of the result is axis `order[i]` of what was given. */
function permuted(values: Float32Array, shape: readonly number[], order: readonly number[]): { values: Float32Array; shape: number[] } {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const result = new Float32Array(values.length);
  const extents = order.map((axis) => shape[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  const index = extents.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = values[from]!;
    // The last index moves on; one that is at its end starts again and moves the one before it.
    for (let axis = extents.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < extents[axis]!) break;
      from -= steps[axis]! * extents[axis]!;
      index[axis] = 0;
    }
  }
  return { values: result, shape: extents };
}
