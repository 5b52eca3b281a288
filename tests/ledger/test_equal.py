"""Oracle: learning curves made by hand, and shares of a bill."""

import pytest

from ohmgrad.ledger import Bill, Line
from ohmgrad.ledger.equal import equal_accuracy
from ohmgrad.quantity import Range
from ohmgrad.report import words


def bill(joules: float) -> Bill:
    line = Line("all", "train", 1.0, Range(joules / 2, joules, 3 * joules), Range(1.0, 1.0, 1.0), "test", "assumption")
    return Bill("machine", "", (line,))


BILLS = {"chip": bill(2.0), "digital": bill(100.0), "digital_backprop": bill(10.0)}
CHIP = [(0, 0.1), (5, 0.5), (10, 0.9), (20, 0.88)]


def test_the_better_one_pays_until_it_is_as_good_as_the_other_ends():
    """The chip ends at 0.88, which it had passed after 10 of 20 epochs; the digital training passes it after 5."""
    found = equal_accuracy(BILLS, {"crossbar": CHIP, "ideal": [(0, 0.9), (5, 0.89), (20, 0.97)]})["digital"]
    assert (found["accuracy"], found["chip_epochs"], found["digital_epochs"]) == (0.88, 10, 5)
    assert found["chip_energy_joules"]["nominal"] == pytest.approx(2.0 * 10 / 20)
    assert found["digital_energy_joules"]["high"] == pytest.approx(300.0 * 5 / 20)
    assert found["ratio"]["nominal"] == pytest.approx(25.0 / 1.0)
    assert found["ratio"]["low"] == pytest.approx(12.5 / 3.0)
    said = words.equal_accuracy("digital", found)
    assert (
        "until both answer 0.880 right" in said and "the same rule ends at 0.970, which the chip never reached" in said
    )


def test_where_the_chip_ends_higher_the_other_pays_for_all():
    found = equal_accuracy(BILLS, {"crossbar": CHIP, "backprop": [(0, 0.1), (20, 0.4)]})["digital_backprop"]
    assert (found["accuracy"], found["chip_epochs"], found["digital_epochs"]) == (0.4, 5, 20)
    assert "the chip ends at 0.880, which backpropagation never reached" in words.equal_accuracy(
        "digital_backprop", found
    )


@pytest.mark.parametrize("curves", [{"ideal": CHIP}, {"crossbar": CHIP}])
def test_a_run_of_one_side_alone_compares_nothing(curves):
    assert equal_accuracy(BILLS, curves) == {}
