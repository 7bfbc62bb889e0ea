/** The instructions of WebAssembly that kernels use, with the numbers of the specification (core/binary/instructions; relaxed SIMD is 3.0). */

/** Of one byte. */
const PLAIN: Readonly<Record<string, number>> = {
  select: 0x1b,
  "i32.load": 0x28,
  "f32.load": 0x2a,
  "i32.store": 0x36,
  "f32.store": 0x38,
  "i32.eqz": 0x45,
  "i32.eq": 0x46,
  "i32.ne": 0x47,
  "i32.lt_s": 0x48,
  "i32.lt_u": 0x49,
  "i32.le_s": 0x4c,
  "f32.eq": 0x5b,
  "f32.ne": 0x5c,
  "f32.lt": 0x5d,
  "f32.le": 0x5f,
  "i32.add": 0x6a,
  "i32.sub": 0x6b,
  "i32.mul": 0x6c,
  "i32.div_u": 0x6e,
  "i32.rem_u": 0x70,
  "i32.and": 0x71,
  "i32.or": 0x72,
  "i32.shl": 0x74,
  "i32.shr_s": 0x75,
  "f32.abs": 0x8b,
  "f32.neg": 0x8c,
  "f32.floor": 0x8e,
  "f32.sqrt": 0x91,
  "f32.add": 0x92,
  "f32.sub": 0x93,
  "f32.mul": 0x94,
  "f32.div": 0x95,
  "f32.min": 0x96,
  "f32.max": 0x97,
  "f32.convert_i32_s": 0xb2,
  "i32.reinterpret_f32": 0xbc,
  "f32.reinterpret_i32": 0xbe,
};

/** After the byte 0xfc. */
const SATURATING: Readonly<Record<string, number>> = { "i32.trunc_sat_f32_s": 0 };

/** After the byte 0xfd. */
const VECTOR: Readonly<Record<string, number>> = {
  "v128.load": 0x00,
  "v128.load32_splat": 0x09,
  "v128.store": 0x0b,
  "i8x16.shuffle": 0x0d,
  "i32x4.splat": 0x11,
  "f32x4.splat": 0x13,
  "i32x4.extract_lane": 0x1b,
  "i32x4.replace_lane": 0x1c,
  "f32x4.extract_lane": 0x1f,
  "f32x4.replace_lane": 0x20,
  "i32x4.eq": 0x37,
  "i32x4.ne": 0x38,
  "i32x4.lt_s": 0x39,
  "i32x4.le_s": 0x3d,
  "f32x4.eq": 0x41,
  "f32x4.ne": 0x42,
  "f32x4.lt": 0x43,
  "f32x4.le": 0x45,
  "v128.not": 0x4d,
  "v128.and": 0x4e,
  "v128.andnot": 0x4f,
  "v128.or": 0x50,
  "v128.bitselect": 0x52,
  "v128.load32_lane": 0x56,
  "v128.store64_lane": 0x5b,
  "v128.load32_zero": 0x5c,
  "v128.load64_zero": 0x5d,
  "f32x4.floor": 0x68,
  "i32x4.abs": 0xa0,
  "i32x4.neg": 0xa1,
  "i32x4.shl": 0xab,
  "i32x4.shr_s": 0xac,
  "i32x4.add": 0xae,
  "i32x4.sub": 0xb1,
  "i32x4.mul": 0xb5,
  "i32x4.min_s": 0xb6,
  "i32x4.max_s": 0xb8,
  "f32x4.abs": 0xe0,
  "f32x4.neg": 0xe1,
  "f32x4.sqrt": 0xe3,
  "f32x4.add": 0xe4,
  "f32x4.sub": 0xe5,
  "f32x4.mul": 0xe6,
  "f32x4.div": 0xe7,
  "f32x4.min": 0xe8,
  "f32x4.max": 0xe9,
  "f32x4.pmin": 0xea,
  "f32x4.pmax": 0xeb,
  "i32x4.trunc_sat_f32x4_s": 0xf8,
  "f32x4.convert_i32x4_s": 0xfa,
  "f32x4.relaxed_madd": 0x105,
  "f32x4.relaxed_nmadd": 0x106,
};

/** What loads and stores touch, as the power of two of its bytes. */
export const ALIGNMENT: Readonly<Record<string, number>> = {
  "i32.load": 2,
  "f32.load": 2,
  "i32.store": 2,
  "f32.store": 2,
  "v128.load": 4,
  "v128.store": 4,
  "v128.load32_splat": 2,
  "v128.load32_lane": 2,
  "v128.load32_zero": 2,
  "v128.load64_zero": 3,
  "v128.store64_lane": 3,
};

/** All of them. */
export const INSTRUCTIONS: readonly string[] = [PLAIN, SATURATING, VECTOR].flatMap(Object.keys);

/** The byte before an instruction's number, if there is one, and the number. Throws a TypeError for an instruction that no kernel uses. */
export function opcodeOf(name: string): { readonly prefix?: number; readonly number: number } {
  if (Object.hasOwn(PLAIN, name)) return { number: PLAIN[name]! };
  if (Object.hasOwn(VECTOR, name)) return { prefix: 0xfd, number: VECTOR[name]! };
  if (Object.hasOwn(SATURATING, name)) return { prefix: 0xfc, number: SATURATING[name]! };
  throw new TypeError(`the assembler has no instruction ${name}; give it its number in targets/wasm/instructions.ts`);
}
