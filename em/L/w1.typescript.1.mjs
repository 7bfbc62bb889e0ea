const MODEL = "w1-b32";
const GRAPH = "e4a0486ba4ce7b82";
const ARENA_BYTES = 541504;
const PARAMETERS = [
  { name: "W1", shape: [784, 128], dtype: "f32", offset: 0, trainable: true },
  { name: "b1", shape: [128], dtype: "f32", offset: 401408, trainable: true },
  { name: "W2", shape: [128, 10], dtype: "f32", offset: 401920, trainable: true },
  { name: "b2", shape: [10], dtype: "f32", offset: 407040, trainable: true }
];
const STATE = [{ name: "stepCount", shape: [], dtype: "i32", offset: 407088 }];
function createTrainer(options = {}) {
  const arena = new ArrayBuffer(ARENA_BYTES);
  const W1 = new Float32Array(arena, 0, 100352);
  const b1 = new Float32Array(arena, 401408, 128);
  const W2 = new Float32Array(arena, 401920, 1280);
  const b2 = new Float32Array(arena, 407040, 10);
  const stepCount = new Int32Array(arena, 407088, 1);
  const x = new Float32Array(arena, 407104, 25088);
  const y = new Int32Array(arena, 525120, 32);
  const live_rows = new Int32Array(arena, 525248, 1);
  const relu = new Float32Array(arena, 507456, 4096);
  const add_2 = new Float32Array(arena, 540224, 320);
  const d_rowSum = new Float32Array(arena, 525264, 1);
  const exps = new Float32Array(arena, 523840, 320);
  const rowSum = new Float32Array(arena, 525264, 1);
  const d_shifted = new Float32Array(arena, 540224, 320);
  const d_add = new Float32Array(arena, 523840, 4096);
  const x_evaluate = new Float32Array(arena, 407104, 25088);
  const y_evaluate = new Int32Array(arena, 523840, 32);
  const live_rows_evaluate = new Int32Array(arena, 523968, 1);
  const relu_evaluate = new Float32Array(arena, 507456, 4096);
  const add_2_evaluate = new Float32Array(arena, 407104, 320);
  const rowSum_evaluate = new Float32Array(arena, 408384, 1);
  const x_predict = new Float32Array(arena, 407104, 784);
  const relu_predict = new Float32Array(arena, 410240, 128);
  const add_2_predict = new Float32Array(arena, 407104, 10);
  const dotRelu_relu = dotRelu_32x784x128(x, W1, b1, relu);
  const dotAdd_add_2 = dotAdd_32x128x10(relu, W2, b2, add_2);
  const reduceMaxExpSumAdd_d_shifted = reduceMaxExpSumAdd_32x10(
    rowSum,
    add_2,
    exps,
    y,
    live_rows,
    d_rowSum,
    d_shifted
  );
  const sumSgd_b2 = sumSgd_32x10(d_shifted, b2);
  const dotWhere_d_add = dotWhere_32x10x128(d_shifted, W2, relu, d_add);
  const dotSgd_W2 = dotSgd_128x32x10(relu, d_shifted, W2);
  const sumSgd_b1 = sumSgd_32x128(d_add, b1);
  const dotSgd_W1 = dotSgd_784x32x128(x, d_add, W1);
  const dotRelu_relu_evaluate = dotRelu_32x784x128_evaluate(x_evaluate, W1, b1, relu_evaluate);
  const dotAdd_add_2_evaluate = dotAdd_32x128x10_evaluate(relu_evaluate, W2, b2, add_2_evaluate);
  const reduceMaxSum_rowSum_evaluate = reduceMaxSum_10x32_evaluate(
    rowSum_evaluate,
    add_2_evaluate,
    y_evaluate,
    live_rows_evaluate
  );
  const dotRelu_relu_predict = dotRelu_1x784x128_predict(x_predict, W1, b1, relu_predict);
  const dotAdd_add_2_predict = dotAdd_1x128x10_predict(relu_predict, W2, b2, add_2_predict);
  const seed = options.seed ?? 0;
  fillUniform(W1, seed, 0, -0.08111071056538127, 0.08111071056538127);
  fillUniform(W2, seed, 1, -0.20851441405707477, 0.20851441405707477);
  globalThis.kernelsOfBench = [dotRelu_relu, dotAdd_add_2, reduceMaxExpSumAdd_d_shifted, sumSgd_b2, dotWhere_d_add, dotSgd_W2, sumSgd_b1, dotSgd_W1, dotRelu_relu_evaluate, dotAdd_add_2_evaluate, reduceMaxSum_rowSum_evaluate, dotRelu_relu_predict, dotAdd_add_2_predict];
  const hyper = {};
  function step(batch, count = 32) {
    checkCount(count, 32);
    feed(x, batch["x"], 784, count, "x");
    feedLabels(y, batch["y"], 1, count, "y", 10);
    live_rows[0] = count;
    stepCount[0] = stepCount[0] + 1 | 0;
    dotRelu_relu();
    dotAdd_add_2();
    const cast = live_rows[0];
    const perRow = Math.fround(1 / cast);
    d_rowSum[0] = perRow;
    reduceMaxExpSumAdd_d_shifted();
    sumSgd_b2();
    const mul = Math.fround(rowSum[0] * perRow);
    dotWhere_d_add();
    dotSgd_W2();
    sumSgd_b1();
    dotSgd_W1();
    return mul;
  }
  function evaluate(batch, count = 32) {
    checkCount(count, 32);
    feed(x_evaluate, batch["x"], 784, count, "x");
    feedLabels(y_evaluate, batch["y"], 1, count, "y", 10);
    live_rows_evaluate[0] = count;
    dotRelu_relu_evaluate();
    dotAdd_add_2_evaluate();
    reduceMaxSum_rowSum_evaluate();
    const cast = live_rows_evaluate[0];
    const perRow = 1 / cast;
    const mul = Math.fround(rowSum_evaluate[0] * perRow);
    return { loss: mul * count, count };
  }
  const outputs = { scores: add_2_predict };
  function predict(batch) {
    const count = 1;
    feed(x_predict, batch["x"], 784, count, "x");
    dotRelu_relu_predict();
    dotAdd_add_2_predict();
    return outputs;
  }
  function bytes() {
    const packed = new Uint8Array(407084);
    let at = 0;
    for (const { shape, offset } of [...PARAMETERS, ...STATE]) {
      const length = shape.reduce((n, extent) => n * extent, 1) * 4;
      packed.set(new Uint8Array(arena, offset, length), at);
      at += length;
    }
    return packed;
  }
  function restore(packed) {
    if (packed.length !== 407084)
      throw new RangeError(
        `restore: needs 407084 bytes, but got ${packed.length}; they belong to another model`
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
    batch: { train: 32, evaluate: 32, predict: 1 },
    inputs: { x, y },
    parameters: { W1, b1, W2, b2 },
    state: { stepCount },
    hyper,
    get stepCount() {
      return stepCount[0];
    },
    bytes,
    restore
  };
}
function dotRelu_32x784x128(x_, W1_, b1_, relu_) {
  function block(i, j) {
    i &= 31;
    j &= 127;
    const x = x_;
    const W1 = W1_;
    const b1 = b1_;
    const relu = relu_;
    let sum00 = 0;
    let sum01 = 0;
    let sum02 = 0;
    let sum10 = 0;
    let sum11 = 0;
    let sum12 = 0;
    for (let k = 0; k < 784; k += 4) {
      {
        const x_0 = x[i * 784 + k];
        const W1_0 = W1[k * 128 + j];
        const W1_1 = W1[k * 128 + j + 1];
        const W1_2 = W1[k * 128 + j + 2];
        const x_1 = x[i * 784 + k + 784];
        sum00 += x_0 * W1_0;
        sum01 += x_0 * W1_1;
        sum02 += x_0 * W1_2;
        sum10 += x_1 * W1_0;
        sum11 += x_1 * W1_1;
        sum12 += x_1 * W1_2;
      }
      if (k + 1 === 784) break;
      {
        const x_0 = x[i * 784 + k + 1];
        const W1_0 = W1[k * 128 + j + 128];
        const W1_1 = W1[k * 128 + j + 129];
        const W1_2 = W1[k * 128 + j + 130];
        const x_1 = x[i * 784 + k + 785];
        sum00 += x_0 * W1_0;
        sum01 += x_0 * W1_1;
        sum02 += x_0 * W1_2;
        sum10 += x_1 * W1_0;
        sum11 += x_1 * W1_1;
        sum12 += x_1 * W1_2;
      }
      if (k + 2 === 784) break;
      {
        const x_0 = x[i * 784 + k + 2];
        const W1_0 = W1[k * 128 + j + 256];
        const W1_1 = W1[k * 128 + j + 257];
        const W1_2 = W1[k * 128 + j + 258];
        const x_1 = x[i * 784 + k + 786];
        sum00 += x_0 * W1_0;
        sum01 += x_0 * W1_1;
        sum02 += x_0 * W1_2;
        sum10 += x_1 * W1_0;
        sum11 += x_1 * W1_1;
        sum12 += x_1 * W1_2;
      }
      if (k + 3 === 784) break;
      {
        const x_0 = x[i * 784 + k + 3];
        const W1_0 = W1[k * 128 + j + 384];
        const W1_1 = W1[k * 128 + j + 385];
        const W1_2 = W1[k * 128 + j + 386];
        const x_1 = x[i * 784 + k + 787];
        sum00 += x_0 * W1_0;
        sum01 += x_0 * W1_1;
        sum02 += x_0 * W1_2;
        sum10 += x_1 * W1_0;
        sum11 += x_1 * W1_1;
        sum12 += x_1 * W1_2;
      }
    }
    const dot00 = Math.fround(sum00);
    const dot01 = Math.fround(sum01);
    const dot02 = Math.fround(sum02);
    const dot10 = Math.fround(sum10);
    const dot11 = Math.fround(sum11);
    const dot12 = Math.fround(sum12);
    const b1_0 = b1[j];
    const add_0 = dot00 + b1_0;
    const b1_1 = b1[j + 1];
    const add_1 = dot01 + b1_1;
    const b1_2 = b1[j + 2];
    const add_2 = dot02 + b1_2;
    const add_3 = dot10 + b1_0;
    const add_4 = dot11 + b1_1;
    const add_5 = dot12 + b1_2;
    relu[i * 128 + j] = add_0 < 0 ? 0 : add_0;
    relu[i * 128 + j + 1] = add_1 < 0 ? 0 : add_1;
    relu[i * 128 + j + 2] = add_2 < 0 ? 0 : add_2;
    relu[i * 128 + j + 128] = add_3 < 0 ? 0 : add_3;
    relu[i * 128 + j + 129] = add_4 < 0 ? 0 : add_4;
    relu[i * 128 + j + 130] = add_5 < 0 ? 0 : add_5;
  }
  return function dotRelu_32x784x1282() {
    const x = x_;
    const W1 = W1_;
    const b1 = b1_;
    const relu = relu_;
    for (let i = 0; i < 32; i += 2) {
      for (let j = 0; j < 126; j += 3) {
        block(i, j);
      }
      let sum00_2 = 0;
      let sum01_2 = 0;
      let sum10_2 = 0;
      let sum11_2 = 0;
      for (let k = 0; k < 784; k++) {
        const x_2 = x[i * 784 + k];
        const W1_3 = W1[k * 128 + 126];
        const W1_4 = W1[k * 128 + 127];
        const x_3 = x[i * 784 + k + 784];
        sum00_2 += x_2 * W1_3;
        sum01_2 += x_2 * W1_4;
        sum10_2 += x_3 * W1_3;
        sum11_2 += x_3 * W1_4;
      }
      const dot00_2 = Math.fround(sum00_2);
      const dot01_2 = Math.fround(sum01_2);
      const dot10_2 = Math.fround(sum10_2);
      const dot11_2 = Math.fround(sum11_2);
      const b1_3 = b1[126];
      const add_6 = dot00_2 + b1_3;
      const b1_4 = b1[127];
      const add_7 = dot01_2 + b1_4;
      const add_8 = dot10_2 + b1_3;
      const add_9 = dot11_2 + b1_4;
      relu[i * 128 + 126] = add_6 < 0 ? 0 : add_6;
      relu[i * 128 + 127] = add_7 < 0 ? 0 : add_7;
      relu[i * 128 + 254] = add_8 < 0 ? 0 : add_8;
      relu[i * 128 + 255] = add_9 < 0 ? 0 : add_9;
    }
  };
}
function dotAdd_32x128x10(relu_, W2_, b2_, add_2_) {
  return function dotAdd_32x128x102() {
    const relu = relu_;
    const W2 = W2_;
    const b2 = b2_;
    const add_2 = add_2_;
    for (let i = 0; i < 30; i += 3) {
      for (let j = 0; j < 10; j += 2) {
        let sum00 = 0;
        let sum01 = 0;
        let sum10 = 0;
        let sum11 = 0;
        let sum20 = 0;
        let sum21 = 0;
        for (let k = 0; k < 128; k += 4) {
          {
            const relu_0 = relu[i * 128 + k];
            const W2_0 = W2[k * 10 + j];
            const W2_1 = W2[k * 10 + j + 1];
            const relu_1 = relu[i * 128 + k + 128];
            const relu_2 = relu[i * 128 + k + 256];
            sum00 += relu_0 * W2_0;
            sum01 += relu_0 * W2_1;
            sum10 += relu_1 * W2_0;
            sum11 += relu_1 * W2_1;
            sum20 += relu_2 * W2_0;
            sum21 += relu_2 * W2_1;
          }
          if (k + 1 === 128) break;
          {
            const relu_0 = relu[i * 128 + k + 1];
            const W2_0 = W2[k * 10 + j + 10];
            const W2_1 = W2[k * 10 + j + 11];
            const relu_1 = relu[i * 128 + k + 129];
            const relu_2 = relu[i * 128 + k + 257];
            sum00 += relu_0 * W2_0;
            sum01 += relu_0 * W2_1;
            sum10 += relu_1 * W2_0;
            sum11 += relu_1 * W2_1;
            sum20 += relu_2 * W2_0;
            sum21 += relu_2 * W2_1;
          }
          if (k + 2 === 128) break;
          {
            const relu_0 = relu[i * 128 + k + 2];
            const W2_0 = W2[k * 10 + j + 20];
            const W2_1 = W2[k * 10 + j + 21];
            const relu_1 = relu[i * 128 + k + 130];
            const relu_2 = relu[i * 128 + k + 258];
            sum00 += relu_0 * W2_0;
            sum01 += relu_0 * W2_1;
            sum10 += relu_1 * W2_0;
            sum11 += relu_1 * W2_1;
            sum20 += relu_2 * W2_0;
            sum21 += relu_2 * W2_1;
          }
          if (k + 3 === 128) break;
          {
            const relu_0 = relu[i * 128 + k + 3];
            const W2_0 = W2[k * 10 + j + 30];
            const W2_1 = W2[k * 10 + j + 31];
            const relu_1 = relu[i * 128 + k + 131];
            const relu_2 = relu[i * 128 + k + 259];
            sum00 += relu_0 * W2_0;
            sum01 += relu_0 * W2_1;
            sum10 += relu_1 * W2_0;
            sum11 += relu_1 * W2_1;
            sum20 += relu_2 * W2_0;
            sum21 += relu_2 * W2_1;
          }
        }
        const dot_2_00 = Math.fround(sum00);
        const dot_2_01 = Math.fround(sum01);
        const dot_2_10 = Math.fround(sum10);
        const dot_2_11 = Math.fround(sum11);
        const dot_2_20 = Math.fround(sum20);
        const dot_2_21 = Math.fround(sum21);
        const b2_0 = b2[j];
        const b2_1 = b2[j + 1];
        add_2[i * 10 + j] = dot_2_00 + b2_0;
        add_2[i * 10 + j + 1] = dot_2_01 + b2_1;
        add_2[i * 10 + j + 10] = dot_2_10 + b2_0;
        add_2[i * 10 + j + 11] = dot_2_11 + b2_1;
        add_2[i * 10 + j + 20] = dot_2_20 + b2_0;
        add_2[i * 10 + j + 21] = dot_2_21 + b2_1;
      }
    }
    for (let j = 0; j < 10; j += 2) {
      let sum00_2 = 0;
      let sum01_2 = 0;
      let sum10_2 = 0;
      let sum11_2 = 0;
      for (let k = 0; k < 128; k++) {
        const relu_3 = relu[k + 3840];
        const W2_2 = W2[k * 10 + j];
        const W2_3 = W2[k * 10 + j + 1];
        const relu_4 = relu[k + 3968];
        sum00_2 += relu_3 * W2_2;
        sum01_2 += relu_3 * W2_3;
        sum10_2 += relu_4 * W2_2;
        sum11_2 += relu_4 * W2_3;
      }
      const dot_2_00_2 = Math.fround(sum00_2);
      const dot_2_01_2 = Math.fround(sum01_2);
      const dot_2_10_2 = Math.fround(sum10_2);
      const dot_2_11_2 = Math.fround(sum11_2);
      const b2_2 = b2[j];
      const b2_3 = b2[j + 1];
      add_2[j + 300] = dot_2_00_2 + b2_2;
      add_2[j + 301] = dot_2_01_2 + b2_3;
      add_2[j + 310] = dot_2_10_2 + b2_2;
      add_2[j + 311] = dot_2_11_2 + b2_3;
    }
  };
}
function reduceMaxExpSumAdd_32x10(rowSum_, add_2_, exps_, y_, live_rows_, d_rowSum_, d_shifted_) {
  return function reduceMaxExpSumAdd_32x102() {
    const rowSum = rowSum_;
    const add_2 = add_2_;
    const exps = exps_;
    const y = y_;
    const live_rows = live_rows_;
    const d_rowSum = d_rowSum_;
    const d_shifted = d_shifted_;
    const live_rows_0 = live_rows[0];
    const d_rowSum_0 = d_rowSum[0];
    let total = 0;
    for (let i = 0; i < 32; i++) {
      let max = -Infinity;
      for (let k = 0; k < 10; k++) {
        max = Math.max(max, add_2[i * 10 + k]);
      }
      const largest = max;
      for (let j = 0; j < 10; j++) {
        exps[i * 10 + j] = exp(Math.fround(add_2[i * 10 + j] - largest));
      }
      let sum = 0;
      for (let k = 0; k < 10; k++) {
        sum += exps[i * 10 + k];
      }
      const total_2 = Math.fround(sum);
      const y_0 = y[i];
      let sum_2 = 0;
      for (let k = 0; k < 10; k++) {
        sum_2 += k === y_0 ? Math.fround(add_2[i * 10 + k] - largest) : 0;
      }
      const chosen = Math.fround(sum_2);
      total += i < live_rows_0 ? log(total_2) - chosen : 0;
      const y_1 = y[i];
      const div_0 = (i < live_rows_0 ? d_rowSum_0 : 0) / total_2;
      for (let j = 0; j < 10; j++) {
        d_shifted[i * 10 + j] = (j === y_1 ? -(i < live_rows_0 ? d_rowSum_0 : 0) : 0) + div_0 * exps[i * 10 + j];
      }
    }
    rowSum[0] = total;
  };
}
function sumSgd_32x10(d_shifted_, b2_) {
  return function sumSgd_32x102() {
    const d_shifted = d_shifted_;
    const b2 = b2_;
    for (let i = 0; i < 8; i += 4) {
      let sum0 = 0;
      let sum1 = 0;
      let sum2 = 0;
      let sum3 = 0;
      for (let k = 0; k < 32; k++) {
        const d_shifted_0 = d_shifted[k * 10 + i];
        const d_shifted_1 = d_shifted[k * 10 + i + 1];
        const d_shifted_2 = d_shifted[k * 10 + i + 2];
        const d_shifted_3 = d_shifted[k * 10 + i + 3];
        sum0 += d_shifted_0;
        sum1 += d_shifted_1;
        sum2 += d_shifted_2;
        sum3 += d_shifted_3;
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
    let sum0_2 = 0;
    let sum1_2 = 0;
    for (let k = 0; k < 32; k++) {
      const d_shifted_4 = d_shifted[k * 10 + 8];
      const d_shifted_5 = d_shifted[k * 10 + 9];
      sum0_2 += d_shifted_4;
      sum1_2 += d_shifted_5;
    }
    const d_b2_0_2 = Math.fround(sum0_2);
    const d_b2_1_2 = Math.fround(sum1_2);
    b2[8] = b2[8] - d_b2_0_2 * 0.1;
    b2[9] = b2[9] - d_b2_1_2 * 0.1;
  };
}
function dotWhere_32x10x128(d_shifted_, W2_, relu_, d_add_) {
  return function dotWhere_32x10x1282() {
    const d_shifted = d_shifted_;
    const W2 = W2_;
    const relu = relu_;
    const d_add = d_add_;
    for (let i = 0; i < 32; i += 4) {
      for (let j = 0; j < 128; j += 2) {
        let sum00 = 0;
        let sum01 = 0;
        let sum10 = 0;
        let sum11 = 0;
        let sum20 = 0;
        let sum21 = 0;
        let sum30 = 0;
        let sum31 = 0;
        for (let k = 0; k < 10; k++) {
          const d_shifted_0 = d_shifted[i * 10 + k];
          const W2_0 = W2[j * 10 + k];
          const W2_1 = W2[j * 10 + k + 10];
          const d_shifted_1 = d_shifted[i * 10 + k + 10];
          const d_shifted_2 = d_shifted[i * 10 + k + 20];
          const d_shifted_3 = d_shifted[i * 10 + k + 30];
          sum00 += d_shifted_0 * W2_0;
          sum01 += d_shifted_0 * W2_1;
          sum10 += d_shifted_1 * W2_0;
          sum11 += d_shifted_1 * W2_1;
          sum20 += d_shifted_2 * W2_0;
          sum21 += d_shifted_2 * W2_1;
          sum30 += d_shifted_3 * W2_0;
          sum31 += d_shifted_3 * W2_1;
        }
        const d_relu00 = Math.fround(sum00);
        const d_relu01 = Math.fround(sum01);
        const d_relu10 = Math.fround(sum10);
        const d_relu11 = Math.fround(sum11);
        const d_relu20 = Math.fround(sum20);
        const d_relu21 = Math.fround(sum21);
        const d_relu30 = Math.fround(sum30);
        const d_relu31 = Math.fround(sum31);
        d_add[i * 128 + j] = 0 < relu[i * 128 + j] ? d_relu00 : 0;
        d_add[i * 128 + j + 1] = 0 < relu[i * 128 + j + 1] ? d_relu01 : 0;
        d_add[i * 128 + j + 128] = 0 < relu[i * 128 + j + 128] ? d_relu10 : 0;
        d_add[i * 128 + j + 129] = 0 < relu[i * 128 + j + 129] ? d_relu11 : 0;
        d_add[i * 128 + j + 256] = 0 < relu[i * 128 + j + 256] ? d_relu20 : 0;
        d_add[i * 128 + j + 257] = 0 < relu[i * 128 + j + 257] ? d_relu21 : 0;
        d_add[i * 128 + j + 384] = 0 < relu[i * 128 + j + 384] ? d_relu30 : 0;
        d_add[i * 128 + j + 385] = 0 < relu[i * 128 + j + 385] ? d_relu31 : 0;
      }
    }
  };
}
function dotSgd_128x32x10(relu_, d_shifted_, W2_) {
  return function dotSgd_128x32x102() {
    const relu = relu_;
    const d_shifted = d_shifted_;
    const W2 = W2_;
    for (let i = 0; i < 126; i += 3) {
      for (let j = 0; j < 10; j += 2) {
        let sum00 = 0;
        let sum01 = 0;
        let sum10 = 0;
        let sum11 = 0;
        let sum20 = 0;
        let sum21 = 0;
        for (let k = 0; k < 32; k += 4) {
          {
            const relu_0 = relu[k * 128 + i];
            const d_shifted_0 = d_shifted[k * 10 + j];
            const d_shifted_1 = d_shifted[k * 10 + j + 1];
            const relu_1 = relu[k * 128 + i + 1];
            const relu_2 = relu[k * 128 + i + 2];
            sum00 += relu_0 * d_shifted_0;
            sum01 += relu_0 * d_shifted_1;
            sum10 += relu_1 * d_shifted_0;
            sum11 += relu_1 * d_shifted_1;
            sum20 += relu_2 * d_shifted_0;
            sum21 += relu_2 * d_shifted_1;
          }
          if (k + 1 === 32) break;
          {
            const relu_0 = relu[k * 128 + i + 128];
            const d_shifted_0 = d_shifted[k * 10 + j + 10];
            const d_shifted_1 = d_shifted[k * 10 + j + 11];
            const relu_1 = relu[k * 128 + i + 129];
            const relu_2 = relu[k * 128 + i + 130];
            sum00 += relu_0 * d_shifted_0;
            sum01 += relu_0 * d_shifted_1;
            sum10 += relu_1 * d_shifted_0;
            sum11 += relu_1 * d_shifted_1;
            sum20 += relu_2 * d_shifted_0;
            sum21 += relu_2 * d_shifted_1;
          }
          if (k + 2 === 32) break;
          {
            const relu_0 = relu[k * 128 + i + 256];
            const d_shifted_0 = d_shifted[k * 10 + j + 20];
            const d_shifted_1 = d_shifted[k * 10 + j + 21];
            const relu_1 = relu[k * 128 + i + 257];
            const relu_2 = relu[k * 128 + i + 258];
            sum00 += relu_0 * d_shifted_0;
            sum01 += relu_0 * d_shifted_1;
            sum10 += relu_1 * d_shifted_0;
            sum11 += relu_1 * d_shifted_1;
            sum20 += relu_2 * d_shifted_0;
            sum21 += relu_2 * d_shifted_1;
          }
          if (k + 3 === 32) break;
          {
            const relu_0 = relu[k * 128 + i + 384];
            const d_shifted_0 = d_shifted[k * 10 + j + 30];
            const d_shifted_1 = d_shifted[k * 10 + j + 31];
            const relu_1 = relu[k * 128 + i + 385];
            const relu_2 = relu[k * 128 + i + 386];
            sum00 += relu_0 * d_shifted_0;
            sum01 += relu_0 * d_shifted_1;
            sum10 += relu_1 * d_shifted_0;
            sum11 += relu_1 * d_shifted_1;
            sum20 += relu_2 * d_shifted_0;
            sum21 += relu_2 * d_shifted_1;
          }
        }
        const d_W2_00 = Math.fround(sum00);
        const d_W2_01 = Math.fround(sum01);
        const d_W2_10 = Math.fround(sum10);
        const d_W2_11 = Math.fround(sum11);
        const d_W2_20 = Math.fround(sum20);
        const d_W2_21 = Math.fround(sum21);
        W2[i * 10 + j] = W2[i * 10 + j] - d_W2_00 * 0.1;
        W2[i * 10 + j + 1] = W2[i * 10 + j + 1] - d_W2_01 * 0.1;
        W2[i * 10 + j + 10] = W2[i * 10 + j + 10] - d_W2_10 * 0.1;
        W2[i * 10 + j + 11] = W2[i * 10 + j + 11] - d_W2_11 * 0.1;
        W2[i * 10 + j + 20] = W2[i * 10 + j + 20] - d_W2_20 * 0.1;
        W2[i * 10 + j + 21] = W2[i * 10 + j + 21] - d_W2_21 * 0.1;
      }
    }
    for (let j = 0; j < 10; j += 2) {
      let sum00_2 = 0;
      let sum01_2 = 0;
      let sum10_2 = 0;
      let sum11_2 = 0;
      for (let k = 0; k < 32; k++) {
        const relu_3 = relu[k * 128 + 126];
        const d_shifted_2 = d_shifted[k * 10 + j];
        const d_shifted_3 = d_shifted[k * 10 + j + 1];
        const relu_4 = relu[k * 128 + 127];
        sum00_2 += relu_3 * d_shifted_2;
        sum01_2 += relu_3 * d_shifted_3;
        sum10_2 += relu_4 * d_shifted_2;
        sum11_2 += relu_4 * d_shifted_3;
      }
      const d_W2_00_2 = Math.fround(sum00_2);
      const d_W2_01_2 = Math.fround(sum01_2);
      const d_W2_10_2 = Math.fround(sum10_2);
      const d_W2_11_2 = Math.fround(sum11_2);
      W2[j + 1260] = W2[j + 1260] - d_W2_00_2 * 0.1;
      W2[j + 1261] = W2[j + 1261] - d_W2_01_2 * 0.1;
      W2[j + 1270] = W2[j + 1270] - d_W2_10_2 * 0.1;
      W2[j + 1271] = W2[j + 1271] - d_W2_11_2 * 0.1;
    }
  };
}
function sumSgd_32x128(d_add_, b1_) {
  return function sumSgd_32x1282() {
    const d_add = d_add_;
    const b1 = b1_;
    for (let i = 0; i < 128; i += 4) {
      let sum0 = 0;
      let sum1 = 0;
      let sum2 = 0;
      let sum3 = 0;
      for (let k = 0; k < 32; k++) {
        const d_add_0 = d_add[k * 128 + i];
        const d_add_1 = d_add[k * 128 + i + 1];
        const d_add_2 = d_add[k * 128 + i + 2];
        const d_add_3 = d_add[k * 128 + i + 3];
        sum0 += d_add_0;
        sum1 += d_add_1;
        sum2 += d_add_2;
        sum3 += d_add_3;
      }
      const d_b1_0 = Math.fround(sum0);
      const d_b1_1 = Math.fround(sum1);
      const d_b1_2 = Math.fround(sum2);
      const d_b1_3 = Math.fround(sum3);
      b1[i] = b1[i] - d_b1_0 * 0.1;
      b1[i + 1] = b1[i + 1] - d_b1_1 * 0.1;
      b1[i + 2] = b1[i + 2] - d_b1_2 * 0.1;
      b1[i + 3] = b1[i + 3] - d_b1_3 * 0.1;
    }
  };
}
function dotSgd_784x32x128(x_, d_add_, W1_) {
  function block(i) {
    i &= 1023;
    const x = x_;
    const d_add = d_add_;
    const W1 = W1_;
    for (let j = 0; j < 128; j += 2) {
      let sum00 = 0;
      let sum01 = 0;
      let sum10 = 0;
      let sum11 = 0;
      let sum20 = 0;
      let sum21 = 0;
      for (let k = 0; k < 32; k += 4) {
        {
          const x_0 = x[k * 784 + i];
          const d_add_0 = d_add[k * 128 + j];
          const d_add_1 = d_add[k * 128 + j + 1];
          const x_1 = x[k * 784 + i + 1];
          const x_2 = x[k * 784 + i + 2];
          sum00 += x_0 * d_add_0;
          sum01 += x_0 * d_add_1;
          sum10 += x_1 * d_add_0;
          sum11 += x_1 * d_add_1;
          sum20 += x_2 * d_add_0;
          sum21 += x_2 * d_add_1;
        }
        if (k + 1 === 32) break;
        {
          const x_0 = x[k * 784 + i + 784];
          const d_add_0 = d_add[k * 128 + j + 128];
          const d_add_1 = d_add[k * 128 + j + 129];
          const x_1 = x[k * 784 + i + 785];
          const x_2 = x[k * 784 + i + 786];
          sum00 += x_0 * d_add_0;
          sum01 += x_0 * d_add_1;
          sum10 += x_1 * d_add_0;
          sum11 += x_1 * d_add_1;
          sum20 += x_2 * d_add_0;
          sum21 += x_2 * d_add_1;
        }
        if (k + 2 === 32) break;
        {
          const x_0 = x[k * 784 + i + 1568];
          const d_add_0 = d_add[k * 128 + j + 256];
          const d_add_1 = d_add[k * 128 + j + 257];
          const x_1 = x[k * 784 + i + 1569];
          const x_2 = x[k * 784 + i + 1570];
          sum00 += x_0 * d_add_0;
          sum01 += x_0 * d_add_1;
          sum10 += x_1 * d_add_0;
          sum11 += x_1 * d_add_1;
          sum20 += x_2 * d_add_0;
          sum21 += x_2 * d_add_1;
        }
        if (k + 3 === 32) break;
        {
          const x_0 = x[k * 784 + i + 2352];
          const d_add_0 = d_add[k * 128 + j + 384];
          const d_add_1 = d_add[k * 128 + j + 385];
          const x_1 = x[k * 784 + i + 2353];
          const x_2 = x[k * 784 + i + 2354];
          sum00 += x_0 * d_add_0;
          sum01 += x_0 * d_add_1;
          sum10 += x_1 * d_add_0;
          sum11 += x_1 * d_add_1;
          sum20 += x_2 * d_add_0;
          sum21 += x_2 * d_add_1;
        }
      }
      const d_W1_00 = Math.fround(sum00);
      const d_W1_01 = Math.fround(sum01);
      const d_W1_10 = Math.fround(sum10);
      const d_W1_11 = Math.fround(sum11);
      const d_W1_20 = Math.fround(sum20);
      const d_W1_21 = Math.fround(sum21);
      W1[i * 128 + j] = W1[i * 128 + j] - d_W1_00 * 0.1;
      W1[i * 128 + j + 1] = W1[i * 128 + j + 1] - d_W1_01 * 0.1;
      W1[i * 128 + j + 128] = W1[i * 128 + j + 128] - d_W1_10 * 0.1;
      W1[i * 128 + j + 129] = W1[i * 128 + j + 129] - d_W1_11 * 0.1;
      W1[i * 128 + j + 256] = W1[i * 128 + j + 256] - d_W1_20 * 0.1;
      W1[i * 128 + j + 257] = W1[i * 128 + j + 257] - d_W1_21 * 0.1;
    }
  }
  return function dotSgd_784x32x1282() {
    const x = x_;
    const d_add = d_add_;
    const W1 = W1_;
    for (let i = 0; i < 783; i += 3) {
      block(i);
    }
    for (let j = 0; j < 128; j += 2) {
      let sum0 = 0;
      let sum1 = 0;
      for (let k = 0; k < 32; k++) {
        const x_3 = x[k * 784 + 783];
        const d_add_2 = d_add[k * 128 + j];
        const d_add_3 = d_add[k * 128 + j + 1];
        sum0 += x_3 * d_add_2;
        sum1 += x_3 * d_add_3;
      }
      const d_W1_0 = Math.fround(sum0);
      const d_W1_1 = Math.fround(sum1);
      W1[j + 100224] = W1[j + 100224] - d_W1_0 * 0.1;
      W1[j + 100225] = W1[j + 100225] - d_W1_1 * 0.1;
    }
  };
}
function dotRelu_32x784x128_evaluate(x_, W1_, b1_, relu_) {
  function block(i, j) {
    i &= 31;
    j &= 127;
    const x = x_;
    const W1 = W1_;
    const b1 = b1_;
    const relu = relu_;
    let sum00 = 0;
    let sum01 = 0;
    let sum02 = 0;
    let sum10 = 0;
    let sum11 = 0;
    let sum12 = 0;
    for (let k = 0; k < 784; k += 4) {
      {
        const x_0 = x[i * 784 + k];
        const W1_0 = W1[k * 128 + j];
        const W1_1 = W1[k * 128 + j + 1];
        const W1_2 = W1[k * 128 + j + 2];
        const x_1 = x[i * 784 + k + 784];
        sum00 += x_0 * W1_0;
        sum01 += x_0 * W1_1;
        sum02 += x_0 * W1_2;
        sum10 += x_1 * W1_0;
        sum11 += x_1 * W1_1;
        sum12 += x_1 * W1_2;
      }
      if (k + 1 === 784) break;
      {
        const x_0 = x[i * 784 + k + 1];
        const W1_0 = W1[k * 128 + j + 128];
        const W1_1 = W1[k * 128 + j + 129];
        const W1_2 = W1[k * 128 + j + 130];
        const x_1 = x[i * 784 + k + 785];
        sum00 += x_0 * W1_0;
        sum01 += x_0 * W1_1;
        sum02 += x_0 * W1_2;
        sum10 += x_1 * W1_0;
        sum11 += x_1 * W1_1;
        sum12 += x_1 * W1_2;
      }
      if (k + 2 === 784) break;
      {
        const x_0 = x[i * 784 + k + 2];
        const W1_0 = W1[k * 128 + j + 256];
        const W1_1 = W1[k * 128 + j + 257];
        const W1_2 = W1[k * 128 + j + 258];
        const x_1 = x[i * 784 + k + 786];
        sum00 += x_0 * W1_0;
        sum01 += x_0 * W1_1;
        sum02 += x_0 * W1_2;
        sum10 += x_1 * W1_0;
        sum11 += x_1 * W1_1;
        sum12 += x_1 * W1_2;
      }
      if (k + 3 === 784) break;
      {
        const x_0 = x[i * 784 + k + 3];
        const W1_0 = W1[k * 128 + j + 384];
        const W1_1 = W1[k * 128 + j + 385];
        const W1_2 = W1[k * 128 + j + 386];
        const x_1 = x[i * 784 + k + 787];
        sum00 += x_0 * W1_0;
        sum01 += x_0 * W1_1;
        sum02 += x_0 * W1_2;
        sum10 += x_1 * W1_0;
        sum11 += x_1 * W1_1;
        sum12 += x_1 * W1_2;
      }
    }
    const dot00 = Math.fround(sum00);
    const dot01 = Math.fround(sum01);
    const dot02 = Math.fround(sum02);
    const dot10 = Math.fround(sum10);
    const dot11 = Math.fround(sum11);
    const dot12 = Math.fround(sum12);
    const b1_0 = b1[j];
    const add_0 = dot00 + b1_0;
    const b1_1 = b1[j + 1];
    const add_1 = dot01 + b1_1;
    const b1_2 = b1[j + 2];
    const add_2 = dot02 + b1_2;
    const add_3 = dot10 + b1_0;
    const add_4 = dot11 + b1_1;
    const add_5 = dot12 + b1_2;
    relu[i * 128 + j] = add_0 < 0 ? 0 : add_0;
    relu[i * 128 + j + 1] = add_1 < 0 ? 0 : add_1;
    relu[i * 128 + j + 2] = add_2 < 0 ? 0 : add_2;
    relu[i * 128 + j + 128] = add_3 < 0 ? 0 : add_3;
    relu[i * 128 + j + 129] = add_4 < 0 ? 0 : add_4;
    relu[i * 128 + j + 130] = add_5 < 0 ? 0 : add_5;
  }
  return function dotRelu_32x784x128_evaluate2() {
    const x = x_;
    const W1 = W1_;
    const b1 = b1_;
    const relu = relu_;
    for (let i = 0; i < 32; i += 2) {
      for (let j = 0; j < 126; j += 3) {
        block(i, j);
      }
      let sum00_2 = 0;
      let sum01_2 = 0;
      let sum10_2 = 0;
      let sum11_2 = 0;
      for (let k = 0; k < 784; k++) {
        const x_2 = x[i * 784 + k];
        const W1_3 = W1[k * 128 + 126];
        const W1_4 = W1[k * 128 + 127];
        const x_3 = x[i * 784 + k + 784];
        sum00_2 += x_2 * W1_3;
        sum01_2 += x_2 * W1_4;
        sum10_2 += x_3 * W1_3;
        sum11_2 += x_3 * W1_4;
      }
      const dot00_2 = Math.fround(sum00_2);
      const dot01_2 = Math.fround(sum01_2);
      const dot10_2 = Math.fround(sum10_2);
      const dot11_2 = Math.fround(sum11_2);
      const b1_3 = b1[126];
      const add_6 = dot00_2 + b1_3;
      const b1_4 = b1[127];
      const add_7 = dot01_2 + b1_4;
      const add_8 = dot10_2 + b1_3;
      const add_9 = dot11_2 + b1_4;
      relu[i * 128 + 126] = add_6 < 0 ? 0 : add_6;
      relu[i * 128 + 127] = add_7 < 0 ? 0 : add_7;
      relu[i * 128 + 254] = add_8 < 0 ? 0 : add_8;
      relu[i * 128 + 255] = add_9 < 0 ? 0 : add_9;
    }
  };
}
function dotAdd_32x128x10_evaluate(relu_, W2_, b2_, add_2_) {
  return function dotAdd_32x128x10_evaluate2() {
    const relu = relu_;
    const W2 = W2_;
    const b2 = b2_;
    const add_2 = add_2_;
    for (let i = 0; i < 30; i += 3) {
      for (let j = 0; j < 10; j += 2) {
        let sum00 = 0;
        let sum01 = 0;
        let sum10 = 0;
        let sum11 = 0;
        let sum20 = 0;
        let sum21 = 0;
        for (let k = 0; k < 128; k += 4) {
          {
            const relu_0 = relu[i * 128 + k];
            const W2_0 = W2[k * 10 + j];
            const W2_1 = W2[k * 10 + j + 1];
            const relu_1 = relu[i * 128 + k + 128];
            const relu_2 = relu[i * 128 + k + 256];
            sum00 += relu_0 * W2_0;
            sum01 += relu_0 * W2_1;
            sum10 += relu_1 * W2_0;
            sum11 += relu_1 * W2_1;
            sum20 += relu_2 * W2_0;
            sum21 += relu_2 * W2_1;
          }
          if (k + 1 === 128) break;
          {
            const relu_0 = relu[i * 128 + k + 1];
            const W2_0 = W2[k * 10 + j + 10];
            const W2_1 = W2[k * 10 + j + 11];
            const relu_1 = relu[i * 128 + k + 129];
            const relu_2 = relu[i * 128 + k + 257];
            sum00 += relu_0 * W2_0;
            sum01 += relu_0 * W2_1;
            sum10 += relu_1 * W2_0;
            sum11 += relu_1 * W2_1;
            sum20 += relu_2 * W2_0;
            sum21 += relu_2 * W2_1;
          }
          if (k + 2 === 128) break;
          {
            const relu_0 = relu[i * 128 + k + 2];
            const W2_0 = W2[k * 10 + j + 20];
            const W2_1 = W2[k * 10 + j + 21];
            const relu_1 = relu[i * 128 + k + 130];
            const relu_2 = relu[i * 128 + k + 258];
            sum00 += relu_0 * W2_0;
            sum01 += relu_0 * W2_1;
            sum10 += relu_1 * W2_0;
            sum11 += relu_1 * W2_1;
            sum20 += relu_2 * W2_0;
            sum21 += relu_2 * W2_1;
          }
          if (k + 3 === 128) break;
          {
            const relu_0 = relu[i * 128 + k + 3];
            const W2_0 = W2[k * 10 + j + 30];
            const W2_1 = W2[k * 10 + j + 31];
            const relu_1 = relu[i * 128 + k + 131];
            const relu_2 = relu[i * 128 + k + 259];
            sum00 += relu_0 * W2_0;
            sum01 += relu_0 * W2_1;
            sum10 += relu_1 * W2_0;
            sum11 += relu_1 * W2_1;
            sum20 += relu_2 * W2_0;
            sum21 += relu_2 * W2_1;
          }
        }
        const dot_2_00 = Math.fround(sum00);
        const dot_2_01 = Math.fround(sum01);
        const dot_2_10 = Math.fround(sum10);
        const dot_2_11 = Math.fround(sum11);
        const dot_2_20 = Math.fround(sum20);
        const dot_2_21 = Math.fround(sum21);
        const b2_0 = b2[j];
        const b2_1 = b2[j + 1];
        add_2[i * 10 + j] = dot_2_00 + b2_0;
        add_2[i * 10 + j + 1] = dot_2_01 + b2_1;
        add_2[i * 10 + j + 10] = dot_2_10 + b2_0;
        add_2[i * 10 + j + 11] = dot_2_11 + b2_1;
        add_2[i * 10 + j + 20] = dot_2_20 + b2_0;
        add_2[i * 10 + j + 21] = dot_2_21 + b2_1;
      }
    }
    for (let j = 0; j < 10; j += 2) {
      let sum00_2 = 0;
      let sum01_2 = 0;
      let sum10_2 = 0;
      let sum11_2 = 0;
      for (let k = 0; k < 128; k++) {
        const relu_3 = relu[k + 3840];
        const W2_2 = W2[k * 10 + j];
        const W2_3 = W2[k * 10 + j + 1];
        const relu_4 = relu[k + 3968];
        sum00_2 += relu_3 * W2_2;
        sum01_2 += relu_3 * W2_3;
        sum10_2 += relu_4 * W2_2;
        sum11_2 += relu_4 * W2_3;
      }
      const dot_2_00_2 = Math.fround(sum00_2);
      const dot_2_01_2 = Math.fround(sum01_2);
      const dot_2_10_2 = Math.fround(sum10_2);
      const dot_2_11_2 = Math.fround(sum11_2);
      const b2_2 = b2[j];
      const b2_3 = b2[j + 1];
      add_2[j + 300] = dot_2_00_2 + b2_2;
      add_2[j + 301] = dot_2_01_2 + b2_3;
      add_2[j + 310] = dot_2_10_2 + b2_2;
      add_2[j + 311] = dot_2_11_2 + b2_3;
    }
  };
}
function reduceMaxSum_10x32_evaluate(rowSum_, add_2_, y_, live_rows_) {
  return function reduceMaxSum_10x32_evaluate2() {
    const rowSum = rowSum_;
    const add_2 = add_2_;
    const y = y_;
    const live_rows = live_rows_;
    const live_rows_0 = live_rows[0];
    let total = 0;
    for (let i = 0; i < 32; i++) {
      let max = -Infinity;
      for (let k = 0; k < 10; k++) {
        max = Math.max(max, add_2[i * 10 + k]);
      }
      const largest = max;
      let sum = 0;
      for (let k = 0; k < 10; k++) {
        sum += exp(Math.fround(add_2[i * 10 + k] - largest));
      }
      const total_2 = Math.fround(sum);
      const y_0 = y[i];
      let sum_2 = 0;
      for (let k = 0; k < 10; k++) {
        sum_2 += k === y_0 ? Math.fround(add_2[i * 10 + k] - largest) : 0;
      }
      const chosen = Math.fround(sum_2);
      total += i < live_rows_0 ? log(total_2) - chosen : 0;
    }
    rowSum[0] = total;
  };
}
function dotRelu_1x784x128_predict(x_, W1_, b1_, relu_) {
  return function dotRelu_1x784x128_predict2() {
    const x = x_;
    const W1 = W1_;
    const b1 = b1_;
    const relu = relu_;
    for (let j = 0; j < 128; j += 4) {
      let sum0 = 0;
      let sum1 = 0;
      let sum2 = 0;
      let sum3 = 0;
      for (let k = 0; k < 784; k++) {
        const x_0 = x[k];
        const W1_0 = W1[k * 128 + j];
        const W1_1 = W1[k * 128 + j + 1];
        const W1_2 = W1[k * 128 + j + 2];
        const W1_3 = W1[k * 128 + j + 3];
        sum0 += x_0 * W1_0;
        sum1 += x_0 * W1_1;
        sum2 += x_0 * W1_2;
        sum3 += x_0 * W1_3;
      }
      const dot0 = Math.fround(sum0);
      const dot1 = Math.fround(sum1);
      const dot2 = Math.fround(sum2);
      const dot3 = Math.fround(sum3);
      const b1_0 = b1[j];
      const add_0 = dot0 + b1_0;
      const b1_1 = b1[j + 1];
      const add_1 = dot1 + b1_1;
      const b1_2 = b1[j + 2];
      const add_2 = dot2 + b1_2;
      const b1_3 = b1[j + 3];
      const add_3 = dot3 + b1_3;
      relu[j] = add_0 < 0 ? 0 : add_0;
      relu[j + 1] = add_1 < 0 ? 0 : add_1;
      relu[j + 2] = add_2 < 0 ? 0 : add_2;
      relu[j + 3] = add_3 < 0 ? 0 : add_3;
    }
  };
}
function dotAdd_1x128x10_predict(relu_, W2_, b2_, add_2_) {
  return function dotAdd_1x128x10_predict2() {
    const relu = relu_;
    const W2 = W2_;
    const b2 = b2_;
    const add_2 = add_2_;
    for (let j = 0; j < 8; j += 4) {
      let sum0 = 0;
      let sum1 = 0;
      let sum2 = 0;
      let sum3 = 0;
      for (let k = 0; k < 128; k++) {
        const relu_0 = relu[k];
        const W2_0 = W2[k * 10 + j];
        const W2_1 = W2[k * 10 + j + 1];
        const W2_2 = W2[k * 10 + j + 2];
        const W2_3 = W2[k * 10 + j + 3];
        sum0 += relu_0 * W2_0;
        sum1 += relu_0 * W2_1;
        sum2 += relu_0 * W2_2;
        sum3 += relu_0 * W2_3;
      }
      const dot_2_0 = Math.fround(sum0);
      const dot_2_1 = Math.fround(sum1);
      const dot_2_2 = Math.fround(sum2);
      const dot_2_3 = Math.fround(sum3);
      add_2[j] = dot_2_0 + b2[j];
      add_2[j + 1] = dot_2_1 + b2[j + 1];
      add_2[j + 2] = dot_2_2 + b2[j + 2];
      add_2[j + 3] = dot_2_3 + b2[j + 3];
    }
    let sum0_2 = 0;
    let sum1_2 = 0;
    for (let k = 0; k < 128; k++) {
      const relu_1 = relu[k];
      const W2_4 = W2[k * 10 + 8];
      const W2_5 = W2[k * 10 + 9];
      sum0_2 += relu_1 * W2_4;
      sum1_2 += relu_1 * W2_5;
    }
    const dot_2_0_2 = Math.fround(sum0_2);
    const dot_2_1_2 = Math.fround(sum1_2);
    add_2[8] = dot_2_0_2 + b2[8];
    add_2[9] = dot_2_1_2 + b2[9];
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
function feedLabels(slot, given, perRow, count, name, classes) {
  checkLength(slot.length, given, perRow, count, name);
  const used = perRow > 0 ? count * perRow : slot.length;
  for (let n = 0; n < used; n++) {
    const label = given[n];
    if (!(label >= 0 && label < classes))
      throw new RangeError(
        `${name}[${n}] is ${label}, but labels are whole numbers from 0 to ${classes - 1}`
      );
  }
  slot.set(given);
  slot.fill(0, used);
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
function exp(x) {
  const c = x < -708 ? -708 : x > 710 ? 710 : x;
  const k = Math.floor(c * 46.16624130844683 + 0.5);
  const r = c - k * 0.02166084939249829;
  const p = 1 + r + r * r * (0.5000040449669128 + r * 0.16666680093392572);
  const i = k | 0;
  const value = p * (rootsOfTwo[i & 31] * powersOfTwo[(i >> 5) + 1023]);
  return x < -708 ? 0 : value;
}
const doubleBits = new Float64Array([1]);
const doubleHalves = new Int32Array(doubleBits.buffer);
const highHalf = doubleHalves[0] === 0 ? 1 : 0;
function log(x) {
  const limit = x < 0 ? notANumber : x === 0 ? minusInfinity : x;
  const normal = x < 22250738585072014e-324 ? x * 18014398509481984 : x;
  doubleBits[0] = normal;
  const k = doubleHalves[highHalf] - 1072079006 >> 20;
  const f = normal * 0.5 * powersOfTwo[1024 - k] - 1;
  const s = f / (f + 2);
  const z = s * s;
  const high = 0.14286054114806426 + z * (0.11088113234273762 + z * 0.0979181123049867);
  const p = z * (0.3333333333788696 + z * (0.19999997815413015 + z * high));
  const value = (normal === x ? k : k - 54) * 0.6931471805599453 + 2 * (s + s * p);
  return x > 0 && x <= 17976931348623157e292 ? value : limit;
}
const notANumber = NaN;
const minusInfinity = -Infinity;
export {
  ARENA_BYTES,
  GRAPH,
  MODEL,
  PARAMETERS,
  STATE,
  createTrainer
};
