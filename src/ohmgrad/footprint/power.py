"""From joules of a machine to carbon and money: overhead of the building (PUE) and price of electricity."""

from ohmgrad.quantity import NonNegative

JOULES_PER_KWH = 3.6e6

PUE = NonNegative(
    low=1.1,
    nominal=1.58,
    high=2.0,
    basis="published",
    source=(
        "power usage effectiveness, all power of a data centre by that of its computers: nominal, the average of the "
        "Uptime Institute's survey of 2023; low, a hyperscale data centre (1.1); high, assumed, an old server room"
    ),
)

usd_per_kwh = NonNegative(
    low=0.05,
    nominal=0.0806,
    high=0.30,
    basis="published",
    source=(
        "average price for industrial consumers in the United States in 2023 (EIA, 8.06 cents); bounds: assumption, "
        "a long contract beside a dam and a household in Europe"
    ),
)


def carbon_kilograms(joules: float, kg_per_kwh: float, pue: float = 1.0) -> float:
    """Kilograms of CO2e of an amount of energy.

    Args:
        joules: Energy that the machine uses.
        kg_per_kwh: Carbon intensity of the electricity.
        pue: Power usage effectiveness: energy of the building per energy of the machine.
    """
    return joules / JOULES_PER_KWH * pue * kg_per_kwh
