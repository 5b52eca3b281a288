"""From a device's record to the device."""

from dataclasses import fields

from ohmgrad.devices import record
from ohmgrad.devices.aging import Aging, Drift, Retention
from ohmgrad.devices.faults import Faults
from ohmgrad.devices.memristor import Flicker, Memristor, Spread
from ohmgrad.devices.response import ExponentialStep, LinearStep, PowerStep, Response, Table
from ohmgrad.errors import InputError, unknown
from ohmgrad.quantity import nominal


def memristor(device: record.Device) -> Memristor:
    """The device with the nominal value of every figure."""
    figures = nominal(device)
    error = tuple(figures["write_error"]) or (figures["write_error_siemens"],)
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
    built = Memristor(
        **{name: figures[name] for name in plain},
        response=_response(device),
        write_error=error if any(error) else (),
        flicker=None if device.flicker is None else Flicker(**figures["flicker"]),
        aging=_aging(device),
        spread=Spread(**figures["spread"]),
        faults=Faults(**figures["faults"]),
    )
    if not built.step_siemens > 0:
        raise InputError("response: a pulse at mid-range moves nothing; allowed: steps above 0 there")
    return built


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
    if isinstance(given, record.Compact):
        up_siemens, down_siemens = _driven(given, device.read_volts.nominal)
    else:
        assert isinstance(given, record.Table)
        up_siemens, down_siemens = given.up_siemens, given.down_siemens
    low, high = device.g_min_siemens.nominal, device.g_max_siemens.nominal
    up, down = (tuple((g - low) / (high - low) for g in values) for values in (up_siemens, down_siemens))
    return Table(up, down)


def _driven(given: record.Compact, read_volts: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Siemens after 0, 1, ... pulses up from the low state, and down from the high one."""
    from ohmgrad.devices import compact  # here, because it brings a solver of differential equations along

    models = {
        "linear-ion-drift": compact.LinearIonDrift,
        "vteam": compact.Vteam,
        "yakopcic": compact.Yakopcic,
        "stanford-pku": compact.StanfordPku,
    }
    model = models[given.model]
    known = [field.name for field in fields(model) if field.type in (float, "float")]
    for name in given.parameters:
        if name not in known:
            raise unknown(f"parameter of {given.model} in response.parameters", name, known)
    up, down = (compact.Pulse(p.volts.nominal, p.seconds.nominal) for p in (given.up, given.down))
    states = (given.low_state, given.high_state)
    found = compact.pulse_map(model(**given.parameters), up, down, given.pulses, read_volts, states)
    if not found.ok:
        raise InputError(f"response: {found.message}")
    return found.up_siemens, found.down_siemens


def _aging(device: record.Device) -> Aging | None:
    if device.aging is None:
        return None
    figures = nominal(device.aging)
    if figures.pop("kind") == "retention":
        return Retention(**figures)
    return Drift(figures["t0_seconds"], tuple(figures["mean"]), tuple(figures["deviation"]))
