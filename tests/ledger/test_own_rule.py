"""Oracle: a rule of one's own, whose verbs are counted by hand; refusals where nobody could count them."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from ohmgrad import cost, devices, footprint, ledger, rules
from ohmgrad.counts import Counts, Verb
from ohmgrad.crossbar import Hardware
from ohmgrad.errors import InputError
from ohmgrad.networks import Network, Write, with_bias
from ohmgrad.synapses import Fixed
from ohmgrad.synapses.synapse import counted

BATCH, INPUTS, HIDDEN, OUTPUTS = 5, 12, 7, 3
X, TARGET = (jax.ShapeDtypeStruct((BATCH, each), jnp.float32) for each in (INPUTS, OUTPUTS))
FIRST, SECOND = (INPUTS + 1, HIDDEN), (HIDDEN + 1, OUTPUTS)


class TwoMatrices(Network):
    """Two matrices, and whatever a rule makes of them."""

    @property
    def shapes(self):
        return FIRST, SECOND


class Wandering(rules.Rule):
    """Sends an activity to and fro some times, and writes by what a matrix of its own makes of the target."""

    network: Network = TwoMatrices()
    turns: int = eqx.field(static=True, default=4)
    inner: int = eqx.field(static=True, default=1)

    def infer(self, synapses, x, key):
        drive, counts = synapses[0].read(with_bias(x), key)
        hidden = jnp.tanh(drive)

        def one(_, carry):
            hidden, total = carry
            output, up = synapses[1].read(with_bias(hidden), key)
            back, down = synapses[1].read_transposed(output, key)
            total = jax.tree.map(lambda one, more: one + jnp.asarray(more, jnp.float32), total, up.plus(down))
            return jnp.tanh(back[:, :-1]), total._replace(neuron_updates=total.neuron_updates + hidden.size)

        def turn(carry, _):
            return jax.lax.fori_loop(0, self.inner, one, carry), None

        nothing = jax.tree.map(lambda _: jnp.zeros(()), Counts())
        (hidden, total), _ = jax.lax.scan(turn, (hidden, nothing), None, self.turns)
        output, more = synapses[1].read(with_bias(hidden), key)
        return rules.Inference.in_one_pass(output, counts.plus(total).plus(more))

    def learn(self, synapses, x, target, key):
        inference = self.infer(synapses, x, key)
        sent, more = Fixed(jnp.ones((OUTPUTS, HIDDEN))).read(target, key)
        counts = inference.counts.plus(more).plus(counted("read", BATCH, 2, 9, digital=True))
        return rules.Learned([Write(with_bias(x), sent), Write(with_bias(sent), target)], inference, counts)


def verbs(rule: rules.Rule) -> dict[tuple, float]:
    return {verb._replace(times=0.0): verb.times for verb in cost.learning(rule, X, TARGET).verbs}


@pytest.mark.parametrize(("turns", "inner"), [(4, 1), (3, 2)])
def test_verbs_are_counted_with_the_loops_around_them(turns, inner):
    loops = float(turns * inner)
    assert verbs(Wandering(turns=turns, inner=inner)) == {
        Verb("read", *FIRST, BATCH, 0.0): 1,
        Verb("read", *SECOND, BATCH, 0.0): loops + 1,
        Verb("read_transposed", *SECOND, BATCH, 0.0): loops,
        Verb("read", OUTPUTS, HIDDEN, BATCH, 0.0, digital=True): 1,
        Verb("read", 2, 9, BATCH, 0.0, digital=True): 1,
        Verb("write", *FIRST, BATCH, 0.0): 1,
        Verb("write", *SECOND, BATCH, 0.0): 1,
    }
    found = cost.learning(Wandering(turns=turns, inner=inner), X, TARGET)
    assert found.neuron_updates == loops * BATCH * HIDDEN
    assert (found.edge_inputs, found.edge_outputs) == (BATCH * (INPUTS + OUTPUTS), BATCH * OUTPUTS)


def test_it_is_priced_on_a_chip_and_on_a_gpu():
    """Conversions on one tile, of pairs of devices; those of products of a digital unit there are none."""
    rule, hardware = Wandering(), Hardware(devices.preset("taox-1t1r"))
    asked = cost.learning(rule, X, TARGET)
    counts = cost.on_arrays(rule, hardware, asked)
    assert counts.reads == BATCH * (1 + 5 + 4)
    assert counts.dac_conversions == 2 * BATCH * (FIRST[0] + 5 * SECOND[0] + 4 * SECOND[1])
    assert counts.adc_conversions == BATCH * (FIRST[1] + 5 * SECOND[1] + 4 * SECOND[0])
    assert counts.update_macs == BATCH * (FIRST[0] * FIRST[1] + SECOND[0] * SECOND[1])
    programmed = cost.programming(rule, hardware).programs
    assert programmed == 2 * (FIRST[0] * FIRST[1] + SECOND[0] * SECOND[1])
    chip = ledger.price_chip(counts, ledger.chip("taox-64x64"))
    gpu = ledger.best(ledger.opponents(asked.verbs, (footprint.processor("h100-sxm"),), BATCH)).bill
    for bill in (chip, gpu):
        assert 0 < bill.joules.low <= bill.joules.nominal <= bill.joules.high


def test_a_choice_is_priced_by_its_larger_branch():
    class Choosing(Wandering):
        def infer(self, synapses, x, key):
            def read(times):
                output, counts = synapses[1].read(jnp.ones((times * BATCH, HIDDEN + 1)), key)
                return output[:BATCH], jax.tree.map(lambda count: jnp.asarray(count, jnp.float32), counts)

            output, counts = jax.lax.cond(x.sum() > 0, lambda: read(1), lambda: read(2))
            return rules.Inference.in_one_pass(output, counts)

    (verb,) = cost.answering(Choosing(), X).verbs
    assert verb == Verb("read", *SECOND, 2 * BATCH, 1.0)


def broken(infer) -> rules.Rule:
    return type("Broken", (Wandering,), {"infer": infer})()


def endless(self, synapses, x, key):
    def turn(carry):
        hidden, calls = carry
        output, counts = synapses[1].read(with_bias(hidden), key)
        return hidden * output.sum(), calls + counts.calls

    hidden, calls = jax.lax.while_loop(lambda carry: carry[0].sum() > 1, turn, (x[:, :HIDDEN], jnp.zeros(())))
    return rules.Inference.in_one_pass(hidden[:, :OUTPUTS], Counts(calls=calls))


def forgetful(self, synapses, x, key):
    drive, counts = synapses[0].read(with_bias(x), key)
    output, _ = jax.vmap(lambda h: synapses[1].read(with_bias(h[None]), key))(drive)
    more = Counts(calls=7.0)
    return rules.Inference.in_one_pass(output[:, 0], counts.plus(more))


def by_values(self, synapses, x, key):
    output, counts = synapses[0].read(with_bias(x), key)
    return rules.Inference.in_one_pass(output, counts._replace(neuron_updates=(output > 0).sum()))


REFUSED: dict[str, tuple[Any, str]] = {
    "a loop that values end": (endless, "allowed: scan, or fori_loop of a fixed length"),
    "counts that are not those of its verbs": (forgetful, "needed: the counts that every verb returns"),
    "neurons that values choose": (by_values, "its neuron_updates depend on values"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_nobody_could_count_is_refused_in_one_sentence(fault):
    infer, says = REFUSED[fault]
    with pytest.raises(InputError, match=says) as refused:
        cost.answering(broken(infer), X)
    assert "\n" not in str(refused.value)
