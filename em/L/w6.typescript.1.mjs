const MODEL = "w6";
const GRAPH = "427b9d71577ef6a3";
const ARENA_BYTES = 4640;
const PARAMETERS = [
  { name: "W1", shape: [2, 16], dtype: "f32", offset: 0, trainable: true },
  { name: "b1", shape: [16], dtype: "f32", offset: 128, trainable: true },
  { name: "W2", shape: [16, 16], dtype: "f32", offset: 192, trainable: true },
  { name: "b2", shape: [16], dtype: "f32", offset: 1216, trainable: true },
  { name: "W3", shape: [16, 1], dtype: "f32", offset: 1280, trainable: true },
  { name: "b3", shape: [1], dtype: "f32", offset: 1344, trainable: true }
];
const STATE = [{ name: "stepCount", shape: [], dtype: "i32", offset: 1360 }];
function createTrainer(options = {}) {
  const arena = new ArrayBuffer(ARENA_BYTES);
  const W1 = new Float32Array(arena, 0, 32);
  const b1 = new Float32Array(arena, 128, 16);
  const W2 = new Float32Array(arena, 192, 256);
  const b2 = new Float32Array(arena, 1216, 16);
  const W3 = new Float32Array(arena, 1280, 16);
  const b3 = new Float32Array(arena, 1344, 1);
  const stepCount = new Int32Array(arena, 1360, 1);
  const x = new Float32Array(arena, 4448, 32);
  const y = new Float32Array(arena, 3424, 16);
  const live_rows = new Int32Array(arena, 3488, 1);
  const tanh_ = new Float32Array(arena, 1376, 256);
  const tanh_2 = new Float32Array(arena, 2400, 256);
  const d_rowSum = new Float32Array(arena, 3504, 1);
  const difference = new Float32Array(arena, 3424, 16);
  const d_difference = new Float32Array(arena, 4576, 16);
  const rowSum = new Float32Array(arena, 3488, 1);
  const d_add_2 = new Float32Array(arena, 3424, 256);
  const d_add = new Float32Array(arena, 2400, 256);
  const x_evaluate = new Float32Array(arena, 2400, 32);
  const y_evaluate = new Float32Array(arena, 3424, 16);
  const live_rows_evaluate = new Int32Array(arena, 3488, 1);
  const tanh_evaluate = new Float32Array(arena, 1376, 256);
  const tanh_2_evaluate = new Float32Array(arena, 2400, 256);
  const dot_3_evaluate = new Float32Array(arena, 1376, 16);
  const rowSum_evaluate = new Float32Array(arena, 1440, 1);
  const x_predict = new Float32Array(arena, 1440, 2);
  const tanh_predict = new Float32Array(arena, 1376, 16);
  const tanh_2_predict = new Float32Array(arena, 1440, 16);
  const add_3_predict = new Float32Array(arena, 1376, 1);
  const dotTanh_tanh_ = dotTanh_16x2x16(x, W1, tanh_, b1);
  const dotTanh_tanh_2 = dotTanh_16x16x16(tanh_, W2, tanh_2, b2);
  const dotSubAdd_d_difference = dotSubAdd_16x16x1(
    tanh_2,
    W3,
    b3,
    y,
    difference,
    live_rows,
    d_rowSum,
    d_difference
  );
  const sumSgd_b3 = sumSgd_16x1(d_difference, b3);
  const sum_rowSum = sum_1x16(rowSum, difference, live_rows);
  const dotMul_d_add_2 = dotMul_16x1x16(d_difference, W3, tanh_2, d_add_2);
  const dotSgd_W3 = dotSgd_16x16x1(tanh_2, d_difference, W3);
  const sumSgd_b2 = sumSgd_16x16(d_add_2, b2);
  const dotMul_d_add = dotMul_16x16x16(d_add_2, W2, tanh_, d_add);
  const dotSgd_W2 = dotSgd_16x16x16(tanh_, d_add_2, W2);
  const sumSgd_b1 = sumSgd_16x16(d_add, b1);
  const dotSgd_W1 = dotSgd_2x16x16(x, d_add, W1);
  const dotTanh_tanh_evaluate = dotTanh_16x2x16_evaluate(x_evaluate, W1, tanh_evaluate, b1);
  const dotTanh_tanh_2_evaluate = dotTanh_16x16x16_evaluate(tanh_evaluate, W2, tanh_2_evaluate, b2);
  const dot_dot_3_evaluate = dot_16x16x1_evaluate(tanh_2_evaluate, W3, dot_3_evaluate);
  const sum_rowSum_evaluate = sum_1x16_evaluate(
    rowSum_evaluate,
    dot_3_evaluate,
    b3,
    y_evaluate,
    live_rows_evaluate
  );
  const dotTanh_tanh_predict = dotTanh_1x2x16_predict(x_predict, W1, tanh_predict, b1);
  const dotTanh_tanh_2_predict = dotTanh_1x16x16_predict(tanh_predict, W2, tanh_2_predict, b2);
  const dotAdd_add_3_predict = dotAdd_1x16x1_predict(tanh_2_predict, W3, b3, add_3_predict);
  const seed = options.seed ?? 0;
  fillUniform(W1, seed, 0, -0.5773502691896257, 0.5773502691896257);
  fillUniform(W2, seed, 1, -0.4330127018922193, 0.4330127018922193);
  fillUniform(W3, seed, 2, -0.5940885257860046, 0.5940885257860046);
  globalThis.kernelsOfBench = [dotTanh_tanh_, dotTanh_tanh_2, dotSubAdd_d_difference, sumSgd_b3, sum_rowSum, dotMul_d_add_2, dotSgd_W3, sumSgd_b2, dotMul_d_add, dotSgd_W2, sumSgd_b1, dotSgd_W1, dotTanh_tanh_evaluate, dotTanh_tanh_2_evaluate, dot_dot_3_evaluate, sum_rowSum_evaluate, dotTanh_tanh_predict, dotTanh_tanh_2_predict, dotAdd_add_3_predict];
  const hyper = {};
  function step(batch, count = 16) {
    checkCount(count, 16);
    feed(x, batch["x"], 2, count, "x");
    feed(y, batch["y"], 1, count, "y");
    live_rows[0] = count;
    stepCount[0] = stepCount[0] + 1 | 0;
    dotTanh_tanh_();
    dotTanh_tanh_2();
    const cast = live_rows[0];
    const perRow = Math.fround(1 / cast);
    d_rowSum[0] = perRow;
    dotSubAdd_d_difference();
    sumSgd_b3();
    sum_rowSum();
    const mul_2 = Math.fround(rowSum[0] * perRow);
    dotMul_d_add_2();
    dotSgd_W3();
    sumSgd_b2();
    dotMul_d_add();
    dotSgd_W2();
    sumSgd_b1();
    dotSgd_W1();
    return mul_2;
  }
  function evaluate(batch, count = 16) {
    checkCount(count, 16);
    feed(x_evaluate, batch["x"], 2, count, "x");
    feed(y_evaluate, batch["y"], 1, count, "y");
    live_rows_evaluate[0] = count;
    dotTanh_tanh_evaluate();
    dotTanh_tanh_2_evaluate();
    dot_dot_3_evaluate();
    sum_rowSum_evaluate();
    const cast = live_rows_evaluate[0];
    const perRow = 1 / cast;
    const mul_2 = Math.fround(rowSum_evaluate[0] * perRow);
    return { loss: mul_2 * count, count };
  }
  const outputs = { out: add_3_predict };
  function predict(batch) {
    const count = 1;
    feed(x_predict, batch["x"], 2, count, "x");
    dotTanh_tanh_predict();
    dotTanh_tanh_2_predict();
    dotAdd_add_3_predict();
    return outputs;
  }
  function bytes() {
    const packed = new Uint8Array(1352);
    let at = 0;
    for (const { shape, offset } of [...PARAMETERS, ...STATE]) {
      const length = shape.reduce((n, extent) => n * extent, 1) * 4;
      packed.set(new Uint8Array(arena, offset, length), at);
      at += length;
    }
    return packed;
  }
  function restore(packed) {
    if (packed.length !== 1352)
      throw new RangeError(
        `restore: needs 1352 bytes, but got ${packed.length}; they belong to another model`
      );
    let at = 0;
    for (const { shape, offset } of [...PARAMETERS, ...STATE]) {
      const length = shape.reduce((n, extent) => n * extent, 1) * 4;
      new Uint8Array(arena, offset, length).set(packed.subarray(at, at + length));
      at += length;
    }
  }
  return {
    step,
    evaluate,
    predict,
    batch: { train: 16, evaluate: 16, predict: 1 },
    inputs: { x, y },
    parameters: { W1, b1, W2, b2, W3, b3 },
    state: { stepCount },
    hyper,
    get stepCount() {
      return stepCount[0];
    },
    bytes,
    restore
  };
}
function dotTanh_16x2x16(x_, W1_, tanh__, b1_) {
  return function dotTanh_16x2x162() {
    const x = x_;
    const W1 = W1_;
    const tanh_ = tanh__;
    const b1 = b1_;
    for (let i = 0; i < 16; i += 4) {
      for (let j = 0; j < 16; j += 2) {
        let sum00 = 0;
        let sum01 = 0;
        let sum10 = 0;
        let sum11 = 0;
        let sum20 = 0;
        let sum21 = 0;
        let sum30 = 0;
        let sum31 = 0;
        for (let k = 0; k < 2; k++) {
          const x_0 = x[i * 2 + k];
          const W1_0 = W1[k * 16 + j];
          const W1_1 = W1[k * 16 + j + 1];
          const x_1 = x[i * 2 + k + 2];
          const x_2 = x[i * 2 + k + 4];
          const x_3 = x[i * 2 + k + 6];
          sum00 += x_0 * W1_0;
          sum01 += x_0 * W1_1;
          sum10 += x_1 * W1_0;
          sum11 += x_1 * W1_1;
          sum20 += x_2 * W1_0;
          sum21 += x_2 * W1_1;
          sum30 += x_3 * W1_0;
          sum31 += x_3 * W1_1;
        }
        tanh_[i * 16 + j] = sum00;
        tanh_[i * 16 + j + 1] = sum01;
        tanh_[i * 16 + j + 16] = sum10;
        tanh_[i * 16 + j + 17] = sum11;
        tanh_[i * 16 + j + 32] = sum20;
        tanh_[i * 16 + j + 33] = sum21;
        tanh_[i * 16 + j + 48] = sum30;
        tanh_[i * 16 + j + 49] = sum31;
      }
    }
    for (let i = 0; i < 16; i++) {
      for (let j = 0; j < 16; j++) {
        const dot = tanh_[i * 16 + j];
        tanh_[i * 16 + j] = tanh(dot + b1[j]);
      }
    }
  };
}
function dotTanh_16x16x16(tanh__, W2_, tanh_2_, b2_) {
  return function dotTanh_16x16x162() {
    const tanh_ = tanh__;
    const W2 = W2_;
    const tanh_2 = tanh_2_;
    const b2 = b2_;
    for (let i = 0; i < 16; i += 4) {
      for (let j = 0; j < 16; j += 2) {
        let sum00 = 0;
        let sum01 = 0;
        let sum10 = 0;
        let sum11 = 0;
        let sum20 = 0;
        let sum21 = 0;
        let sum30 = 0;
        let sum31 = 0;
        for (let k = 0; k < 16; k++) {
          const tanh__0 = tanh_[i * 16 + k];
          const W2_0 = W2[k * 16 + j];
          const W2_1 = W2[k * 16 + j + 1];
          const tanh__1 = tanh_[i * 16 + k + 16];
          const tanh__2 = tanh_[i * 16 + k + 32];
          const tanh__3 = tanh_[i * 16 + k + 48];
          sum00 += tanh__0 * W2_0;
          sum01 += tanh__0 * W2_1;
          sum10 += tanh__1 * W2_0;
          sum11 += tanh__1 * W2_1;
          sum20 += tanh__2 * W2_0;
          sum21 += tanh__2 * W2_1;
          sum30 += tanh__3 * W2_0;
          sum31 += tanh__3 * W2_1;
        }
        tanh_2[i * 16 + j] = sum00;
        tanh_2[i * 16 + j + 1] = sum01;
        tanh_2[i * 16 + j + 16] = sum10;
        tanh_2[i * 16 + j + 17] = sum11;
        tanh_2[i * 16 + j + 32] = sum20;
        tanh_2[i * 16 + j + 33] = sum21;
        tanh_2[i * 16 + j + 48] = sum30;
        tanh_2[i * 16 + j + 49] = sum31;
      }
    }
    for (let i = 0; i < 16; i++) {
      for (let j = 0; j < 16; j++) {
        const dot_2 = tanh_2[i * 16 + j];
        tanh_2[i * 16 + j] = tanh(dot_2 + b2[j]);
      }
    }
  };
}
function dotSubAdd_16x16x1(tanh_2_, W3_, b3_, y_, difference_, live_rows_, d_rowSum_, d_difference_) {
  return function dotSubAdd_16x16x12() {
    const tanh_2 = tanh_2_;
    const W3 = W3_;
    const b3 = b3_;
    const y = y_;
    const difference = difference_;
    const live_rows = live_rows_;
    const d_rowSum = d_rowSum_;
    const d_difference = d_difference_;
    const b3_0 = b3[0];
    const live_rows_0 = live_rows[0];
    const d_rowSum_0 = d_rowSum[0];
    for (let i = 0; i < 16; i += 4) {
      let sum0 = 0;
      let sum1 = 0;
      let sum2 = 0;
      let sum3 = 0;
      for (let k = 0; k < 16; k++) {
        const tanh_2_0 = tanh_2[i * 16 + k];
        const W3_0 = W3[k];
        const tanh_2_1 = tanh_2[i * 16 + k + 16];
        const tanh_2_2 = tanh_2[i * 16 + k + 32];
        const tanh_2_3 = tanh_2[i * 16 + k + 48];
        sum0 += tanh_2_0 * W3_0;
        sum1 += tanh_2_1 * W3_0;
        sum2 += tanh_2_2 * W3_0;
        sum3 += tanh_2_3 * W3_0;
      }
      const dot_3_0 = Math.fround(sum0);
      const dot_3_1 = Math.fround(sum1);
      const dot_3_2 = Math.fround(sum2);
      const dot_3_3 = Math.fround(sum3);
      const difference0 = Math.fround(dot_3_0 + b3_0 - y[i]);
      difference[i] = difference0;
      const difference1 = Math.fround(dot_3_1 + b3_0 - y[i + 1]);
      difference[i + 1] = difference1;
      const difference2 = Math.fround(dot_3_2 + b3_0 - y[i + 2]);
      difference[i + 2] = difference2;
      const difference3 = Math.fround(dot_3_3 + b3_0 - y[i + 3]);
      difference[i + 3] = difference3;
      const mul_0 = (i < live_rows_0 ? d_rowSum_0 : 0) * difference0;
      const mul_1 = (i + 1 < live_rows_0 ? d_rowSum_0 : 0) * difference1;
      const mul_2 = (i + 2 < live_rows_0 ? d_rowSum_0 : 0) * difference2;
      const mul_3 = (i + 3 < live_rows_0 ? d_rowSum_0 : 0) * difference3;
      d_difference[i] = mul_0 + mul_0;
      d_difference[i + 1] = mul_1 + mul_1;
      d_difference[i + 2] = mul_2 + mul_2;
      d_difference[i + 3] = mul_3 + mul_3;
    }
  };
}
function sumSgd_16x1(d_difference_, b3_) {
  return function sumSgd_16x12() {
    const d_difference = d_difference_;
    const b3 = b3_;
    let sum = 0;
    for (let k = 0; k < 16; k++) {
      sum += d_difference[k];
    }
    const d_b3 = Math.fround(sum);
    b3[0] = b3[0] - d_b3 * 0.1;
  };
}
function sum_1x16(rowSum_, difference_, live_rows_) {
  return function sum_1x162() {
    const rowSum = rowSum_;
    const difference = difference_;
    const live_rows = live_rows_;
    const live_rows_0 = live_rows[0];
    let total = 0;
    for (let i = 0; i < 16; i++) {
      const mul_0 = difference[i] * difference[i];
      let sum = 0;
      sum += mul_0;
      const sum_2 = Math.fround(sum);
      total += i < live_rows_0 ? sum_2 : 0;
    }
    rowSum[0] = total;
  };
}
function dotMul_16x1x16(d_difference_, W3_, tanh_2_, d_add_2_) {
  return function dotMul_16x1x162() {
    const d_difference = d_difference_;
    const W3 = W3_;
    const tanh_2 = tanh_2_;
    const d_add_2 = d_add_2_;
    for (let i = 0; i < 16; i++) {
      for (let j = 0; j < 16; j++) {
        const mul_0 = d_difference[i] * W3[j];
        let sum = 0;
        sum += mul_0;
        const d_tanh_2 = Math.fround(sum);
        const tanh_2_0 = tanh_2[i * 16 + j];
        d_add_2[i * 16 + j] = d_tanh_2 * (1 - tanh_2_0 * tanh_2_0);
      }
    }
  };
}
function dotSgd_16x16x1(tanh_2_, d_difference_, W3_) {
  return function dotSgd_16x16x12() {
    const tanh_2 = tanh_2_;
    const d_difference = d_difference_;
    const W3 = W3_;
    for (let i = 0; i < 16; i += 4) {
      let sum0 = 0;
      let sum1 = 0;
      let sum2 = 0;
      let sum3 = 0;
      for (let k = 0; k < 16; k++) {
        const tanh_2_0 = tanh_2[k * 16 + i];
        const d_difference_0 = d_difference[k];
        const tanh_2_1 = tanh_2[k * 16 + i + 1];
        const tanh_2_2 = tanh_2[k * 16 + i + 2];
        const tanh_2_3 = tanh_2[k * 16 + i + 3];
        sum0 += tanh_2_0 * d_difference_0;
        sum1 += tanh_2_1 * d_difference_0;
        sum2 += tanh_2_2 * d_difference_0;
        sum3 += tanh_2_3 * d_difference_0;
      }
      const d_W3_0 = Math.fround(sum0);
      const d_W3_1 = Math.fround(sum1);
      const d_W3_2 = Math.fround(sum2);
      const d_W3_3 = Math.fround(sum3);
      W3[i] = W3[i] - d_W3_0 * 0.1;
      W3[i + 1] = W3[i + 1] - d_W3_1 * 0.1;
      W3[i + 2] = W3[i + 2] - d_W3_2 * 0.1;
      W3[i + 3] = W3[i + 3] - d_W3_3 * 0.1;
    }
  };
}
function sumSgd_16x16(d_add_2_, b2_) {
  return function sumSgd_16x162() {
    const d_add_2 = d_add_2_;
    const b2 = b2_;
    for (let i = 0; i < 16; i += 4) {
      let sum0 = 0;
      let sum1 = 0;
      let sum2 = 0;
      let sum3 = 0;
      for (let k = 0; k < 16; k++) {
        const d_add_2_0 = d_add_2[k * 16 + i];
        const d_add_2_1 = d_add_2[k * 16 + i + 1];
        const d_add_2_2 = d_add_2[k * 16 + i + 2];
        const d_add_2_3 = d_add_2[k * 16 + i + 3];
        sum0 += d_add_2_0;
        sum1 += d_add_2_1;
        sum2 += d_add_2_2;
        sum3 += d_add_2_3;
      }
      const d_b2_0 = Math.fround(sum0);
      const d_b2_1 = Math.fround(sum1);
      const d_b2_2 = Math.fround(sum2);
      const d_b2_3 = Math.fround(sum3);
      b2[i] = b2[i] - d_b2_0 * 0.1;
      b2[i + 1] = b2[i + 1] - d_b2_1 * 0.1;
      b2[i + 2] = b2[i + 2] - d_b2_2 * 0.1;
      b2[i + 3] = b2[i + 3] - d_b2_3 * 0.1;
    }
  };
}
function dotMul_16x16x16(d_add_2_, W2_, tanh__, d_add_) {
  return function dotMul_16x16x162() {
    const d_add_2 = d_add_2_;
    const W2 = W2_;
    const tanh_ = tanh__;
    const d_add = d_add_;
    for (let i = 0; i < 16; i += 4) {
      for (let j = 0; j < 16; j += 2) {
        let sum00 = 0;
        let sum01 = 0;
        let sum10 = 0;
        let sum11 = 0;
        let sum20 = 0;
        let sum21 = 0;
        let sum30 = 0;
        let sum31 = 0;
        for (let k = 0; k < 16; k++) {
          const d_add_2_0 = d_add_2[i * 16 + k];
          const W2_0 = W2[j * 16 + k];
          const W2_1 = W2[j * 16 + k + 16];
          const d_add_2_1 = d_add_2[i * 16 + k + 16];
          const d_add_2_2 = d_add_2[i * 16 + k + 32];
          const d_add_2_3 = d_add_2[i * 16 + k + 48];
          sum00 += d_add_2_0 * W2_0;
          sum01 += d_add_2_0 * W2_1;
          sum10 += d_add_2_1 * W2_0;
          sum11 += d_add_2_1 * W2_1;
          sum20 += d_add_2_2 * W2_0;
          sum21 += d_add_2_2 * W2_1;
          sum30 += d_add_2_3 * W2_0;
          sum31 += d_add_2_3 * W2_1;
        }
        const d_tanh00 = Math.fround(sum00);
        const d_tanh01 = Math.fround(sum01);
        const d_tanh10 = Math.fround(sum10);
        const d_tanh11 = Math.fround(sum11);
        const d_tanh20 = Math.fround(sum20);
        const d_tanh21 = Math.fround(sum21);
        const d_tanh30 = Math.fround(sum30);
        const d_tanh31 = Math.fround(sum31);
        const tanh__0 = tanh_[i * 16 + j];
        const tanh__1 = tanh_[i * 16 + j + 1];
        const tanh__2 = tanh_[i * 16 + j + 16];
        const tanh__3 = tanh_[i * 16 + j + 17];
        const tanh__4 = tanh_[i * 16 + j + 32];
        const tanh__5 = tanh_[i * 16 + j + 33];
        const tanh__6 = tanh_[i * 16 + j + 48];
        const tanh__7 = tanh_[i * 16 + j + 49];
        d_add[i * 16 + j] = d_tanh00 * (1 - tanh__0 * tanh__0);
        d_add[i * 16 + j + 1] = d_tanh01 * (1 - tanh__1 * tanh__1);
        d_add[i * 16 + j + 16] = d_tanh10 * (1 - tanh__2 * tanh__2);
        d_add[i * 16 + j + 17] = d_tanh11 * (1 - tanh__3 * tanh__3);
        d_add[i * 16 + j + 32] = d_tanh20 * (1 - tanh__4 * tanh__4);
        d_add[i * 16 + j + 33] = d_tanh21 * (1 - tanh__5 * tanh__5);
        d_add[i * 16 + j + 48] = d_tanh30 * (1 - tanh__6 * tanh__6);
        d_add[i * 16 + j + 49] = d_tanh31 * (1 - tanh__7 * tanh__7);
      }
    }
  };
}
function dotSgd_16x16x16(tanh__, d_add_2_, W2_) {
  return function dotSgd_16x16x162() {
    const tanh_ = tanh__;
    const d_add_2 = d_add_2_;
    const W2 = W2_;
    for (let i = 0; i < 16; i += 4) {
      for (let j = 0; j < 16; j += 2) {
        let sum00 = 0;
        let sum01 = 0;
        let sum10 = 0;
        let sum11 = 0;
        let sum20 = 0;
        let sum21 = 0;
        let sum30 = 0;
        let sum31 = 0;
        for (let k = 0; k < 16; k++) {
          const tanh__0 = tanh_[k * 16 + i];
          const d_add_2_0 = d_add_2[k * 16 + j];
          const d_add_2_1 = d_add_2[k * 16 + j + 1];
          const tanh__1 = tanh_[k * 16 + i + 1];
          const tanh__2 = tanh_[k * 16 + i + 2];
          const tanh__3 = tanh_[k * 16 + i + 3];
          sum00 += tanh__0 * d_add_2_0;
          sum01 += tanh__0 * d_add_2_1;
          sum10 += tanh__1 * d_add_2_0;
          sum11 += tanh__1 * d_add_2_1;
          sum20 += tanh__2 * d_add_2_0;
          sum21 += tanh__2 * d_add_2_1;
          sum30 += tanh__3 * d_add_2_0;
          sum31 += tanh__3 * d_add_2_1;
        }
        const d_W2_00 = Math.fround(sum00);
        const d_W2_01 = Math.fround(sum01);
        const d_W2_10 = Math.fround(sum10);
        const d_W2_11 = Math.fround(sum11);
        const d_W2_20 = Math.fround(sum20);
        const d_W2_21 = Math.fround(sum21);
        const d_W2_30 = Math.fround(sum30);
        const d_W2_31 = Math.fround(sum31);
        W2[i * 16 + j] = W2[i * 16 + j] - d_W2_00 * 0.1;
        W2[i * 16 + j + 1] = W2[i * 16 + j + 1] - d_W2_01 * 0.1;
        W2[i * 16 + j + 16] = W2[i * 16 + j + 16] - d_W2_10 * 0.1;
        W2[i * 16 + j + 17] = W2[i * 16 + j + 17] - d_W2_11 * 0.1;
        W2[i * 16 + j + 32] = W2[i * 16 + j + 32] - d_W2_20 * 0.1;
        W2[i * 16 + j + 33] = W2[i * 16 + j + 33] - d_W2_21 * 0.1;
        W2[i * 16 + j + 48] = W2[i * 16 + j + 48] - d_W2_30 * 0.1;
        W2[i * 16 + j + 49] = W2[i * 16 + j + 49] - d_W2_31 * 0.1;
      }
    }
  };
}
function dotSgd_2x16x16(x_, d_add_, W1_) {
  return function dotSgd_2x16x162() {
    const x = x_;
    const d_add = d_add_;
    const W1 = W1_;
    for (let j = 0; j < 16; j += 4) {
      let sum00 = 0;
      let sum01 = 0;
      let sum02 = 0;
      let sum03 = 0;
      let sum10 = 0;
      let sum11 = 0;
      let sum12 = 0;
      let sum13 = 0;
      for (let k = 0; k < 16; k++) {
        const x_0 = x[k * 2];
        const d_add_0 = d_add[k * 16 + j];
        const d_add_1 = d_add[k * 16 + j + 1];
        const d_add_2 = d_add[k * 16 + j + 2];
        const d_add_3 = d_add[k * 16 + j + 3];
        const x_1 = x[k * 2 + 1];
        sum00 += x_0 * d_add_0;
        sum01 += x_0 * d_add_1;
        sum02 += x_0 * d_add_2;
        sum03 += x_0 * d_add_3;
        sum10 += x_1 * d_add_0;
        sum11 += x_1 * d_add_1;
        sum12 += x_1 * d_add_2;
        sum13 += x_1 * d_add_3;
      }
      const d_W1_00 = Math.fround(sum00);
      const d_W1_01 = Math.fround(sum01);
      const d_W1_02 = Math.fround(sum02);
      const d_W1_03 = Math.fround(sum03);
      const d_W1_10 = Math.fround(sum10);
      const d_W1_11 = Math.fround(sum11);
      const d_W1_12 = Math.fround(sum12);
      const d_W1_13 = Math.fround(sum13);
      W1[j] = W1[j] - d_W1_00 * 0.1;
      W1[j + 1] = W1[j + 1] - d_W1_01 * 0.1;
      W1[j + 2] = W1[j + 2] - d_W1_02 * 0.1;
      W1[j + 3] = W1[j + 3] - d_W1_03 * 0.1;
      W1[j + 16] = W1[j + 16] - d_W1_10 * 0.1;
      W1[j + 17] = W1[j + 17] - d_W1_11 * 0.1;
      W1[j + 18] = W1[j + 18] - d_W1_12 * 0.1;
      W1[j + 19] = W1[j + 19] - d_W1_13 * 0.1;
    }
  };
}
function dotTanh_16x2x16_evaluate(x_, W1_, tanh__, b1_) {
  return function dotTanh_16x2x16_evaluate2() {
    const x = x_;
    const W1 = W1_;
    const tanh_ = tanh__;
    const b1 = b1_;
    for (let i = 0; i < 16; i += 4) {
      for (let j = 0; j < 16; j += 2) {
        let sum00 = 0;
        let sum01 = 0;
        let sum10 = 0;
        let sum11 = 0;
        let sum20 = 0;
        let sum21 = 0;
        let sum30 = 0;
        let sum31 = 0;
        for (let k = 0; k < 2; k++) {
          const x_0 = x[i * 2 + k];
          const W1_0 = W1[k * 16 + j];
          const W1_1 = W1[k * 16 + j + 1];
          const x_1 = x[i * 2 + k + 2];
          const x_2 = x[i * 2 + k + 4];
          const x_3 = x[i * 2 + k + 6];
          sum00 += x_0 * W1_0;
          sum01 += x_0 * W1_1;
          sum10 += x_1 * W1_0;
          sum11 += x_1 * W1_1;
          sum20 += x_2 * W1_0;
          sum21 += x_2 * W1_1;
          sum30 += x_3 * W1_0;
          sum31 += x_3 * W1_1;
        }
        tanh_[i * 16 + j] = sum00;
        tanh_[i * 16 + j + 1] = sum01;
        tanh_[i * 16 + j + 16] = sum10;
        tanh_[i * 16 + j + 17] = sum11;
        tanh_[i * 16 + j + 32] = sum20;
        tanh_[i * 16 + j + 33] = sum21;
        tanh_[i * 16 + j + 48] = sum30;
        tanh_[i * 16 + j + 49] = sum31;
      }
    }
    for (let i = 0; i < 16; i++) {
      for (let j = 0; j < 16; j++) {
        const dot = tanh_[i * 16 + j];
        tanh_[i * 16 + j] = tanh(dot + b1[j]);
      }
    }
  };
}
function dotTanh_16x16x16_evaluate(tanh__, W2_, tanh_2_, b2_) {
  return function dotTanh_16x16x16_evaluate2() {
    const tanh_ = tanh__;
    const W2 = W2_;
    const tanh_2 = tanh_2_;
    const b2 = b2_;
    for (let i = 0; i < 16; i += 4) {
      for (let j = 0; j < 16; j += 2) {
        let sum00 = 0;
        let sum01 = 0;
        let sum10 = 0;
        let sum11 = 0;
        let sum20 = 0;
        let sum21 = 0;
        let sum30 = 0;
        let sum31 = 0;
        for (let k = 0; k < 16; k++) {
          const tanh__0 = tanh_[i * 16 + k];
          const W2_0 = W2[k * 16 + j];
          const W2_1 = W2[k * 16 + j + 1];
          const tanh__1 = tanh_[i * 16 + k + 16];
          const tanh__2 = tanh_[i * 16 + k + 32];
          const tanh__3 = tanh_[i * 16 + k + 48];
          sum00 += tanh__0 * W2_0;
          sum01 += tanh__0 * W2_1;
          sum10 += tanh__1 * W2_0;
          sum11 += tanh__1 * W2_1;
          sum20 += tanh__2 * W2_0;
          sum21 += tanh__2 * W2_1;
          sum30 += tanh__3 * W2_0;
          sum31 += tanh__3 * W2_1;
        }
        tanh_2[i * 16 + j] = sum00;
        tanh_2[i * 16 + j + 1] = sum01;
        tanh_2[i * 16 + j + 16] = sum10;
        tanh_2[i * 16 + j + 17] = sum11;
        tanh_2[i * 16 + j + 32] = sum20;
        tanh_2[i * 16 + j + 33] = sum21;
        tanh_2[i * 16 + j + 48] = sum30;
        tanh_2[i * 16 + j + 49] = sum31;
      }
    }
    for (let i = 0; i < 16; i++) {
      for (let j = 0; j < 16; j++) {
        const dot_2 = tanh_2[i * 16 + j];
        tanh_2[i * 16 + j] = tanh(dot_2 + b2[j]);
      }
    }
  };
}
function dot_16x16x1_evaluate(tanh_2_, W3_, dot_3_) {
  return function dot_16x16x1_evaluate2() {
    const tanh_2 = tanh_2_;
    const W3 = W3_;
    const dot_3 = dot_3_;
    for (let i = 0; i < 16; i += 4) {
      let sum0 = 0;
      let sum1 = 0;
      let sum2 = 0;
      let sum3 = 0;
      for (let k = 0; k < 16; k++) {
        const tanh_2_0 = tanh_2[i * 16 + k];
        const W3_0 = W3[k];
        const tanh_2_1 = tanh_2[i * 16 + k + 16];
        const tanh_2_2 = tanh_2[i * 16 + k + 32];
        const tanh_2_3 = tanh_2[i * 16 + k + 48];
        sum0 += tanh_2_0 * W3_0;
        sum1 += tanh_2_1 * W3_0;
        sum2 += tanh_2_2 * W3_0;
        sum3 += tanh_2_3 * W3_0;
      }
      dot_3[i] = sum0;
      dot_3[i + 1] = sum1;
      dot_3[i + 2] = sum2;
      dot_3[i + 3] = sum3;
    }
  };
}
function sum_1x16_evaluate(rowSum_, dot_3_, b3_, y_, live_rows_) {
  return function sum_1x16_evaluate2() {
    const rowSum = rowSum_;
    const dot_3 = dot_3_;
    const b3 = b3_;
    const y = y_;
    const live_rows = live_rows_;
    const b3_0 = b3[0];
    const live_rows_0 = live_rows[0];
    let total = 0;
    for (let i = 0; i < 16; i++) {
      const mul_0 = (dot_3[i] + b3_0 - y[i]) * (dot_3[i] + b3_0 - y[i]);
      let sum = 0;
      sum += mul_0;
      const sum_2 = Math.fround(sum);
      total += i < live_rows_0 ? sum_2 : 0;
    }
    rowSum[0] = total;
  };
}
function dotTanh_1x2x16_predict(x_, W1_, tanh__, b1_) {
  return function dotTanh_1x2x16_predict2() {
    const x = x_;
    const W1 = W1_;
    const tanh_ = tanh__;
    const b1 = b1_;
    for (let j = 0; j < 16; j += 4) {
      let sum0 = 0;
      let sum1 = 0;
      let sum2 = 0;
      let sum3 = 0;
      for (let k = 0; k < 2; k++) {
        const x_0 = x[k];
        const W1_0 = W1[k * 16 + j];
        const W1_1 = W1[k * 16 + j + 1];
        const W1_2 = W1[k * 16 + j + 2];
        const W1_3 = W1[k * 16 + j + 3];
        sum0 += x_0 * W1_0;
        sum1 += x_0 * W1_1;
        sum2 += x_0 * W1_2;
        sum3 += x_0 * W1_3;
      }
      tanh_[j] = sum0;
      tanh_[j + 1] = sum1;
      tanh_[j + 2] = sum2;
      tanh_[j + 3] = sum3;
    }
    for (let j = 0; j < 16; j++) {
      const dot = tanh_[j];
      tanh_[j] = tanh(dot + b1[j]);
    }
  };
}
function dotTanh_1x16x16_predict(tanh__, W2_, tanh_2_, b2_) {
  return function dotTanh_1x16x16_predict2() {
    const tanh_ = tanh__;
    const W2 = W2_;
    const tanh_2 = tanh_2_;
    const b2 = b2_;
    for (let j = 0; j < 16; j += 4) {
      let sum0 = 0;
      let sum1 = 0;
      let sum2 = 0;
      let sum3 = 0;
      for (let k = 0; k < 16; k++) {
        const tanh__0 = tanh_[k];
        const W2_0 = W2[k * 16 + j];
        const W2_1 = W2[k * 16 + j + 1];
        const W2_2 = W2[k * 16 + j + 2];
        const W2_3 = W2[k * 16 + j + 3];
        sum0 += tanh__0 * W2_0;
        sum1 += tanh__0 * W2_1;
        sum2 += tanh__0 * W2_2;
        sum3 += tanh__0 * W2_3;
      }
      tanh_2[j] = sum0;
      tanh_2[j + 1] = sum1;
      tanh_2[j + 2] = sum2;
      tanh_2[j + 3] = sum3;
    }
    for (let j = 0; j < 16; j++) {
      const dot_2 = tanh_2[j];
      tanh_2[j] = tanh(dot_2 + b2[j]);
    }
  };
}
function dotAdd_1x16x1_predict(tanh_2_, W3_, b3_, add_3_) {
  return function dotAdd_1x16x1_predict2() {
    const tanh_2 = tanh_2_;
    const W3 = W3_;
    const b3 = b3_;
    const add_3 = add_3_;
    const b3_0 = b3[0];
    let sum = 0;
    for (let k = 0; k < 16; k++) {
      sum += tanh_2[k] * W3[k];
    }
    const dot_3 = Math.fround(sum);
    add_3[0] = dot_3 + b3_0;
  };
}
function checkCount(count, rows) {
  if (!Number.isInteger(count) || count < 1 || count > rows)
    throw new RangeError(`count needs a whole number from 1 to ${rows}, but got ${count}`);
}
function feed(slot, given, perRow, count, name) {
  checkLength(slot.length, given, perRow, count, name);
  slot.set(given);
  if (perRow > 0) slot.fill(0, count * perRow);
}
function checkLength(whole, given, perRow, count, name) {
  if (given === void 0) throw new RangeError(`${name} is missing from the batch`);
  if (given.length === whole || perRow > 0 && given.length === count * perRow) return;
  throw new RangeError(`${name} needs ${whole} elements, but got ${given.length}`);
}
function fillUniform(view, seed, stream, low, high) {
  for (let n = 0; n < view.length; n++)
    view[n] = low + (high - low) * (randomBits(seed, stream, n) / 4294967296 + 0.5);
}
function randomBits(seed, stream, at) {
  const last = seed ^ stream ^ 466688986;
  let x = at + seed | 0;
  let y = stream | 0;
  x = x + y | 0;
  y = (y << 13 | y >>> 19) ^ x;
  x = x + y | 0;
  y = (y << 15 | y >>> 17) ^ x;
  x = x + y | 0;
  y = (y << 26 | y >>> 6) ^ x;
  x = x + y | 0;
  y = (y << 6 | y >>> 26) ^ x;
  x = x + stream | 0;
  y = y + last + 1 | 0;
  x = x + y | 0;
  y = (y << 17 | y >>> 15) ^ x;
  x = x + y | 0;
  y = (y << 29 | y >>> 3) ^ x;
  x = x + y | 0;
  y = (y << 16 | y >>> 16) ^ x;
  x = x + y | 0;
  y = (y << 24 | y >>> 8) ^ x;
  x = x + last | 0;
  y = y + seed + 2 | 0;
  x = x + y | 0;
  y = (y << 13 | y >>> 19) ^ x;
  x = x + y | 0;
  y = (y << 15 | y >>> 17) ^ x;
  x = x + y | 0;
  y = (y << 26 | y >>> 6) ^ x;
  x = x + y | 0;
  y = (y << 6 | y >>> 26) ^ x;
  x = x + seed | 0;
  y = y + stream + 3 | 0;
  x = x + y | 0;
  return x;
}
const powersOfTwo = new Float64Array(2048);
for (let i = 0, power = 11125369292536007e-324; i < 2048; i++, power *= 2) {
  powersOfTwo[i] = power;
}
const rootsOfTwo = new Float64Array([
  1,
  1.0218971486541166,
  1.0442737824274138,
  1.0671404006768237,
  1.0905077326652577,
  1.1143867425958924,
  1.1387886347566916,
  1.1637248587775775,
  1.189207115002721,
  1.215247359980469,
  1.241857812073484,
  1.2690509571917332,
  1.2968395546510096,
  1.3252366431597413,
  1.3542555469368927,
  1.383909881963832,
  1.4142135623730951,
  1.4451808069770467,
  1.4768261459394993,
  1.5091644275934228,
  1.5422108254079407,
  1.5759808451078865,
  1.6104903319492543,
  1.645755478153965,
  1.681792830507429,
  1.718619298122478,
  1.7562521603732995,
  1.7947090750031072,
  1.8340080864093424,
  1.8741676341103,
  1.9152065613971474,
  1.9571441241754002
]);
function tanh(x) {
  const c = x < -20 ? -40 : x > 20 ? 40 : x + x;
  const k = Math.floor(c * 46.16624130844683 + 0.5);
  const r = c - k * 0.02166084939249829;
  const q = 0.5000000000143338 + r * (0.16666747770246174 + r * 0.04166662411621086);
  const i = k | 0;
  const w = rootsOfTwo[i & 31] * powersOfTwo[(i >> 5) + 1023];
  const e = w * (r * (1 + r * q)) - (1 - w);
  return e / (e + 2);
}
export {
  ARENA_BYTES,
  GRAPH,
  MODEL,
  PARAMETERS,
  STATE,
  createTrainer
};
