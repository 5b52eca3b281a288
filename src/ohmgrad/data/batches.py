"""Number of batches in an epoch."""

from ohmgrad.errors import InputError


def batches(samples: int, batch: int) -> int:
    """Number of batches in an epoch; an incomplete last batch is filled up from the start of the epoch.

    Args:
        samples: Samples in an epoch.
        batch: Samples in a batch.

    Raises:
        InputError: where a batch is larger than the epoch.
    """
    if batch > samples:
        raise InputError(f"training.batch: {batch} is above the {samples} samples of an epoch; allowed: 1 to {samples}")
    return -(-samples // batch)
