"""Every device changes by what is wanted: fractional pulses, as many as it takes."""

from ohmgrad.crossbar.schemes.scheme import Scheme, fire
from ohmgrad.quantity import Range


class Exact(Scheme):
    """Pulses of any size: the wanted change, as far as the device's response, scatter and bounds let it come out."""

    def write(self, layout, arrays, change, key):
        arrays, counts = fire(layout, arrays, layout.shared_pulses(change.sum()), key)
        return arrays, self, counts._replace(update_macs=change.macs)

    def expected(self, region, verb):
        return region.pulsed(verb, _PULSES)._replace(update_macs=verb.macs)


_PULSES = Range(0.0, 0.1, 100.0)
"""On each device in a write, as single pulses have it; at most, for want of a bound, a hundred."""
