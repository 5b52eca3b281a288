"""Oracle: the arrays themselves."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np

import ohmgrad
from ohmgrad.data import ArrayTask


def test_an_epoch_holds_every_sample_with_its_own_target_and_fills_the_last_batch_up():
    x = jnp.arange(14.0).reshape(7, 2)
    task = ArrayTask(x, jnp.array([0, 1, 2, 0, 1, 2, 0]), 3)
    assert (task.inputs, task.outputs, task.samples, task.image) == (2, 3, 7, (2,))
    order, keys = task.epoch(jax.random.key(3), 3)
    assert sorted(set(np.asarray(order).ravel().tolist())) == list(range(7)) and order.shape == (3, 3)
    for element in zip(order, keys, strict=True):
        samples, target = task.batch(element)
        index = (np.asarray(samples)[:, 0] / 2).astype(int)
        assert np.asarray(target).argmax(1).tolist() == np.asarray(task.y)[index].tolist()
        assert np.asarray(target).sum(1).tolist() == [1.0] * 3


def test_the_largest_output_is_the_answer():
    task = ArrayTask(jnp.zeros((3, 2)), jnp.array([0, 1, 1]), 2)
    output = jnp.array([[0.2, 0.1], [0.2, 0.1], [-3.0, -2.0]])
    assert task.right(output, task.y).tolist() == [True, False, True]


def test_rooms_are_there_by_name_and_imported_when_named():
    assert ohmgrad.networks.LayeredHopfield(3, (4,), 2).layers == (3, 4, 2)
    assert set(ohmgrad.__all__) <= set(dir(ohmgrad))
    code = "import sys, ohmgrad; assert 'jax' not in sys.modules; ohmgrad.rules.Rule; assert 'jax' in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_its_test_set_is_all_samples_with_their_classes():
    task = ArrayTask(jnp.arange(6.0).reshape(3, 2), jnp.array([1, 0, 1]), 2)
    x, classes = task.test_set(jax.random.key(0))
    assert task.sample == (2,) and task.inputs == 2
    assert (task.right(jax.nn.one_hot(classes, 2), classes)).all() and (x == task.x).all()
