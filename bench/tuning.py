"""Learning rates of a recipe, tuned on its validation split: the same number of trials for every arm, no test sample.

python bench/tuning.py RECIPE [--trials 40] [--set FIELD=VALUE ...] draws rates at random, log-uniform within --fold of
the recipe's own, which are the first trial. It trains each arm with them on a few chips, and with the best ones and
the recipe's own once more on other chips. It prints the latter: right answers to validation samples with 95 %
intervals, and the paired difference to the recipe's own rates.
"""

import argparse

import numpy as np

from ohmgrad import intervals, recipes, training
from ohmgrad.recipes.build import build, resolve
from ohmgrad.runs import arms, setup, trials
from ohmgrad.runs.trainer import schedule


class Bench:
    """The arms of a recipe on chips of some seeds."""

    def __init__(self, recipe: str, settings: list[str], seed: int, chips: int) -> None:
        self.experiment = resolve(recipes.load(recipe, [*settings, f"training.seed={seed}", f"training.seeds={chips}"]))
        parts = build(self.experiment)
        self.task, self.keys = parts.task, arms.chip_keys(self.experiment.training)
        self.arms = arms.arms(setup.of_recipe(self.experiment, parts))
        held_back = trials.validation(self.experiment.evaluation, self.task, self.keys)
        if held_back is None:
            raise SystemExit(f"{recipe} has no validation images: --set data.validation=0.1")
        self.held_back = held_back

    def right(self, name: str, rates: list[float]) -> np.ndarray:
        """Which validation samples each chip of an arm gets right, (chips, samples), trained with these rates."""
        arm, settings = self.arms[name], self.experiment.training
        options = {"epochs": settings.epochs, "batch": settings.batch, "schedule": schedule(settings)}
        done = training.train(arm.rule, self.task, arm.start(), self.keys, learning_rates=rates, **options)
        answers = training.answer(arm.rule, self.task, done.chips, *self.held_back[1:])
        return np.asarray(answers.right)


def search(options: argparse.Namespace, name: str, own: np.ndarray) -> list[list[float]]:
    """The best rates of an arm among those drawn, best first; its own, which are the first trial, left out."""
    bench, random = Bench(options.recipe, options.settings, 1000, options.chips), np.random.default_rng(0)
    drawn = own * options.fold ** random.uniform(-1, 1, (options.trials - 1, len(own)))
    rates = np.round([own, *drawn], 4).tolist()
    found = [bench.right(name, each).mean() for each in rates]
    return [rates[trial] for trial in np.argsort(found)[::-1] if trial != 0][: options.finalists]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--trials", type=int, default=40, help="of each arm")
    parser.add_argument("--fold", type=float, default=4.0, help="farthest from the recipe's rates")
    parser.add_argument("--chips", type=int, default=2, help="of each trial, seeds from 1000 on")
    parser.add_argument("--finalists", type=int, default=4)
    parser.add_argument("--final-chips", type=int, default=10, help="of each finalist, seeds from 2000 on")
    parser.add_argument("--arms", nargs="+", help="none: all")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--rates", nargs="+", type=float, help="only these beside the recipe's own, no search")
    options = parser.parse_args()
    last = Bench(options.recipe, options.settings, 2000, options.final_chips)
    print("| arm | learning rates | right answers, 95 % | less the recipe's own rates, points |\n|---|---|---|---|")
    for name in options.arms or last.arms:
        own = last.arms[name].learning_rates
        rates = [own, options.rates] if options.rates else [own, *search(options, name, np.array(own))]
        before, shared = last.right(name, rates[0]), last.held_back.truth.ndim == 1
        for trial, each in enumerate(rates):
            after = last.right(name, each) if trial else before
            mean, _, low, high = intervals.estimate(after, shared)
            apart, _, less, more = (100 * part for part in intervals.difference(after, before, shared))
            difference = f"{apart:+.2f} [{less:+.2f}, {more:+.2f}]" if trial else "–"
            print(f"| {name} | {each} | {mean:.4f} [{low:.4f}, {high:.4f}] | {difference} |", flush=True)


if __name__ == "__main__":
    main()
