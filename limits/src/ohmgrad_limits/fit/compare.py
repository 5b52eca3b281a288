"""Which law predicts better: AIC, leaving one model out, and later years from earlier ones."""

from dataclasses import asdict, dataclass

import numpy as np
from scipy import stats

from ohmgrad.errors import InputError
from ohmgrad_limits.fit.laws import LAWS, Law
from ohmgrad_limits.fit.line import FEWEST, LEVEL, ordinary
from ohmgrad_limits.fit.points import Points


@dataclass(frozen=True)
class Score:
    """How well a law predicts models that it has not seen, in decades of error (log10)."""

    n: int
    root_mean_square: float | None
    """None where the law predicts an error of 1 or more for one of them."""
    bias: float | None
    """Mean of predicted less actual log10 error: above 0, the models did better than was predicted."""
    log_density: float
    """Mean ln of the predicted density of log10(1/error): the higher, the better."""
    covered: float
    """Share of models inside their 95 % prediction interval."""


@dataclass(frozen=True)
class Comparison:
    """One law's marks; likelihoods are of log10(1/error), so that those of both laws compare."""

    model: str
    aic: float
    leave_one_out: Score
    out_of_time: Score | None

    def as_dict(self) -> dict:
        return asdict(self)


def compare(points: Points, year: float | None = None) -> list[Comparison]:
    """Marks of both laws, fitted by least squares.

    Args:
        points: Of models.
        year: For the score out of time: laws fitted to the models before it predict those from it on; None: no score.

    Raises:
        InputError: Fewer than three models lie before the year, or none from it on.
    """
    return [
        Comparison(law.name, aic(points, law), leave_one_out(points, law), _out(points, law, year))
        for law in LAWS.values()
    ]


def aic(points: Points, law: Law) -> float:
    """Akaike's criterion, three parameters (line and variance), of normal errors in the law's own response."""
    y = law.response(points.error)
    line = ordinary(points.log10_flop, y)
    variance = line.residual_variance * (line.n - 2) / line.n
    log_likelihood = -0.5 * line.n * (np.log(2 * np.pi * variance) + 1) + law.log_density(points.error).sum()
    return float(2 * 3 - 2 * log_likelihood)


def leave_one_out(points: Points, law: Law) -> Score:
    """Each model predicted from all others."""
    rows = np.arange(len(points.models))
    return _score([_predicted(points, law, rows != row, rows == row) for row in rows])


def _out(points: Points, law: Law, year: float | None) -> Score | None:
    return None if year is None else out_of_time(points, law, year)


def out_of_time(points: Points, law: Law, year: float) -> Score:
    """Models of `year` and later predicted from those before."""
    before, after = points.year < year, points.year >= year
    if before.sum() < 3 or not after.any():
        raise InputError(f"year: {before.sum()} models before {year:g}, {after.sum()} from it on; needed: 3 and 1")
    return _score([_predicted(points, law, before, after)])


ENOUGH = 10
"""Models before a year, and from it on, for the share of later ones that an interval held to say something."""


def held_later(points: Points, law: Law) -> dict[int, float]:
    """By year: which share of its models and later ones lie in the 95 % prediction interval of a fit to those before.

    Years with ENOUGH models on both sides; 0.95 is what the interval promises.
    """
    held = {}
    for year in np.unique(points.year[np.isfinite(points.year)]):
        before, after = points.log10_flop[points.year < year], (points.year >= year).sum()
        if min(len(before), after) >= ENOUGH and len(np.unique(before)) >= FEWEST:
            held[int(year)] = out_of_time(points, law, float(year)).covered
    return held


def _predicted(points: Points, law: Law, seen: np.ndarray, unseen: np.ndarray) -> tuple[np.ndarray, ...]:
    """Of the unseen models: log10 error as predicted less actual, log density, whether covered."""
    line = ordinary(points.log10_flop[seen], law.response(points.error[seen]))
    x, error = points.log10_flop[unseen], points.error[unseen]
    y, mean = law.response(error), line.at(x)
    scale = line.half_width(x, new=True) / line.t(LEVEL)
    density = stats.t.logpdf((y - mean) / scale, line.n - 2) - np.log(scale) + law.log_density(error)
    predicted = law.error(mean)
    missed = np.where(predicted < 1, np.log10(predicted) - np.log10(error), np.nan)
    return missed, density, np.abs(y - mean) <= line.half_width(x, new=True)


def _score(parts: list[tuple[np.ndarray, ...]]) -> Score:
    missed, density, covered = (np.concatenate(each) for each in zip(*parts, strict=True))
    said = bool(np.isfinite(missed).all())
    return Score(
        n=len(missed),
        root_mean_square=float(np.sqrt((missed**2).mean())) if said else None,
        bias=float(missed.mean()) if said else None,
        log_density=float(density.mean()),
        covered=float(covered.mean()),
    )
