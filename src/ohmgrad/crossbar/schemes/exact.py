"""Every device changes by what is wanted: fractional pulses, as many as it takes."""

from ohmgrad.crossbar.schemes.scheme import Scheme, fire


class Exact(Scheme):
    """Pulses of any size: the wanted change, as far as the device's response, scatter and bounds let it come out."""

    def write(self, layout, arrays, change, key):
        arrays, counts = fire(layout, arrays, layout.shared_pulses(change.sum()), key)
        return arrays, self, counts._replace(update_macs=change.macs)
