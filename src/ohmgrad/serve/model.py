"""A trained run as a model: answers to batches of samples, each with a seed of its own, in compiled code."""

from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ohmgrad import runs, training
from ohmgrad.chips import conductances, weights
from ohmgrad.errors import InputError
from ohmgrad.ledger import Bill
from ohmgrad.networks import SettlingNetwork
from ohmgrad.networks.settling import Verdict
from ohmgrad.recipes import Experiment, priced
from ohmgrad.runs import arms
from ohmgrad.runs.checkpoint import NAME
from ohmgrad.runs.folder import PROBES, RECIPE, SUMMARY
from ohmgrad.runs.probes import Probes
from ohmgrad.runs.probes import read as read_probes
from ohmgrad.serve.samples import Samples, samples

Answering = Literal["first", "mean", "vote"]
GPU_BATCH = 64
"""Samples that a digital processor is priced to answer at once."""
_CHANCE = 1e-6
"""A model whose probes come out as bad as this is by chance alone is taken to be damaged."""


class Answers(NamedTuple):
    """Answers to a batch, as NumPy arrays with a leading axis over samples.

    Attributes:
        output: Outputs: of the chip, the mean over chips, or the share of the chips that vote for each.
        residual: Largest change of a neuron in the last sweep; the largest of the chips.
        settled: Whether the network settled, on all chips.
        sweeps: Sweeps made; the mean over chips.
    """

    output: np.ndarray
    residual: np.ndarray
    settled: np.ndarray
    sweeps: np.ndarray


class Price(NamedTuple):
    """What one answer costs, at nominal figures: on the chip (None without one), and on the best digital processor."""

    joules: float | None
    seconds: float | None
    gpu_joules: float
    gpu_seconds: float


class Prices(NamedTuple):
    """Prices of an answer after one sweep and after the largest number of sweeps; between them they are linear."""

    least: Price
    most: Price
    sweeps: int
    machine: str

    def after(self, sweeps: float) -> Price:
        """The price of an answer that took a number of sweeps."""
        share = (sweeps - 1) / (self.sweeps - 1) if self.sweeps > 1 else 1.0
        return Price(*(_between(*pair, share) for pair in zip(self.least, self.most, strict=True)))


def _between(least: Any, most: Any, share: float) -> Any:
    return None if most is None else least + share * (most - least)


