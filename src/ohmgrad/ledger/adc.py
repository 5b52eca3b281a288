"""Energy of an analog-to-digital conversion over effective bits and rate, from the survey of published converters."""

import math

from ohmgrad.quantity import NonNegative

_SURVEY = "ADC survey 1997-2025 (B. Murmann)"
_SLOPE, _AT_ONE, _TOP = -2.872, 213.78, 164.7
"""Schreier figure of merit in dB: slope over ln(samples per second), value at 1 S/s, and upper limit. The Accelergy
plug-in (@ff0fb48) fitted them to the best converters of the survey."""
FLOOR_JOULES = 0.3e-12
"""The lowest energy of the survey at 5.5 to 6.5 effective bits; below, charging a capacitor dominates."""
_BEST_WALDEN_JOULES = 0.354e-15
"""Best Walden figure of merit, per conversion step: VLSI 2019, 7.4, a SAR converter in 65 nm at 0.2 MS/s."""
_SPREAD = 17.2
"""Largest ratio of median to minimum energy in a bin of one effective bit (7.5 to 8.5 bits: 18.9 to 1.1 pJ)."""


def survey_joules(bits: float, samples_per_second: float) -> NonNegative:
    """Energy of a conversion in joules, with low, nominal and high, from the ADC survey 1997-2025 (B. Murmann).

    Args:
        bits: Effective bits.
        samples_per_second: Rate of the converter.
    """
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
    """Whether a conversion takes the lowest energy of the survey, so that fewer bits would not lower it."""
    return _fitted_joules(bits, samples_per_second) <= FLOOR_JOULES


def _fitted_joules(bits: float, samples_per_second: float) -> float:
    """Energy of the best converters of the survey, without the floor at low resolution."""
    signal_to_noise_db = 6.02 * bits + 1.76
    merit_db = min(_AT_ONE + _SLOPE * math.log(samples_per_second), _TOP)
    return 0.5 / 10 ** ((merit_db - signal_to_noise_db) / 10)
