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


def split(joint: Joint, x: Float[Array, "*blocks ports batch"], sizes: Sizes) -> tuple[Array, Array]:
    """What `x`, volts and amperes at the ports of a joined block, is at the ports of `first` and of `second`.

    `sizes` are those of `second`, whose far ends may not be among the ports; nothing is drawn there.
    """
    lines, pieces = joint.lines, joint.pieces
    order = _ORDER[lines]
    piece = [regroup(x, [pieces[k] for k in order], [order.index(k)], -2) for k in range(6)]
    a = dot(joint.first, jnp.concatenate(piece[:3], -2))
    b = dot(joint.second, jnp.concatenate(piece[3:], -2))
    amperes = dot(joint.admittance, a) + dot(transposed(joint.gain), b)
    volts = dot(joint.gain, a) - dot(joint.resistance, b)
    undrawn = piece[4] if pieces[4] else jnp.zeros_like(volts[..., : sizes[lines + 2], :])
    x1, x2 = [piece[0], piece[1], amperes, piece[2]], [volts, piece[3], undrawn, piece[5]]
    groups = [0, 1, 2, 3] if lines == ROWS else [1, 0, 3, 2]
    return jnp.concatenate([x1[k] for k in groups], -2), jnp.concatenate([x2[k] for k in groups], -2)


def close(block: Block, lines: int, siemens: float) -> tuple[Block, Float[Array, "*blocks lines ports"]]:
    """The block with the far ends of its `lines` fed from their near ends' voltage through `siemens`; 0 leaves them open.

    The near current now counts both ends. Also returns what is drawn at the far ends per unit at the remaining ports.
    """
    far = lines + 2
    rest = [k for k in range(4) if k != far]
    one = jnp.eye(block.sizes[far], dtype=block.matrix.dtype)
    same = [jnp.eye(block.sizes[far], block.sizes[k], dtype=one.dtype) * (k == lines) for k in rest]
    drive = block.part([far], rest) - jnp.concatenate(same, -1)
    drawn = dot(jnp.linalg.inv(one - siemens * block.part([far], [far])), siemens * drive)
    sizes = tuple(0 if k == far else size for k, size in enumerate(block.sizes))
    return Block(block.part(rest, rest) + dot(transposed(drive), drawn), sizes), drawn


def cells(
    g: Float[Array, "*grid rows columns"],
    row_ohms: Float[Array, "*#grid columns"],
    column_ohms: Float[Array, "*#grid rows"],
) -> tuple[Block, Float[Array, "*grid cells ports"]]:
    """Blocks of cells of `g` siemens with both ends of all lines, and the cells' amperes per unit at the ports.

    `row_ohms` and `column_ohms` are those of a line from its near end to each of its cells. The unknowns are the
    cells' currents (1 + g R)^-1 g V: V are the volts across open cells, R the ohms that two cells have in common.
    """
    *grid, rows, columns = g.shape
    row, column = np.kron(np.eye(rows), np.ones((columns, 1))), np.kron(np.ones((rows, 1)), np.eye(columns))
    volts = [row, -column, -jnp.tile(row_ohms, rows)[..., None] * row]
    volts.append(jnp.repeat(column_ohms, columns, -1)[..., None] * column)
    volts = jnp.concatenate([jnp.broadcast_to(v, (*grid, *v.shape[-2:])).astype(g.dtype) for v in volts], -1)
    common = [jnp.minimum(ohms[..., :, None], ohms[..., None, :]) for ohms in (row_ohms, column_ohms)]
    r = jnp.einsum("ik,...jl->...ijkl", np.eye(rows), common[0])
    r = r + jnp.einsum("...ik,jl->...ijkl", common[1], np.eye(columns))
    siemens = g.reshape(*grid, rows * columns, 1)
    r = siemens * r.reshape(*r.shape[:-4], rows * columns, rows * columns)
    amperes = dot(jnp.linalg.inv(jnp.eye(rows * columns, dtype=g.dtype) + r), siemens * volts)
    matrix = _bare(row_ohms, column_ohms).astype(g.dtype) + dot(transposed(volts), amperes)
    return Block(matrix, (rows, columns, rows, columns)), amperes


def _bare(row_ohms: Array, column_ohms: Array) -> Array:
    """The matrix of a block whose cells are all open: what is drawn at far ends comes in at near ends."""
    rows, columns = column_ohms.shape[-1], row_ohms.shape[-1]
    grid = np.broadcast_shapes(row_ohms.shape[:-1], column_ohms.shape[:-1])
    drops = [jnp.zeros((*grid, rows + columns)), jnp.broadcast_to(row_ohms[..., -1:], (*grid, rows))]
    drops.append(jnp.broadcast_to(column_ohms[..., -1:], (*grid, columns)))
    through = np.roll(np.eye(2 * (rows + columns)), rows + columns, 0)
    return through - jnp.concatenate(drops, -1)[..., None] * np.eye(2 * (rows + columns))
