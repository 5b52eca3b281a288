"""Making chips: one synapse per weight matrix, on ideal weights or programmed onto crossbars."""

from collections.abc import Sequence
from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key, PRNGKeyArray

from ohmgrad.counts import Counts
from ohmgrad.crossbar import Hardware
from ohmgrad.parts import Number
from ohmgrad.rules import Rule
from ohmgrad.synapses import Crossbar, Ideal, Optimised, Optimiser, Synapse
from ohmgrad.synapses.crossbar import ArrayTerminals
from ohmgrad.variants import PerChip, per_chip

Chips = tuple[Synapse, ...]
"""One synapse per weight matrix; all arrays have a leading axis over chips."""


_WEIGHTS, _PROGRAMMING, EPOCHS, TESTS, _, RULE, VALIDATION, CALIBRATION, SERVING = range(9)
"""Numbers folded into a chip's key, one per use, so that no two uses share random numbers."""


def keys(seeds: Sequence[int]) -> Key[Array, "chips"]:
    """One random key per chip, from one seed per chip."""
    return jax.vmap(jax.random.key)(jnp.array(seeds, jnp.uint32))


Variants = Rule | Sequence[Rule]
"""One rule for all chips, or one per chip; these may differ in their numbers only (`variants.per_chip`)."""
Values = Sequence[float] | Sequence[Sequence[float]] | Array | np.ndarray
"""One value per weight matrix, or one per chip and weight matrix."""


def ideal_chips(
    rule: Variants,
    gains: Values,
    chip_keys: Key[Array, "chips"],
    optimiser: Optimiser | Sequence[Optimiser] | None = None,
) -> Chips:
    """Create chips of ideal weights.

    Args:
        rule: The rule, which draws the initial weights: one for all chips, or one per chip.
        gains: Standard deviation of the initial weights times sqrt(inputs), per weight matrix, or per chip and matrix.
        chip_keys: One key per chip.
        optimiser: Optimiser of the weights: one for all chips, or one per chip. None: writes add the plain update.

    Raises:
        InputError: where variants differ in more than their numbers.
    """
    chips = len(chip_keys)
    return _ideal_chips(per_chip(rule, chips), of_chips(gains, chips), chip_keys, per_chip(optimiser, chips))


@eqx.filter_jit
def _ideal_chips(rules: PerChip, gains, chip_keys, optimisers: PerChip) -> Chips:
    def make(key, gains, rule_numbers, optimiser_numbers):
        rule, optimiser = rules.of(rule_numbers), optimisers.of(optimiser_numbers)
        weights = rule.initial(list(gains), jax.random.fold_in(key, _WEIGHTS))
        if optimiser is None:
            return rule.mounted([Ideal(each, rule.low) for each in weights])
        return rule.mounted([Optimised.begin(each, optimiser, rule.low) for each in weights])

    return jax.vmap(make)(chip_keys, gains, rules.each, optimisers.each)


def crossbar_chips(
    rule: Variants,
    gains: Values,
    chip_keys: Key[Array, "chips"],
    hardware: Hardware | Sequence[Hardware],
    weight_max: Values,
    adc_full_scale_amperes: Values,
) -> tuple[Chips, Counts]:
    """Create chips of crossbars, programmed to the same initial weights as `ideal_chips`.

    Args:
        rule: The rule: one for all chips, or one per chip.
        gains: Standard deviation of the initial weights times sqrt(inputs), per weight matrix, or per chip and matrix.
        chip_keys: One key per chip.
        hardware: The hardware: one for all chips, or one per chip.
        weight_max: The largest weight that the devices can represent, per weight matrix, or per chip and matrix.
        adc_full_scale_amperes: Line current at which the ADC clips, per weight matrix, or per chip and matrix.

    Returns:
        The chips, and the counts of programming them, one value per chip.

    Raises:
        InputError: where variants differ in more than their numbers, or the hardware does not support the network.
    """
    chips = len(chip_keys)
    first = hardware[0] if isinstance(hardware, Sequence) else hardware
    for each in rule if isinstance(rule, Sequence) else [rule]:
        each.check(lambda: ArrayTerminals(first), np.asarray(weight_max, np.float64))
        first.check_signs(each.low)
    weights = _initial(per_chip(rule, chips), chip_keys, of_chips(gains, chips))
    ranges = (of_chips(each, chips) for each in (weight_max, adc_full_scale_amperes))
    chip, counts = _crossbars(per_chip(hardware, chips), chip_keys, weights, *ranges)
    one = rule[0] if isinstance(rule, Sequence) else rule
    return jax.vmap(one.mounted)(chip), counts


@eqx.filter_jit
def _initial(rules: PerChip, chip_keys, gains) -> list[Float[Array, "chips rows columns"]]:
    def draw(key, rule_numbers, gains):
        return rules.of(rule_numbers).initial(list(gains), jax.random.fold_in(key, _WEIGHTS))

    return jax.vmap(draw)(chip_keys, rules.each, gains)


@eqx.filter_jit
def _crossbars(arrays: PerChip, chip_keys, weights, weight_max, amperes) -> tuple[list[Crossbar], Counts]:
    """Apart from the rules, so that all rules for networks of the same sizes share its compiled code."""

    def program(key, hardware_numbers, weights, weight_max, amperes):
        write_key = jax.random.fold_in(key, _PROGRAMMING)
        hardware = arrays.of(hardware_numbers)
        chip, counts = programmed(weights, hardware, list(weight_max), list(amperes), write_key)
        return chip, jax.tree.map(jnp.asarray, counts)

    return jax.vmap(program)(chip_keys, arrays.each, weights, weight_max, amperes)


def of_chips(values: Values, chips: int) -> Float[Array, "chips matrices"]:
    """Broadcast values to all chips."""
    array = jnp.asarray(values, jnp.float32)
    return jnp.broadcast_to(array, (chips, array.shape[-1]))


def programmed(
    weights: Sequence[Float[Array, "_ _"]],
    hardware: Hardware,
    weight_max: Sequence[Number],
    adc_full_scale_amperes: Sequence[Number],
    key: PRNGKeyArray,
) -> tuple[list[Crossbar], Counts]:
    """Program the matrices of one chip.

    Args:
        weights: The initial weights of each matrix.
        hardware: The hardware.
        weight_max: The largest weight that the devices can represent, per matrix.
        adc_full_scale_amperes: Line current at which the ADC clips, per matrix.
        key: Randomness of fabrication and programming.

    Returns:
        One crossbar per matrix, and the counts of the programming.
    """
    chip, total = [], Counts()
    ranges = zip(weight_max, adc_full_scale_amperes, strict=True)
    keys = jax.random.split(key, len(weights))
    for place, matrix, (largest, amperes), matrix_key in zip(jnp.eye(len(weights)), weights, ranges, keys, strict=True):
        synapse, counts = Crossbar.program(matrix, hardware, largest, amperes, matrix_key)
        chip.append(replace(synapse, place=place))
        total = total.plus(counts.placed(place))
    return chip, total


def aged(chips: Chips, seconds: float) -> Chips:
    """Let chips rest for some time, in seconds; ideal weights do not age."""
    return jax.vmap(lambda chip: tuple(synapse.aged(seconds) for synapse in chip))(chips)
