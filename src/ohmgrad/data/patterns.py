"""Read code words of your own from a file."""

import io
import warnings
from pathlib import Path

import numpy as np

from ohmgrad import files
from ohmgrad.errors import InputError


def load(path: Path) -> np.ndarray:
    """Read code words from a .csv file without a header, or from a .npy file; every entry is -1 or +1.

    Returns:
        The code words, shape (words, dots).

    Raises:
        InputError: where the file cannot be read, has fewer than two rows, holds another number (names its row and
            column), or a code word twice.
    """
    content = files.read_bytes(path, "data.file", files.TABLE_BYTES)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy warns of an empty table; the check of the shape below covers it
            if path.suffix == ".npy":
                table = np.load(io.BytesIO(content), allow_pickle=False)
            else:
                table = np.loadtxt(io.BytesIO(content), delimiter=",", ndmin=2, encoding="utf-8-sig")
        if table.dtype.kind not in "iuf":
            raise ValueError(f"its entries are of type {table.dtype}")
    except Exception as error:  # damaged tables raise nearly anything
        raise InputError(f"data.file: {path} cannot be read as a table of -1 and 1 ({error})") from None
    if table.ndim != 2 or len(table) < 2 or table.shape[1] < 1:
        raise InputError(f"data.file: {path} has shape {table.shape}; it needs at least two rows, one code word each")
    wrong = np.argwhere(~np.isin(table, (-1, 1)))
    if len(wrong):
        row, column = wrong[0]
        raise InputError(
            f"data.file: {path} has {table[row, column]} in row {row + 1}, column {column + 1}; allowed: -1, 1"
        )
    if len(np.unique(table, axis=0)) < len(table):
        raise InputError(f"data.file: {path} holds the same code word twice")
    return table.astype(np.int8)
