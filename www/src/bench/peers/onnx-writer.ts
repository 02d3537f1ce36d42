/** Writes models in the Open Neural Network Exchange format: the few messages of `onnx.proto` that a network for inference needs. */

/** A message of protocol buffers, field by field. */
class Message {
  readonly #bytes: number[] = [];
  readonly #parts: Uint8Array[] = [];

  /** Wire type 0, as many groups of seven bits as it takes; no number here is negative. */
  #varint(value: number): void {
    while (value > 127) {
      this.#bytes.push((value % 128) + 128);
      value = Math.floor(value / 128);
    }
    this.#bytes.push(value);
  }

  int(field: number, value: number): this {
    this.#varint(field * 8);
    this.#varint(value);
    return this;
  }

  ints(field: number, values: readonly number[]): this {
    for (const value of values) this.int(field, value);
    return this;
  }

  float(field: number, value: number): this {
    this.#varint(field * 8 + 5);
    this.#bytes.push(...new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint(field * 8 + 2);
    this.#varint(value.length);
    this.#parts.push(Uint8Array.from(this.#bytes), value);
    this.#bytes.length = 0;
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  texts(field: number, values: readonly string[]): this {
    for (const value of values) this.text(field, value);
    return this;
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.finish());
  }

  finish(): Uint8Array {
    const parts = [...this.#parts, Uint8Array.from(this.#bytes)];
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

/** `TensorProto.DataType`. */
const TYPES = { float32: 1, int64: 7 } as const;
export type ElementType = keyof typeof TYPES;

/** Numbers that are whole become `INT`, lists `INTS`, `{ float }` a `FLOAT`. */
export type Attribute = number | readonly number[] | string | { float: number };

/** A value of the graph: its name and, for operations that need to know, its extents. */
export interface Value {
  name: string;
  shape: readonly number[];
}

export class OnnxWriter {
  readonly #graph = new Message();
  readonly #known = new Set<string>();
  #count = 0;

  input(name: string, type: ElementType, shape: readonly number[]): Value {
    this.#graph.message(11, valueInfo(name, type, shape));
    return { name, shape };
  }

  output(value: Value): void {
    this.#graph.message(12, valueInfo(value.name, "float32", value.shape));
  }

  /** A constant; a name that is known already is not written again. */
  constant(name: string, shape: readonly number[], values: Float32Array | BigInt64Array): Value {
    if (!this.#known.has(name)) {
      this.#known.add(name);
      const type = values instanceof Float32Array ? TYPES.float32 : TYPES.int64;
      const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      this.#graph.message(5, new Message().ints(1, shape).int(2, type).text(8, name).bytes(9, raw));
    }
    return { name, shape };
  }

  /** Appends an operation with one result. */
  node(op: string, inputs: readonly (Value | null)[], shape: readonly number[], attributes: Record<string, Attribute> = {}, domain = ""): Value {
    const name = `${op}_${this.#count++}`;
    const node = new Message().texts(1, inputs.map((input) => input?.name ?? "")).text(2, name).text(3, name).text(4, op);
    for (const [key, value] of Object.entries(attributes)) node.message(5, attribute(key, value));
    if (domain) node.text(7, domain);
    this.#graph.message(1, node);
    return { name, shape };
  }

  /** The whole model, for operations of `opset` and of Microsoft's own. */
  finish(opset: number): Uint8Array {
    this.#graph.text(2, "network");
    const operators = (domain: string, version: number): Message => new Message().text(1, domain).int(2, version);
    const model = new Message().int(1, 8).text(2, "unnoise").message(7, this.#graph);
    return model.message(8, operators("", opset)).message(8, operators("com.microsoft", 1)).finish();
  }
}

function attribute(name: string, value: Attribute): Message {
  const message = new Message().text(1, name);
  if (typeof value === "number") return message.int(3, value).int(20, 2);
  if (typeof value === "string") return message.text(4, value).int(20, 3);
  if ("float" in value) return message.float(2, value.float).int(20, 1);
  return message.ints(8, value).int(20, 7);
}

function valueInfo(name: string, type: ElementType, shape: readonly number[]): Message {
  const extents = new Message();
  for (const extent of shape) extents.message(1, new Message().int(1, extent));
  const tensor = new Message().int(1, TYPES[type]).message(2, extents);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}
