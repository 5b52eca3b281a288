"""Fractional pulses, as many as the weight update asks for: what remains when write granularity is switched off."""

from ohmgrad.crossbar.schemes.scheme import Scheme, fire
from ohmgrad.quantity import Range


class Exact(Scheme):
    """Apply fractional numbers of pulses: the only errors are the device's response, noise and bounds."""

    def write(self, layout, arrays, change, key):
        arrays, counts = fire(layout, arrays, layout.signed_pulses(change.sum()), key)
        return arrays, self, counts._replace(update_macs=change.macs)

    def expected(self, region, verb):
        return region.pulsed(verb, _PULSES)._replace(update_macs=verb.macs)


_PULSES = Range(0.0, 0.1, 100.0)
"""Pulses per device and write. Nominal: as `SinglePulse`; high: assumption."""
