"""Energy at equal accuracy: what chip and processor take until both reach the same accuracy, from learning curves."""

from collections.abc import Mapping, Sequence

from ohmgrad.ledger.bill import Bill

Curve = Sequence[tuple[int, float]]
"""A learning curve: epochs, rising, and the accuracy after each, mean over chips."""
RIVALS = {"digital": "ideal", "digital_backprop": "backprop"}
"""The arm of a run whose learning curve belongs to each digital bill."""


def equal_accuracy(bills: Mapping[str, Bill], curves: Mapping[str, Curve]) -> dict:
    """Compare energies at the lower of the two final accuracies of chip and digital training.

    Each side is charged the share of its energy up to the epoch in which its curve first reaches that accuracy. The
    schedule of learning rates was made for all epochs, so this is read from one training, not trained for.

    Args:
        bills: Bills by machine: chip, digital, digital_backprop.
        curves: Learning curves by arm: crossbar, ideal, backprop.

    Returns:
        By digital bill: accuracies, epochs, energies and their ratio, for JSON.
    """
    if "chip" not in bills or "crossbar" not in curves:
        return {}
    compared = {}
    for name, arm in RIVALS.items():
        if arm in curves and name in bills:
            ends = {side: curves[which][-1] for side, which in (("chip", "crossbar"), ("digital", arm))}
            epochs, accuracy = ends["chip"][0], min(right for _, right in ends.values())
            chip, digital = (_reached(curves[which], accuracy) for which in ("crossbar", arm))
            joules = [bills[side].joules * (after / epochs) for side, after in (("chip", chip), (name, digital))]
            compared[name] = {
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
    return compared


def _reached(curve: Curve, accuracy: float) -> int:
    """The first epoch after which a curve is at least as high as `accuracy`, which it must be at its end."""
    return next(epoch for epoch, right in curve if epoch > 0 and right >= accuracy)
