"""Where the seconds of a cold `ohmgrad train braille` go: each stage timed once, in the order of a run.

python bench/cold_start.py prints a table. A first call of a compiled function includes its compilation.
"""

import time

BEGAN = time.perf_counter()
LAPS: list[tuple[str, float]] = []


def lap(stage: str) -> None:
    global BEGAN
    now = time.perf_counter()
    LAPS.append((stage, now - BEGAN))
    BEGAN = now


def main() -> None:
    import tempfile
    from pathlib import Path

    from ohmgrad import recipes, runs, training
    from ohmgrad.recipes.build import build, resolve
    from ohmgrad.report import page
    from ohmgrad.runs import arms, setup, trials

    lap("import JAX and ohmgrad")
    experiment = resolve(recipes.load("braille"))
    parts = build(experiment)
    lap("check the recipe, build the objects")
    tests = trials.trials(experiment.evaluation, parts.task, arms.chip_keys(experiment.training))
    lap("draw the test words")
    all_arms = arms.arms(setup.of_recipe(experiment, parts))
    starts = {name: arm.start() for name, arm in all_arms.items()}
    lap("initial weights, programming of the arrays")
    keys, batch, epochs = arms.chip_keys(experiment.training), experiment.training.batch, experiment.training.epochs
    for name, arm in all_arms.items():
        rule, rates, progress = arm.rule, arm.learning_rates, starts[name]
        progress = training.train(rule, parts.task, progress, keys, learning_rates=rates, epochs=1, batch=batch)
        lap(f"{name}: first epoch, compiled")
        training.train(rule, parts.task, progress, keys, learning_rates=rates, epochs=epochs, batch=batch)
        lap(f"{name}: the other {epochs - 1} epochs")
        for number, test in enumerate(tests):
            answers = training.answer(rule, parts.task, progress.chips, test.x, test.truth, test.keys)
            answers.right.mean(1).block_until_ready()
            if number == 0:
                lap(f"{name}: first test, compiled")
        lap(f"{name}: the other {len(tests) - 1} tests")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "run"
        short = recipes.load("braille", ["training.epochs=1", "data.copies=1", "evaluation.copies=1"])
        runs.run("braille", *runs.begin("braille", short, folder), folder)
        lap("(a one-epoch run to have a folder; not part of a cold start)")
        page.write(folder)
        lap("report.html")
    print("| stage | seconds |\n|---|---|")
    for stage, seconds in LAPS:
        print(f"| {stage} | {seconds:.2f} |")
    print(f"| total, without the line in brackets | {sum(s for stage, s in LAPS if stage[0] != '('):.2f} |")


if __name__ == "__main__":
    main()
