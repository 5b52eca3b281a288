"""How samples are cut into batches."""

from ohmgrad.errors import InputError


def batches(samples: int, batch: int) -> int:
    """Batches in an epoch, the last of them filled up from the start of the epoch.

    Raises:
        InputError: where a batch is larger than the epoch, so that it would hold samples twice.
    """
    if batch > samples:
        raise InputError(f"training.batch: {batch} is above the {samples} samples of an epoch; allowed: 1 to {samples}")
    return -(-samples // batch)
