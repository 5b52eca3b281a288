"""`ohmgrad limits simulate`: why flexible models need so much computation."""

import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from ohmgrad import files
from ohmgrad.cli.console import AsJson, check_target, out, print_json
from ohmgrad.errors import InputError, unknown
from ohmgrad_limits.cli import grids

if TYPE_CHECKING:
    from ohmgrad_limits.claims.simulation import Setting


def simulate_command(
    example: Annotated[
        str, typer.Argument(help="Published example: figure-1 (1,000 features) or x-ray (100 features).")
    ] = "figure-1",
    features: Annotated[int | None, typer.Option(help="Number of features.")] = None,
    relevant: Annotated[int | None, typer.Option(help="Number of relevant features.")] = None,
    wrong: Annotated[int | None, typer.Option(help="Number of wrong features of the expert.")] = None,
    noise: Annotated[
        float | None, typer.Option(help="Standard deviation of the noise, relative to that of the predictable part.")
    ] = None,
    penalty: Annotated[
        float | None, typer.Option(help="Penalty of the LASSO, relative to noise sqrt(2 ln p / n).")
    ] = None,
    coefficients: Annotated[
        str | None, typer.Option(help="Coefficients of the relevant features: equal or gaussian.")
    ] = None,
    passes: Annotated[int | None, typer.Option(help="Passes of coordinate descent counted for a LASSO.")] = None,
    sizes: Annotated[str | None, typer.Option(metavar="N,N,...", help="Numbers of samples.")] = None,
    simulations: Annotated[int | None, typer.Option(help="Number of simulations to average over.")] = None,
    seed: Annotated[int | None, typer.Option(help="Random seed.")] = None,
    vary: Annotated[
        bool, typer.Option("--vary", help="Also vary each parameter that is unknown in the original.")
    ] = False,
    picture: Annotated[Path | None, typer.Option("--out", metavar="FILE.svg", help="Picture to write.")] = None,
    as_json: AsJson = False,
) -> None:
    """Simulate an expert model against flexible models: performance by sample size and by computation.

    y is linear in a few of many Gaussian features, plus noise. The oracle uses
    the relevant features, the expert has one of them wrong, the flexible model
    uses all features (least squares), and so does the regularised one (LASSO).
    Performance is -log10 of the mean squared distance to the best predictor,
    divided by the predictor's variance. Noise, coefficients, penalty and
    operation count of the published figure are unknown; they are options here,
    and --vary shows how much they matter.

    Examples:

      ohmgrad limits simulate x-ray
      ohmgrad limits simulate x-ray --noise 0.3 --simulations 300 --out noise.svg
    """
    if picture is not None:
        check_target("--out", picture, ".svg")
    setting = _setting(
        example,
        features=features,
        relevant=relevant,
        wrong=wrong,
        noise=noise,
        penalty=penalty,
        coefficients=coefficients,
        passes=passes,
        sizes=None if sizes is None else _numbers(sizes),
        simulations=simulations,
        seed=seed,
    )
    _simulate(setting, vary, picture, as_json)


def _simulate(setting: "Setting", vary: bool, picture: Path | None, as_json: bool) -> None:
    from ohmgrad_limits.claims.simulation import simulate, variations
    from ohmgrad_limits.show import pictures, tables

    found = simulate(setting)
    varied = variations(setting, found) if vary else []
    if picture is not None:
        files.write(picture, pictures.simulated(found))
    if as_json:
        print_json({**asdict(found), "variations": [asdict(each) for each in varied]})
        return
    grids.show(tables.simulated(found), *([tables.variations(varied)] if vary else []))
    if picture is not None:
        out.print(escape(str(picture)), highlight=False, soft_wrap=True)


def _setting(example: str, **given: Any) -> "Setting":
    """An example's setting with the given values replaced."""
    from ohmgrad_limits.claims.simulation import EXAMPLES

    if example not in EXAMPLES:
        raise unknown("example", example, EXAMPLES)
    return replace(EXAMPLES[example], **{name: value for name, value in given.items() if value is not None})


def _numbers(text: str) -> tuple[int, ...]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = [math.nan]
    if not all(number.is_integer() for number in numbers):
        raise InputError(f"sizes: {text!r}; allowed: whole numbers of samples, as 20,50,100")
    return tuple(map(int, numbers))
