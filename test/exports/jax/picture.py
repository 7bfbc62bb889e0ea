def step(state: State, batch: Batch, count: Count = 4) -> tuple[State, jax.Array]:
    """One step on a batch whose first `count` rows are real: the new state, and the loss before it."""
    x = compute(batch["x"])
    conv2d_kernel = compute(state["conv2d.kernel"])
    conv2d_bias = compute(state["conv2d.bias"])
    random = state["random"]
    dense_kernel = compute(state["dense.kernel"])
    dense_bias = compute(state["dense.bias"])
    y = batch["y"]
    live_rows = jnp.asarray(count, jnp.int32)
    # region forward
    # — conv2d: x ∗ W + b
    # 1. conv2d.product = x ∗ conv2d.kernel    %conv2d.product  conv, jax.test.ts:53
    conv2d_product = lax.conv_general_dilated(x, conv2d_kernel, (1, 1), ((1, 1), (1, 1)))
    # 2. conv2d = conv2d.product + conv2d.bias    %conv2d  add, jax.test.ts:53
    conv2d = conv2d_product + conv2d_bias[:, None, None]
    # — maxPool2d: the largest of each window
    # 3. maxPool2d = max conv2d over windows [1,1,2,2]    %maxPool2d  windowMax, jax.test.ts:53
    maxPool2d = lax.reduce_window(
        conv2d, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), ((0, 0), (0, 0), (0, 0), (0, 0))
    )
    # — dropout: x·mask / (1 − p)
    # 4. random_next = random + 1    %random_next  add, jax.test.ts:53
    random_next = random + 1
    # 5. bits = random bits of random, stream 0    %bits  randomBits, jax.test.ts:53
    bits_ = bits(random, 0, (4, 18))
    # 6. dropout.kept = [0 ≤ bits]    %dropout.kept  le, jax.test.ts:53
    dropout_kept = 0 <= bits_
    # 7. dropout = dropout.kept ? reshape(maxPool2d, [4,18]) ⊙ 2 : 0    %mul, %dropout  where,
    #     jax.test.ts:53
    dropout = jnp.where(dropout_kept, jnp.reshape(maxPool2d, (4, 18)) * 2.0, 0.0)
    # — dense: x·W + b
    # 8. dense.product = dropout · dense.kernel    %dense.product  dot, jax.test.ts:53
    dense_product = dropout @ dense_kernel
    # 9. dense = dense.product + dense.bias    %dense  add, jax.test.ts:53
    dense = dense_product + dense_bias
    # — softmaxCrossEntropy: mean of −log softmax(s)[y]
    # 10. largest = max dense over axes 1    %largest  reduceMax, jax.test.ts:43
    largest = jnp.max(dense, axis=1)
    # 11. shifted = dense − largest    %shifted  sub, jax.test.ts:43
    shifted = dense - largest[:, None]
    # 12. exps = exp(shifted)    %exps  exp, jax.test.ts:43
    exps = jnp.exp(shifted)
    # 13. total = Σ exps over axes 1    %total  sum, jax.test.ts:43
    total = jnp.sum(exps, axis=1)
    # 14. isLabel = [column = y]    %isLabel  eq, jax.test.ts:43
    isLabel = jnp.arange(3, dtype=jnp.int32) == y[:, None]
    # 15. chosen = Σ (isLabel ? shifted : 0) over axes 1    %where, %chosen  sum, jax.test.ts:43
    chosen = jnp.sum(jnp.where(isLabel, shifted, 0.0), axis=1)
    # 16. logTotal = log(total)    %logTotal  log, jax.test.ts:43
    logTotal = jnp.log(total)
    # 17. rowLoss = logTotal − chosen    %rowLoss  sub, jax.test.ts:43
    rowLoss = logTotal - chosen
    # 18. isLive = [row < live rows]    %isLive  lt, jax.test.ts:43
    isLive = jnp.arange(4, dtype=jnp.int32) < live_rows
    # 19. liveRows = isLive ? rowLoss : 0    %liveRows  where, jax.test.ts:43
    liveRows = jnp.where(isLive, rowLoss, 0.0)
    # 20. rowSum = Σ liveRows    %rowSum  sum, jax.test.ts:43
    rowSum = jnp.sum(liveRows, axis=0)
    # 21. perRow = 1 / f32(live rows)    %cast, %perRow  recip, jax.test.ts:43
    perRow = 1.0 / live_rows.astype(FLOAT)
    # 22. mul_2 = rowSum ⊙ perRow    %mul_2  mul, jax.test.ts:43
    mul_2 = rowSum * perRow
    # endregion
    # region backward
    # — adjoint of softmaxCrossEntropy
    # 23. d_rowLoss = isLive ? perRow : 0    %d_rowSum, %d_rowLoss  adjoint of mul (statement 22): d_a
    #     = d_y ⊙ b; where (statement 19): d_a = d_y ⊙ (c ? 1 : 0), jax.test.ts:43
    # d_logTotal = d_rowLoss    %d_logTotal  adjoint of sub (statement 17): d_a = d_y, jax.test.ts:43
    d_rowLoss = jnp.where(isLive, perRow, 0.0)
    # 24. d_shifted = (isLabel ? −d_rowLoss : 0) + d_rowLoss / total ⊙ exps    %d_total…%d_shifted
    #     adjoint of log (statement 16): d_x = d_y / x; exp (statement 12): d_x = d_y ⊙ y; sub
    #     (statement 17): d_b = −d_y; where (statement 15): d_a = d_y ⊙ (c ? 1 : 0); sub (statement
    #     11): d_x = Σ over the uses of x, jax.test.ts:43
    # d_dense, d_broadcast_2, d_dense.product = d_shifted    %d_dense, %d_broadcast_2,
    #     %d_dense.product  adjoint of sub (statement 11): d_a = d_y; add (statement 9): d_b = d_y,
    #     d_a = d_y, jax.test.ts:43, 53
    d_shifted = jnp.where(isLabel, (-d_rowLoss)[:, None], 0.0) + (d_rowLoss / total)[:, None] * exps
    # — adjoint of dense
    # 25. d_dense.bias = Σ d_shifted over axes 0    %d_dense.bias  adjoint of broadcast (statement 9):
    #     d_x = Σ d_y, jax.test.ts:53
    d_dense_bias = jnp.sum(d_shifted, axis=0)
    # 26. d_dense.kernel = dropoutᵀ · d_shifted    %d_dense.kernel  adjoint of dot (statement 8): d_b
    #     = aᵀ·d_y, jax.test.ts:53
    d_dense_kernel = dropout.T @ d_shifted
    # — adjoint of dropout
    # 27. d_dropout = d_shifted · dense.kernelᵀ    %d_dropout  adjoint of dot (statement 8): d_a =
    #     d_y·bᵀ, jax.test.ts:53
    # d_flatten = (dropout.kept ? d_shifted · dense.kernelᵀ : 0) ⊙ 2    %d_mul, %d_flatten  adjoint of
    #     where (statement 7): d_a = d_y ⊙ (c ? 1 : 0); mul (statement 7): d_a = d_y ⊙ b,
    #     jax.test.ts:53
    d_flatten = jnp.where(dropout_kept, d_shifted @ dense_kernel.T, 0.0) * 2.0
    # — adjoint of maxPool2d
    # 28. d_conv2d_windowArgmax = argmax conv2d over windows [1,1,2,2]    %d_conv2d_windowArgmax
    #     adjoint of windowMax (statement 3): d_x = d_y where x was the window's first largest,
    #     jax.test.ts:53
    d_conv2d_windowArgmax = window_argmax(
        conv2d, (1, 1, 2, 2), (1, 1, 2, 2), ((0, 0), (0, 0), (0, 0), (0, 0))
    )
    # — adjoint of flatten
    # 29. d_maxPool2d = reshape(d_flatten, [4,2,3,3])    %d_maxPool2d  adjoint of reshape (%flatten):
    #     d_x = d_y under x's shape, jax.test.ts:53
    d_maxPool2d = jnp.reshape(d_flatten, (4, 2, 3, 3))
    # — adjoint of maxPool2d
    # 30. d_conv2d = reshape(d_flatten, [4,2,3,3]) scattered to d_conv2d_windowArgmax    %d_conv2d
    #     adjoint of windowMax (statement 3): d_x = d_y where x was the window's first largest,
    #     jax.test.ts:53
    # d_broadcast, d_conv2d.product = d_conv2d    %d_broadcast, %d_conv2d.product  adjoint of add
    #     (statement 2): d_b = d_y, d_a = d_y, jax.test.ts:53
    d_conv2d = window_scatter(
        d_maxPool2d,
        d_conv2d_windowArgmax,
        (4, 2, 6, 6),
        (1, 1, 2, 2),
        (1, 1, 2, 2),
        ((0, 0), (0, 0), (0, 0), (0, 0)),
    )
    # — adjoint of conv2d
    # 31. d_conv2d.bias = Σ d_conv2d over axes 0,2,3    %d_conv2d.bias  adjoint of broadcast
    #     (statement 2): d_x = Σ d_y, jax.test.ts:53
    d_conv2d_bias = jnp.sum(d_conv2d, axis=(0, 2, 3))
    # 32. d_conv2d.kernel_transpose = transpose(x, [1,0,2,3])    %d_conv2d.kernel_transpose  adjoint
    #     of conv (statement 1): d_w = xᵀ ∗ d_yᵀ, jax.test.ts:53
    d_conv2d_kernel_transpose = jnp.transpose(x, (1, 0, 2, 3))
    # 33. d_conv2d.kernel_transpose_2 = transpose(d_conv2d, [1,0,2,3])    %d_conv2d.kernel_transpose_2
    #     adjoint of conv (statement 1): d_w = xᵀ ∗ d_yᵀ, jax.test.ts:53
    d_conv2d_kernel_transpose_2 = jnp.transpose(d_conv2d, (1, 0, 2, 3))
    # 34. d_conv2d.kernel_conv = transpose(x, [1,0,2,3]) ∗ transpose(d_conv2d, [1,0,2,3])
    #     %d_conv2d.kernel_conv  adjoint of conv (statement 1): d_w = xᵀ ∗ d_yᵀ, jax.test.ts:53
    d_conv2d_kernel_conv = lax.conv_general_dilated(
        d_conv2d_kernel_transpose, d_conv2d_kernel_transpose_2, (1, 1), ((1, 1), (1, 1))
    )
    # 35. d_conv2d.kernel = transpose(d_conv2d.kernel_conv, [1,0,2,3])    %d_conv2d.kernel  adjoint of
    #     conv (statement 1): d_w = xᵀ ∗ d_yᵀ, jax.test.ts:53
    d_conv2d_kernel = jnp.transpose(d_conv2d_kernel_conv, (1, 0, 2, 3))
    # endregion
    # region update
    # adam, of each parameter w with gradient g: m ← 0.9·m + (1 − 0.9)·g; v ← 0.999·v + (1 −
    #     0.999)·g²; w ← w − rate·m / (√(correction·v) + 1e-8).
    # 36. 1-beta1^t by adam    %1-beta1^t_mul, %adam.1-beta1^t_next  update, jax.test.ts:43
    adam_1_beta1_t_next = state["adam.1-beta1^t"] * 0.9 + 0.09999999999999998
    # 37. rate = 0.001 / adam.1-beta1^t_next    %rate  update of rate by adam, jax.test.ts:43
    rate = 0.001 / adam_1_beta1_t_next
    # 38. 1-beta2^t by adam    %1-beta2^t_mul, %adam.1-beta2^t_next  update, jax.test.ts:43
    adam_1_beta2_t_next = state["adam.1-beta2^t"] * 0.999 + 0.0010000000000000009
    # 39. correction = 1 / adam.1-beta2^t_next    %correction  update of correction by adam,
    #     jax.test.ts:43
    correction = 1.0 / adam_1_beta2_t_next
    # 40. conv2d.kernel by adam with d_conv2d.kernel_conv    %conv2d.kernel_mul…%conv2d.kernel_next
    #     update, jax.test.ts:53
    conv2d_kernel_m_next, conv2d_kernel_v_next, conv2d_kernel_next = adam(
        state["conv2d.kernel"],
        d_conv2d_kernel,
        state["conv2d.kernel.m"],
        state["conv2d.kernel.v"],
        correction,
        rate,
    )
    # 41. conv2d.bias by adam with d_conv2d.bias    %conv2d.bias_mul…%conv2d.bias_next  update,
    #     jax.test.ts:53
    conv2d_bias_m_next, conv2d_bias_v_next, conv2d_bias_next = adam(
        state["conv2d.bias"],
        d_conv2d_bias,
        state["conv2d.bias.m"],
        state["conv2d.bias.v"],
        correction,
        rate,
    )
    # 42. dense.kernel by adam with d_dense.kernel    %dense.kernel_mul…%dense.kernel_next  update,
    #     jax.test.ts:53
    dense_kernel_m_next, dense_kernel_v_next, dense_kernel_next = adam(
        state["dense.kernel"],
        d_dense_kernel,
        state["dense.kernel.m"],
        state["dense.kernel.v"],
        correction,
        rate,
    )
    # 43. dense.bias by adam with d_dense.bias    %dense.bias_mul…%dense.bias_next  update,
    #     jax.test.ts:53
    dense_bias_m_next, dense_bias_v_next, dense_bias_next = adam(
        state["dense.bias"],
        d_dense_bias,
        state["dense.bias.m"],
        state["dense.bias.v"],
        correction,
        rate,
    )
    # 44. stepCount_next = stepCount + 1    %stepCount_next  update of stepCount by count,
    #     jax.test.ts:43
    stepCount_next = state["stepCount"] + 1
    # endregion
    new = {
        "random": random_next,
        "adam.1-beta1^t": adam_1_beta1_t_next,
        "adam.1-beta2^t": adam_1_beta2_t_next,
        "conv2d.kernel.m": conv2d_kernel_m_next,
        "conv2d.kernel.v": conv2d_kernel_v_next,
        "conv2d.kernel": conv2d_kernel_next,
        "conv2d.bias.m": conv2d_bias_m_next,
        "conv2d.bias.v": conv2d_bias_v_next,
        "conv2d.bias": conv2d_bias_next,
        "dense.kernel.m": dense_kernel_m_next,
        "dense.kernel.v": dense_kernel_v_next,
        "dense.kernel": dense_kernel_next,
        "dense.bias.m": dense_bias_m_next,
        "dense.bias.v": dense_bias_v_next,
        "dense.bias": dense_bias_next,
        "stepCount": stepCount_next,
    }
    return stored(state, new), mul_2
