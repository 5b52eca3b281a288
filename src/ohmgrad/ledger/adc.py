"""Energy of a conversion from the survey of published converters: against effective bits and rate, with its spread."""

import math

from ohmgrad.quantity import NonNegative

_SURVEY = "ADC survey 1997-2025 (B. Murmann)"
_SLOPE, _AT_ONE, _TOP = -2.872, 213.78, 164.7
"""Schreier figure of merit in dB against ln(samples per second), as the Accelergy plug-in (@ff0fb48) fits the best of
the survey, and where it ends."""
FLOOR_JOULES = 0.3e-12
"""The least of the survey at 5.5 to 6.5 effective bits: at low resolution charging a capacitor sets the energy."""
_BEST_WALDEN_JOULES = 0.354e-15
"""Per step: VLSI 2019, 7.4, a SAR converter in 65 nm at 0.2 MS/s."""
_SPREAD = 17.2
"""The largest ratio of median to minimum in a bin of one effective bit (7.5 to 8.5 bits: 18.9 to 1.1 pJ)."""


def survey_joules(bits: float, samples_per_second: float) -> NonNegative:
    """A conversion of so many effective bits at a rate."""
    nominal = max(_fitted_joules(bits, samples_per_second), FLOOR_JOULES)
    return NonNegative(
        low=min(_BEST_WALDEN_JOULES * 2**bits, nominal),
        nominal=nominal,
        high=_SPREAD * nominal,
        basis="derived",
        source=(
            f"{_SURVEY}, {bits:g} effective bits at {samples_per_second:.3g} samples a second: Accelergy's fit to the "
            "best, not below 0.3 pJ; low: 0.354 fJ a step, the best ever; high: 17.2 times, median by minimum"
        ),
    )


def at_floor(bits: float, samples_per_second: float) -> bool:
    """Whether a conversion costs the least that any does, so that fewer bits would cost no less."""
    return _fitted_joules(bits, samples_per_second) <= FLOOR_JOULES


def _fitted_joules(bits: float, samples_per_second: float) -> float:
    """Of the best converters of the survey, as if none cost a least energy."""
    signal_to_noise_db = 6.02 * bits + 1.76
    merit_db = min(_AT_ONE + _SLOPE * math.log(samples_per_second), _TOP)
    return 0.5 / 10 ** ((merit_db - signal_to_noise_db) / 10)
