"""A programming pulse."""

from ohmgrad.parts import Part, number


class Pulse(Part):
    """One rectangular programming pulse: signed height in volts, width in seconds.

    Raises:
        InputError: for a width that is not positive.
    """

    volts: float = number(meaning="height, with sign", unit="V")
    seconds: float = number(meaning="width", unit="s", gt=0)
