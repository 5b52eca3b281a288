"""Blocks of cells on their wires as multiports: what a block looks like from outside, and how two become one.

Every line of a block has a near end, where its voltage is given, and a far end, where the current drawn is given. A
block is then one symmetric matrix that exists for any resistance of its wires from zero on: no conductance of a wire
is ever formed. Rows and columns are treated alike; only cells tell them apart, by the sign of their current.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

Sizes = tuple[int, int, int, int]
# The groups of a block's ports. A group's far end is two further.
ROWS, COLUMNS, FAR_ROWS, FAR_COLUMNS = range(4)


class Block(NamedTuple):
    """Symmetric `matrix` from (near volts, far amperes) to (near amperes, far volts).

    `sizes` counts near rows, near columns, far rows and far columns, in the order of the matrix. Near currents count
    into the block, far ones out of it. Ends to which nothing will be joined are left out.
    """

    matrix: Float[Array, "*blocks ports ports"]
    sizes: Sizes

    def part(self, left: list[int], right: list[int]) -> Float[Array, "*blocks left right"]:
        """The matrix between two lists of groups."""
        return regroup(regroup(self.matrix, self.sizes, left, -2), self.sizes, right, -1)


class Joint(NamedTuple):
    """What the lines between two joined blocks carry, `first` being the one nearer to the lines' source.

    Given the open-circuit volts a = `first` x1 and the short-circuit amperes b = `second` x2 at the other ports of the
    two blocks, the lines carry `admittance` a + `gain`^T b amperes at `gain` a - `resistance` b volts.
    """

    first: Float[Array, "*blocks lines ports1"]
    second: Float[Array, "*blocks lines ports2"]
    admittance: Float[Array, "*blocks lines lines"]
    gain: Float[Array, "*blocks lines lines"]
    resistance: Float[Array, "*blocks lines lines"]
    lines: int
    pieces: tuple[int, ...]


def dot(a: Array, b: Array) -> Array:
    return jnp.matmul(a, b, precision="highest")


def transposed(a: Array) -> Array:
    return jnp.swapaxes(a, -1, -2)


def regroup(x: Array, sizes: tuple[int, ...], groups: list[int], axis: int) -> Array:
    """The given groups, in that order, along an axis (-2 or -1) made of groups of these sizes."""
    ends = np.cumsum((0, *sizes)).tolist()
    spans = [slice(ends[group], ends[group + 1]) for group in groups]
    return jnp.concatenate([x[..., span, :] if axis == -2 else x[..., span] for span in spans], axis)


# A pair of blocks has its ports in six pieces: shared lines' near end, other lines' near and far ends (first block);
# other lines' near end, shared lines' far end, other lines' far end (second). This is where they go in the joined block.
_ORDER = {ROWS: [0, 1, 3, 4, 2, 5], COLUMNS: [1, 3, 0, 2, 5, 4]}


def join(first: Block, second: Block, lines: int, keep_far: bool) -> tuple[Block, Joint]:
    """Two blocks connected by their `lines` (ROWS or COLUMNS): the far ends of `first` to the near ends of `second`.

    Schur complement of the connecting lines. 1 + Z Y, the resistance behind them times the admittance before them, is
    similar to a matrix of eigenvalues from 1 on, and never singular.
    """
    others, far = 1 - lines, lines + 2
    keep1 = [lines, others, others + 2]
    keep2 = [others, far, others + 2] if keep_far else [others, others + 2]
    a, z = first.part([far], keep1), -first.part([far], [far])
    b, y = second.part([lines], keep2), second.part([lines], [lines])
    gain = jnp.linalg.inv(jnp.eye(z.shape[-1], dtype=z.dtype) + dot(z, y))
    admittance, resistance = dot(y, gain), dot(gain, z)
    corner1 = first.part(keep1, keep1) + dot(transposed(a), dot(admittance, a))
    corner2 = second.part(keep2, keep2) - dot(transposed(b), dot(resistance, b))
    across = dot(transposed(dot(gain, a)), b)
    whole = jnp.concatenate(
        [jnp.concatenate([corner1, across], -1), jnp.concatenate([transposed(across), corner2], -1)], -2
    )
    kept = second.sizes[far] if keep_far else 0
    one, two = first.sizes, second.sizes
    pieces = (one[lines], one[others], one[others + 2], two[others], kept, two[others + 2])
    order = _ORDER[lines]
    whole = regroup(regroup(whole, pieces, order, -2), pieces, order, -1)
    near, far_others = one[others] + two[others], one[others + 2] + two[others + 2]
    sizes = (one[lines], near, kept, far_others) if lines == ROWS else (near, one[lines], far_others, kept)
    return Block(whole, sizes), Joint(a, b, admittance, gain, resistance, lines, pieces)
