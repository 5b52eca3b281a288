"""How large the images of a convolutional network's layers are. No JAX: the ledger asks before anything is built."""

from collections.abc import Sequence

from ohmgrad.errors import InputError

Image = tuple[int, int, int]
"""Height, width and channels."""


def layer_sizes(image: Image, kernels: Sequence[int], size: int, padding: int, unpooled: Sequence[int]) -> list[Image]:
    """The input and each layer of images: kernels of `size` x `size`, then 2 x 2 pooling but for layers `unpooled`.

    Raises InputError where maps cannot be pooled, or there are none.
    """
    found = [image]
    for layer, number in enumerate(kernels, start=1):
        height, width, _ = found[-1]
        down, across = (length + 2 * padding - size + 1 for length in (height, width))
        window = 1 if layer in unpooled else 2
        if min(down, across) < window or down % window or across % window:
            wanted = "an even height and width of at least 2 to be pooled" if window == 2 else "at least one place"
            raise InputError(
                f"image: maps must have {wanted}; images of {height} x {width} give maps of {down} x {across}."
            )
        found.append((down // window, across // window, number))
    return found
