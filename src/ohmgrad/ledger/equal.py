"""Energy until both sides of a comparison are equally good, from the learning curves of a run."""

from collections.abc import Mapping, Sequence

from ohmgrad.ledger.bill import Bill

Curve = Sequence[tuple[int, float]]
"""Epochs, rising, and the share of right answers after each, mean over chips."""
RIVALS = {"digital": "ideal", "digital_backprop": "backprop"}
"""The arm of a run that says how well a digital bill's training learns."""


def equal_accuracy(bills: Mapping[str, Bill], curves: Mapping[str, Curve]) -> dict:
    """As JSON, by digital bill: what each side takes until it is as good as the worse of the two is at its end.

    Either pays for the epochs until its curve first reaches that accuracy, in their share of all epochs. The schedule
    of learning rates was made for all epochs, so this is a reading of one training and no training of its own.
    """
    if "chip" not in bills or "crossbar" not in curves:
        return {}
    found = {}
    for name, arm in RIVALS.items():
        if arm in curves and name in bills:
            ends = {side: curves[which][-1] for side, which in (("chip", "crossbar"), ("digital", arm))}
            epochs, accuracy = ends["chip"][0], min(right for _, right in ends.values())
            chip, digital = (_reached(curves[which], accuracy) for which in ("crossbar", arm))
            joules = [bills[side].joules * (after / epochs) for side, after in (("chip", chip), (name, digital))]
            found[name] = {
                "accuracy": accuracy,
                "chip_ends_at": ends["chip"][1],
                "digital_ends_at": ends["digital"][1],
                "epochs": epochs,
                "chip_epochs": chip,
                "digital_epochs": digital,
                "chip_energy_joules": joules[0]._asdict(),
                "digital_energy_joules": joules[1]._asdict(),
                "ratio": joules[1].over(joules[0]).as_json(),
            }
    return found


def _reached(curve: Curve, accuracy: float) -> int:
    """The first epoch at whose end a curve is as high as this, which it is at its end at the latest."""
    return next(epoch for epoch, right in curve if epoch > 0 and right >= accuracy)
