def step(state: State, batch: Batch, count: Count = 1) -> tuple[State, jax.Array]:
    """One step on a batch whose first `count` rows are real: the new state, and the loss before it."""
    x = compute(state["x"])
    y = compute(state["y"])
    z = compute(state["z"])
    # region forward
    # 1. add = x + y    %add  add, circuit.ts:7
    add = x + y
    # 2. mul = add ⊙ z    %mul  mul, circuit.ts:8
    mul = add * z
    # endregion
    # region backward
    # 3. d_z = add    %d_z  adjoint of mul (statement 2): d_b = d_y ⊙ a, circuit.ts:8
    d_z = add
    # 4. d_y = z    %d_add, %d_y  adjoint of mul (statement 2): d_a = d_y ⊙ b; add (statement 1): d_b
    #     = d_y, circuit.ts:8, 7
    d_y = z
    # 5. d_x = d_add    %d_x  adjoint of add (statement 1): d_a = d_y, circuit.ts:7
    d_x = z
    # endregion
    # region update
    # sgd, of each parameter w with gradient g: w ← w − 1·g.
    # 6. x_next = x − d_x    %x_next  update of x by sgd, circuit.ts:4
    (x_next,) = sgd(state["x"], d_x)
    # 7. y_next = y − d_y    %y_next  update of y by sgd, circuit.ts:5
    (y_next,) = sgd(state["y"], d_y)
    # 8. z_next = z − d_z    %z_next  update of z by sgd, circuit.ts:6
    (z_next,) = sgd(state["z"], d_z)
    # 9. stepCount_next = stepCount + 1    %stepCount_next  update of stepCount by count, circuit.ts:9
    stepCount_next = state["stepCount"] + 1
    # endregion
    new = {"x": x_next, "y": y_next, "z": z_next, "stepCount": stepCount_next}
    return stored(state, new), mul
