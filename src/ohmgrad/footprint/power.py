"""From joules at a device to what they cost: overhead of the building, price of electricity, carbon."""

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
    """CO2e of so much energy at a device."""
    return joules / JOULES_PER_KWH * pue * kg_per_kwh
