/** Python of what one function of JAX does not do: positions in windows, rows by position. */

export const WINDOWS = `def windows(x, window, strides, padding, dilation=None, fill=0.0):
    """The elements that each position of a sliding window meets, position by position."""
    dilation = dilation or (1,) * len(window)
    reach = [(n - 1) * step + 1 for n, step in zip(window, dilation)]
    extents = [
        (n + low + high - span) // stride + 1
        for n, (low, high), span, stride in zip(x.shape, padding, reach, strides)
    ]
    wide = lax.pad(x, x.dtype.type(fill), [(low, high, 0) for low, high in padding])
    for at in np.ndindex(*window):
        first = [n * step for n, step in zip(at, dilation)]
        last = [f + (n - 1) * stride + 1 for f, n, stride in zip(first, extents, strides)]
        yield lax.slice(wide, first, last, strides)`;

export const WINDOW_ARGMAX = `def window_argmax(x, window, strides, padding, dilation=None) -> jax.Array:
    """Where in each window its first largest element is."""
    best = where = None
    for n, met in enumerate(windows(x, window, strides, padding, dilation, -jnp.inf)):
        if best is None:
            best, where = met, jnp.zeros(met.shape, jnp.int32)
        else:
            where = jnp.where(met > best, n, where)
            best = jnp.maximum(met, best)
    return where`;

export const WINDOW_GATHER = `def window_gather(x, where, window, strides, padding, dilation=None) -> jax.Array:
    """x at the chosen position of each window."""
    met = windows(x, window, strides, padding, dilation)
    return sum(jnp.where(where == n, one, 0.0) for n, one in enumerate(met))`;

export const WINDOW_SCATTER = `def window_scatter(d, where, shape, window, strides, padding, dilation=None) -> jax.Array:
    """d of each window added to zeros of a shape at the window's chosen position."""

    def chosen(x: jax.Array) -> jax.Array:
        return window_gather(x, where, window, strides, padding, dilation)

    return jax.linear_transpose(chosen, jax.ShapeDtypeStruct(shape, d.dtype))(d)[0]`;

export const ROWS_AT = `def rows_at(table, at) -> jax.Array:
    """Rows of a table by position, and 0 where that is no row of it."""
    return table.at[at].get(mode="fill", fill_value=0, wrap_negative_indices=False)`;

export const ADDED_AT = `def added_at(at, d, rows: int) -> jax.Array:
    """d added to rows of zeros by position; what has no row there is left out."""
    zeros = jnp.zeros((rows, *d.shape[at.ndim :]), d.dtype)
    return zeros.at[at].add(d, mode="drop", wrap_negative_indices=False)`;
