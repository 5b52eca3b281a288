"""From a device's record to the device."""

from ohmgrad.devices import record
from ohmgrad.devices.aging import Aging, Drift, Retention
from ohmgrad.devices.faults import Faults
from ohmgrad.devices.memristor import Flicker, Memristor, Spread
from ohmgrad.devices.response import ExponentialStep, LinearStep, PowerStep, Response, Table
from ohmgrad.figure import nominal


def memristor(device: record.Device) -> Memristor:
    """The device with the nominal value of every figure."""
    figures = nominal(device)
    error = tuple(device.write_error) or (figures["write_error_siemens"],)
    plain = (
        "g_min_siemens",
        "g_max_siemens",
        "read_volts",
        "step_noise",
        "pulse_noise_siemens",
        "unsettled_siemens",
        "verify_tolerance_siemens",
        "levels",
        "read_noise_siemens",
        "cubic_per_square_volt",
        "half_select",
        "one_sided",
    )
    return Memristor(
        **{name: figures[name] for name in plain},
        response=_response(device),
        write_error=error if any(error) else (),
        flicker=None if device.flicker is None else Flicker(**figures["flicker"]),
        aging=_aging(device),
        spread=Spread(**figures["spread"]),
        faults=Faults(**figures["faults"]),
    )


def _response(device: record.Device) -> Response:
    given, figures = device.response, nominal(device.response)
    kind = figures.pop("kind")
    match kind:
        case "linear-step":
            return LinearStep.of_steps(**figures)
        case "soft-bounds":
            return LinearStep.of_steps(**figures, up_slope=1.0, down_slope=1.0)
        case "neurosim":
            return LinearStep.exponential(**figures)
        case "exponential-step":
            return ExponentialStep(**figures)
        case "power-step":
            return PowerStep(**figures)
    assert isinstance(given, record.Table)
    low, high = device.g_min_siemens.nominal, device.g_max_siemens.nominal
    up, down = (tuple((g - low) / (high - low) for g in values) for values in (given.up_siemens, given.down_siemens))
    return Table(up, down)


def _aging(device: record.Device) -> Aging | None:
    if device.aging is None:
        return None
    figures = nominal(device.aging)
    if figures.pop("kind") == "retention":
        return Retention(**figures)
    return Drift(figures["t0_seconds"], tuple(figures["mean"]), tuple(figures["deviation"]))