class Model:
    """An arm of a finished run. It never changes, so any number of requests may use it.

    Args:
        folder: Folder of the run.
        arm: Arm of the run; None: the first, crossbar if there is one.
        answering: Which chips answer: the first; the mean of all outputs; or the vote of all answers.
        largest: Largest batch; smaller ones are filled up to a power of two.

    Raises:
        InputError: if the folder holds no finished run, or one without such an arm, or is damaged.
    """

    def __init__(self, folder: Path, arm: str | None = None, answering: Answering = "first", largest: int = 64) -> None:
        self.folder, self.answering, self.largest = folder, answering, largest
        self.stamp = stamp(folder)
        self.result = runs.load(folder)
        self.arm = next(iter(self.result.progress)) if arm is None else arm
        if self.arm not in self.result.progress:
            raise InputError(f"{folder}: no arm '{arm}'; allowed: {', '.join(self.result.progress)}")
        self.samples: Samples = samples(self.recipe, self.result.summary)
        chips = self.result.chips[self.arm]
        keys = arms.chip_keys(self.result.setup.training)
        if answering == "first":
            chips, keys = jax.tree.map(lambda leaf: leaf[:1] if eqx.is_array(leaf) else leaf, chips), keys[:1]
        self.keys = jax.vmap(lambda key: jax.random.fold_in(key, training.SERVING))(keys)
        self.chips = chips
        self.rule = self.result.setup.rules[self.arm]
        self._numbers, fixed = eqx.partition((chips, self.keys), eqx.is_array)
        powers = (1 << power for power in range(largest.bit_length()))
        self.sizes = [*(size for size in powers if size < largest), largest]
        """Compiled sizes of batches: powers of two, the largest at the end."""
        self._compiled: dict[int, Any] = {}
        self._jitted = jax.jit(lambda numbers, x, seeds: self._traced(eqx.combine(numbers, fixed), x, seeds))

    @property
    def recipe(self) -> Experiment:
        """The resolved recipe of the run."""
        assert self.result.recipe is not None
        return self.result.recipe

    @property
    def outputs(self) -> int:
        """Numbers of an output."""
        return self.samples.shape[0] if self.samples.classes is None else len(self.samples.classes)

    @property
    def accuracy(self) -> float:
        """Share of right answers of the arm in the headline test of its run, mean over chips."""
        return float(self.result.summary["test_accuracy"][self.arm]["mean"])

    def compile(self) -> None:
        """Compile all sizes and price an answer; answers before that do what they need."""
        for size in self.sizes:
            self._of_size(size)
        _ = self.prices

    def _of_size(self, size: int) -> Any:
        if size not in self._compiled:
            x = jax.ShapeDtypeStruct((size, *self.samples.shape), jnp.float32)
            seeds = jax.ShapeDtypeStruct((size,), jnp.uint32)
            self._compiled[size] = self._jitted.lower(self._numbers, x, seeds).compile()
        return self._compiled[size]

    def answer(self, x: np.ndarray, seeds: np.ndarray) -> Answers:
        """Answer samples. A sample's answer depends on it and its seed, not on the others.

        Args:
            x: Samples as they are given, which `Samples.check` has passed: float32, (samples, ...).
            seeds: Seed of the read noise of each sample: uint32.
        """
        parts = [
            self._batch(x[i : i + self.largest], seeds[i : i + self.largest]) for i in range(0, len(x), self.largest)
        ]
        return parts[0] if len(parts) == 1 else Answers(*map(np.concatenate, zip(*parts, strict=True)))

    def _batch(self, x: np.ndarray, seeds: np.ndarray) -> Answers:
        number = len(x)
        size = next(size for size in self.sizes if size >= number)
        if size > number:
            x = np.concatenate([x, np.zeros((size - number, *x.shape[1:]), np.float32)])
            seeds = np.concatenate([seeds, np.zeros(size - number, np.uint32)])
        found = self._of_size(size)(self._numbers, x, seeds)
        return Answers(*(np.asarray(each)[:number] for each in found))

    def _traced(self, chips_and_keys, x, seeds) -> Any:
        """The fields of `Answers` in compiled code: every chip, every sample by itself."""
        chips, keys = chips_and_keys
        inputs = self.samples.seen(x)

        def of_chip(chip, key):
            def of_sample(x, seed):
                found = self.rule.infer(chip, x[None], jax.random.fold_in(key, seed))
                settled = found.verdict[0] == Verdict.SETTLED
                return found.output[0], found.residual[0], settled, jnp.asarray(found.sweeps, jnp.float32)

            return jax.vmap(of_sample)(inputs, seeds)

        output, residual, settled, sweeps = jax.vmap(of_chip)(chips, keys)
        return self._together(output), residual.max(0), settled.all(0), sweeps.mean(0)

    def _together(self, output):
        """The output of all chips, (chips, samples, outputs), as one."""
        if self.answering != "vote":
            return output.mean(0)
        if self.samples.classes is None:
            return jnp.sign(output).mean(0)
        return jax.nn.one_hot(output.argmax(-1), output.shape[-1]).mean(0)

    @cached_property
    def prices(self) -> Prices:
        """What an answer costs on the chip, whose arms are simulated, and on the best digital processor.

        Chips that answer together each cost what one does.
        """
        free = getattr(self.rule, "free", None)
        most = 1 if free is None else free.sweeps
        dearest = self._bills(None)
        cheapest = dearest if free is None or free.tolerance is None else self._bills(1)
        return Prices(self._price(cheapest), self._price(dearest), most, self._digital(dearest).machine)

    def _bills(self, sweeps: int | None) -> dict[str, Bill]:
        trained = self.result.progress["crossbar"].mean_counts() if self.arm == "crossbar" else None
        return priced.per_answer(self.recipe, priced.machines(self.recipe), GPU_BATCH, trained, sweeps).named

    def _digital(self, bills: dict[str, Bill]) -> Bill:
        return bills["digital_backprop" if self.arm == "backprop" else "digital"]

    def _price(self, bills: dict[str, Bill]) -> Price:
        chips, chip, digital = self.keys.shape[0], bills.get("chip"), self._digital(bills)
        joules = None if chip is None else chips * chip.joules.nominal
        seconds = None if chip is None else chip.seconds.nominal
        return Price(joules, seconds, chips * digital.joules.nominal, chips * digital.seconds.nominal)

    def check(self) -> str:
        """Check the model on the probes of its run.

        Returns:
            What was checked, in words.

        Raises:
            InputError: if an answer is not finite, or so few are right that the model must be damaged.
        """
        probes = read_probes(self.folder / PROBES) if (self.folder / PROBES).exists() else self._drawn()
        found = self.answer(probes.x, np.arange(len(probes.x), dtype=np.uint32))
        if not np.isfinite(found.output).all():
            raise InputError(f"{self.folder}: the model's answer to a probe is not finite")
        if probes.truth is None:
            return f"{len(probes.x)} random probes: finite answers"
        right = self._right(found.output, probes.truth)
        self._check_right(int(right.sum()), len(right))
        return f"{int(right.sum())} of {len(right)} probes right"

    def _right(self, output: np.ndarray, truth: np.ndarray) -> np.ndarray:
        if self.samples.classes is not None:
            return output.argmax(-1) == truth
        return ((output > 0) == (truth > 0)).all(-1)

    def _check_right(self, right: int, number: int) -> None:
        from scipy.stats import binom

        # A chip alone may have learnt worse than the mean of all: what was last seen of it in training tells.
        by_chip = self.result.curve[self.arm][-1][1][: len(self.keys)]
        expected = min(self.accuracy, float(by_chip.mean()))
        if binom.cdf(right, number, expected) < _CHANCE:
            raise InputError(
                f"{self.folder}: {right} of {number} probes are right, its test had {100 * expected:.1f} % right: "
                "the model is damaged"
            )

    def _drawn(self) -> Probes:
        """Random probes, of a run that kept none."""
        return Probes(np.random.default_rng(0).uniform(0, 1, (16, *self.samples.shape)).astype(np.float32), None)

    @cached_property
    def layers(self) -> list[np.ndarray]:
        """Weights of the first chip, per layer: (rows, columns)."""
        return [np.asarray(each[0]) for each in weights(self.chips)]

    @cached_property
    def siemens(self) -> list[dict[str, float]]:
        """Least, mean and largest conductance of the devices of each layer in siemens; empty without crossbars."""
        found = conductances(self.chips)
        return [{"least": float(g.min()), "mean": float(g.mean()), "largest": float(g.max())} for g in found]

    @property
    def settles(self) -> bool:
        """Whether the network settles to its answer."""
        return isinstance(self.rule.network, SettlingNetwork)


def stamp(folder: Path) -> tuple[int, ...]:
    """Tells whether the files of a run have changed since."""
    files = (folder / name for name in (RECIPE, SUMMARY, NAME))
    return tuple(number for file in files for number in (file.stat().st_mtime_ns, file.stat().st_size))
