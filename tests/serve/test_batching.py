"""Oracle: the same samples answered alone; arithmetic of queues and deadlines."""

import asyncio

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ohmgrad.serve.batching import Batcher, Late, Limits, Overloaded
from ohmgrad.serve.lab import NONE, Effects, Looks
from ohmgrad.serve.model import Model

SAMPLES = 8


def look(model, x, seed, effects):
    return asyncio.run(Looks().look(model, x, seed, effects))


@pytest.fixture(scope="module")
def model(braille_run):
    return Model(braille_run, largest=SAMPLES)


@pytest.fixture(scope="module")
def x(model):
    return np.random.default_rng(0).choice([-1.0, 1.0], (40, 60)).astype(np.float32)


@pytest.fixture(scope="module")
def alone(model, x):
    """Every sample answered by itself, with its number as seed."""
    return np.concatenate([model.answer(x[[i]], np.array([i], np.uint32)).output for i in range(len(x))])


def test_an_answer_does_not_depend_on_its_batch(model, x, alone):
    rng = np.random.default_rng(1)
    for size in range(1, SAMPLES + 1):
        for _ in range(3):
            picked = rng.permutation(len(x))[:size]
            found = model.answer(x[picked], picked.astype(np.uint32))
            np.testing.assert_array_equal(found.output, alone[picked])


def test_a_request_larger_than_a_batch_is_cut(model, x, alone):
    np.testing.assert_array_equal(model.answer(x, np.arange(len(x), dtype=np.uint32)).output, alone)


def test_seeds_draw_other_noise(model, x, alone):
    """Otherwise the tests above could not fail for a forgotten key."""
    other = model.answer(x[:8], np.arange(100, 108, dtype=np.uint32)).output
    assert (other != alone[:8]).any(-1).all()


def test_concurrent_requests_get_their_own_answers_from_shared_batches(model, x, alone):
    batches = []

    async def all_at_once():
        batcher = Batcher(model, Limits(0.005, 1000), lambda samples, _: batches.append(samples))
        cuts = [slice(i, i + 1 + i % 3) for i in range(37)]
        asked = [batcher.answer(x[cut], np.arange(cut.start, cut.stop, dtype=np.uint32)) for cut in cuts]
        found = await asyncio.gather(*asked)
        await batcher.close()
        return cuts, found

    cuts, found = asyncio.run(all_at_once())
    for cut, answers in zip(cuts, found, strict=True):
        np.testing.assert_array_equal(answers.output, alone[cut])
    assert sum(batches) == sum(cut.stop - cut.start for cut in cuts)
    assert max(batches) <= SAMPLES and len(batches) < len(cuts) / 2


def test_a_batch_waits_no_longer_than_its_window(model, x):
    """Two requests within the window share a batch; without a window each gets its own."""

    async def batches(window: float) -> int:
        seen = []
        batcher = Batcher(model, Limits(window, 100), lambda *batch: seen.append(batch))
        first = asyncio.ensure_future(batcher.answer(x[:1], np.zeros(1, np.uint32)))
        await asyncio.sleep(0.05)
        await asyncio.gather(first, batcher.answer(x[:1], np.zeros(1, np.uint32)))
        await batcher.close()
        return len(seen)

    assert asyncio.run(batches(1.0)) == 1
    assert asyncio.run(batches(0.0)) == 2


def test_a_full_queue_refuses_and_serves_on(model, x):
    async def flooded():
        batcher = Batcher(model, Limits(0.0, 10))
        asked = [asyncio.ensure_future(batcher.answer(x[:4], np.zeros(4, np.uint32))) for _ in range(5)]
        done = await asyncio.gather(*asked, return_exceptions=True)
        again = await batcher.answer(x[:4], np.zeros(4, np.uint32))
        await batcher.close()
        return done, again

    done, again = asyncio.run(flooded())
    refused = [each for each in done if isinstance(each, Overloaded)]
    assert len(refused) == 3 and all(each.seconds >= 1 for each in refused)
    assert again.output.shape == (4, 6)


def test_a_late_request_is_dropped_and_the_next_answered(model, x):
    async def hurried():
        batcher = Batcher(model, Limits(0.2, 100))
        with pytest.raises(Late):
            await batcher.answer(x[:1], np.zeros(1, np.uint32), 0.01)
        found = await batcher.answer(x[:1], np.zeros(1, np.uint32), 30)
        await batcher.close()
        return found

    assert len(asyncio.run(hurried()).output) == 1


def test_closing_answers_what_waits(model, x):
    async def closed():
        batcher = Batcher(model, Limits(0.5, 100))
        asked = [asyncio.ensure_future(batcher.answer(x[:2], np.zeros(2, np.uint32))) for _ in range(3)]
        await asyncio.sleep(0)
        await batcher.close()
        return [len((await each).output) for each in asked]

    assert asyncio.run(closed()) == [2, 2, 2]


@pytest.mark.parametrize("answering", ["mean", "vote"])
def test_chips_answer_together(braille_run, x, answering):
    """Oracle: the rule's own inference, chip by chip and sample by sample, put together by hand."""
    both = Model(braille_run, answering=answering, largest=SAMPLES)
    found = both.answer(x[:3], np.arange(3, dtype=np.uint32)).output
    each = np.zeros((2, 3, 6))
    for chip, sample in np.ndindex(2, 3):
        synapses = jax.tree.map(lambda leaf, chip=chip: leaf[chip], both.chips)
        key = jax.random.fold_in(both.keys[chip], np.uint32(sample))
        each[chip, sample] = both.rule.infer(synapses, jnp.asarray(x[[sample]]), key).output[0]
    expected = each.mean(0) if answering == "mean" else np.eye(6)[each.argmax(-1)].mean(0)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_sweep_by_sweep_look_ends_in_the_answer(model, x):
    found = look(model, x[:1], 5, NONE)
    answer = model.answer(x[:1], np.array([5], np.uint32))
    np.testing.assert_allclose(found["output"], answer.output[0], atol=1e-3)
    assert [len(layer["sweeps"]) for layer in found["layers"]] == [answer.sweeps[0]] * 2
    np.testing.assert_allclose(found["residual"], answer.residual[0], atol=1e-6)


def test_effects_change_what_is_seen(model, x):
    """A 4-bit converter gives at most 16 values; wires and age move the answer."""
    as_it_is = look(model, x[:1], 5, NONE)
    coarse = look(model, x[:1], 5, Effects.model_validate({"adc_bits": 4, "without": ["read_noise"]}))
    assert (
        len(set(coarse["layers"][0]["sweeps"][0]))
        <= 16
        < len(set(look(model, x[:1], 5, NONE)["layers"][0]["sweeps"][0]))
    )
    for effect in ({"wire_ohms": 20.0}, {"without": ["adc", "dac", "read_noise"]}):
        changed = look(model, x[:1], 5, Effects.model_validate(effect))
        assert changed["output"] != as_it_is["output"]
