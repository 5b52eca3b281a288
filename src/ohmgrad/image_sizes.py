"""Sizes of the feature maps of a convolutional network. Does not import JAX, so that costs are known without it."""

from collections.abc import Sequence

from ohmgrad.errors import InputError

Image = tuple[int, int, int]
"""Height, width and channels."""


def layer_sizes(image: Image, kernels: Sequence[int], size: int, padding: int, unpooled: Sequence[int]) -> list[Image]:
    """Sizes of the input and of each convolutional layer's feature maps.

    Args:
        image: Size of the input.
        kernels: Number of kernels (channels) of each layer.
        size: Height and width of a kernel.
        padding: Rows and columns of zeros around a layer's input.
        unpooled: Layers, from 1, without the 2 x 2 pooling that follows the others.

    Raises:
        InputError: where maps have an odd size and cannot be pooled, or become empty.
    """
    sizes = [image]
    for layer, number in enumerate(kernels, start=1):
        height, width, _ = sizes[-1]
        down, across = (length + 2 * padding - size + 1 for length in (height, width))
        window = 1 if layer in unpooled else 2
        if min(down, across) < window or down % window or across % window:
            wanted = "an even height and width of at least 2 to be pooled" if window == 2 else "at least one place"
            raise InputError(
                f"image: maps must have {wanted}; images of {height} x {width} give maps of {down} x {across}."
            )
        sizes.append((down // window, across // window, number))
    return sizes
