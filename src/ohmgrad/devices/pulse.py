"""A programming pulse."""

from ohmgrad.parts import Part, number


class Pulse(Part):
    """One programming pulse of a polarity: rectangular.

    Raises InputError for a width that is not positive.
    """

    volts: float = number(meaning="height, with its sign", unit="V")
    seconds: float = number(meaning="width", unit="s", gt=0)
