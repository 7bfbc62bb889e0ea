/** Guarantees the yardsticks: the best hand-written sgemm of each kind that is known here, one core, C = A·B, all 256 × 256. */

import loadWabt from "wabt";

export const SIZE = 256;
export const FLOPS = 2 * SIZE ** 3;

/** 4 rows × 8 columns in eight vectors, B in panels of eight columns, two iterations of the k loop in a row with an exit between. Offsets: A, packed B, C. */
const text = () => {
  const rows = [0, 1, 2, 3];
  const each = (make) => rows.flatMap((i) => [0, 1].map((j) => make(i, j))).join("\n");
  const iteration = (n) => `(local.set $b0 (v128.load offset=${32 * n} (local.get $q)))
          (local.set $b1 (v128.load offset=${32 * n + 16} (local.get $q)))
          ${rows
            .map(
              (i) => `(local.set $x (v128.load32_splat offset=${4 * (i * SIZE + n)} (local.get $p)))
          (local.set $s${i}0 (f32x4.add (local.get $s${i}0) (f32x4.mul (local.get $x) (local.get $b0))))
          (local.set $s${i}1 (f32x4.add (local.get $s${i}1) (f32x4.mul (local.get $x) (local.get $b1))))`,
            )
            .join("\n")}`;
  return `(module (memory (export "memory") 16)
  (func (export "sgemm") (param $a i32) (param $b i32) (param $c i32)
    (local $i i32) (local $j i32) (local $k i32) (local $p i32) (local $q i32) (local $r i32) (local $b0 v128) (local $b1 v128) (local $x v128)
    ${each((i, j) => `(local $s${i}${j} v128)`)}
    (loop $panels
      (local.set $i (i32.const 0))
      (loop $rows
        (local.set $p (i32.add (local.get $a) (i32.mul (local.get $i) (i32.const ${SIZE * 4}))))
        (local.set $q (i32.add (local.get $b) (i32.mul (local.get $j) (i32.const ${SIZE * 4}))))
        (local.set $k (i32.const 0))
        ${each((i, j) => `(local.set $s${i}${j} (v128.const i32x4 0 0 0 0))`)}
        (block $done (loop $sum
          ${iteration(0)}
          (br_if $done (i32.eq (local.get $k) (i32.const ${SIZE - 1})))
          ${iteration(1)}
          (local.set $p (i32.add (local.get $p) (i32.const 8)))
          (local.set $q (i32.add (local.get $q) (i32.const 64)))
          (br_if $sum (i32.lt_s (local.tee $k (i32.add (local.get $k) (i32.const 2))) (i32.const ${SIZE})))))
        (local.set $r (i32.add (local.get $c) (i32.add (i32.mul (local.get $i) (i32.const ${SIZE * 4})) (i32.mul (local.get $j) (i32.const 4)))))
        ${each((i, j) => `(v128.store offset=${i * SIZE * 4 + j * 16} (local.get $r) (local.get $s${i}${j}))`)}
        (br_if $rows (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const ${SIZE}))))
      (br_if $panels (i32.lt_s (local.tee $j (i32.add (local.get $j) (i32.const 8))) (i32.const ${SIZE})))))
)`;
};

/** A function that runs the SIMD128 prototype once. */
export async function simd128() {
  const wabt = await loadWabt();
  const { buffer } = wabt.parseWat("sgemm.wat", text(), { simd: true }).toBinary({});
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(buffer));
  new Float32Array(exports.memory.buffer).fill(0.5);
  return () => exports.sgemm(0, SIZE * SIZE * 4, SIZE * SIZE * 8);
}

/** A function that runs the scalar prototype once: 2 rows × 4 columns of doubles, the row of B first. */
export function scalar() {
  const [a, b, c] = [1, 2, 3].map(() => new Float32Array(SIZE * SIZE).fill(0.5));
  return () => sgemm(a, b, c);
}

function sgemm(a, b, c) {
  for (let i = 0; i < SIZE; i += 2)
    for (let j = 0; j < SIZE; j += 4) {
      let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0; // prettier-ignore
      for (let k = 0; k < SIZE; k++) {
        const at = k * SIZE + j;
        const b0 = b[at];
        const b1 = b[at + 1];
        const b2 = b[at + 2];
        const b3 = b[at + 3];
        const a0 = a[i * SIZE + k];
        const a1 = a[i * SIZE + SIZE + k];
        s00 += a0 * b0;
        s01 += a0 * b1;
        s02 += a0 * b2;
        s03 += a0 * b3;
        s10 += a1 * b0;
        s11 += a1 * b1;
        s12 += a1 * b2;
        s13 += a1 * b3;
      }
      const at = i * SIZE + j;
      c[at] = s00;
      c[at + 1] = s01;
      c[at + 2] = s02;
      c[at + 3] = s03;
      c[at + SIZE] = s10;
      c[at + SIZE + 1] = s11;
      c[at + SIZE + 2] = s12;
      c[at + SIZE + 3] = s13;
    }
}
