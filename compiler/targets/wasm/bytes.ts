/** Bytes in the making, with the numbers and sequences of WebAssembly's binary format. */

export class Bytes {
  readonly all: number[] = [];

  put(...bytes: readonly number[]): this {
    this.all.push(...bytes);
    return this;
  }

  /** Of any length. */
  append({ all }: Bytes): this {
    for (const byte of all) this.all.push(byte);
    return this;
  }

  /** A whole number of 32 bits without a sign: seven bits a byte, the lowest first (LEB128). */
  whole(value: number): this {
    let rest = value >>> 0;
    for (; rest > 127; rest >>>= 7) this.all.push((rest & 127) | 128);
    return this.put(rest);
  }

  /** One of 32 bits with a sign, however it is written. */
  signed(value: number): this {
    let rest = value | 0;
    for (; rest < -64 || rest > 63; rest >>= 7) this.all.push((rest & 127) | 128);
    return this.put(rest & 127);
  }

  /** float32, four bytes each; `inf` and `nan` are words of the text format. */
  floats(texts: readonly string[]): this {
    const values = Float32Array.from(texts, (text) => Number(text.replace("inf", "Infinity")));
    return this.put(...new Uint8Array(values.buffer));
  }

  /** Of 32 bits, four bytes each. */
  integers(texts: readonly string[]): this {
    return this.put(...new Uint8Array(Int32Array.from(texts, Number).buffer));
  }

  text(text: string): this {
    return this.block(new Bytes().put(...new TextEncoder().encode(text)));
  }

  /** How many there are, then each. */
  each<Item>(items: readonly Item[], put: (item: Item, into: this) => void): this {
    this.whole(items.length);
    for (const item of items) put(item, this);
    return this;
  }

  /** How many bytes there are, then those. */
  block(bytes: Bytes): this {
    return this.whole(bytes.all.length).append(bytes);
  }
}
