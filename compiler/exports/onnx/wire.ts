/** Bytes in the wire format of protocol buffers: fields by number, each a varint, four bytes, or a length and what it covers. */

const VARINT = 0;
const LENGTH = 2;
const FOUR_BYTES = 5;

/** A message under construction: pieces that are joined once, so that large data are copied once. */
export class Message {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  #push(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#length += bytes.length;
  }

  #tag(field: number, type: number): void {
    this.#push(varint(BigInt(field * 8 + type)));
  }

  /** A whole number; negative ones take ten bytes. */
  int(field: number, value: number | bigint): this {
    this.#tag(field, VARINT);
    this.#push(varint(BigInt.asUintN(64, BigInt(value))));
    return this;
  }

  /** Whole numbers, one after the other under one length. */
  ints(field: number, values: readonly number[]): this {
    const packed = new Message();
    for (const value of values) packed.#push(varint(BigInt.asUintN(64, BigInt(value))));
    return this.message(field, packed);
  }

  /** A float32. */
  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#tag(field, FOUR_BYTES);
    this.#push(bytes);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, LENGTH);
    this.#push(varint(BigInt(value.length)));
    this.#push(value);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, inner: Message): this {
    this.#tag(field, LENGTH);
    this.#push(varint(BigInt(inner.length)));
    this.#pieces.push(...inner.#pieces);
    this.#length += inner.length;
    return this;
  }

  done(): Uint8Array {
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }
}

/** Seven bits a byte, the lowest first. */
function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (; value > 0x7fn; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80);
  return Uint8Array.of(...bytes, Number(value));
}
