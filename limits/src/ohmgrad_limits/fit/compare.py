"""Which law predicts better: AIC, leave-one-out prediction, prediction of later years from earlier ones."""

from dataclasses import asdict, dataclass

import numpy as np
from scipy import stats

from ohmgrad.errors import InputError
from ohmgrad_limits.fit.laws import LAWS, Law
from ohmgrad_limits.fit.line import FEWEST, LEVEL, ordinary
from ohmgrad_limits.fit.points import Points


@dataclass(frozen=True)
class Score:
    """How well a law predicts models that it was not fitted to, in decades of error (log10)."""

    n: int
    root_mean_square: float | None
    """None if the law predicts an error of 1 or more for one of them."""
    bias: float | None
    """Mean of predicted minus actual log10 error; above 0 the models are better than predicted."""
    log_density: float
    """Mean of ln of the predicted density of log10(1/error); higher is better."""
    covered: float
    """Fraction of models inside their 95 % prediction interval."""


@dataclass(frozen=True)
class Comparison:
    """Scores of one law. Likelihoods are of log10(1/error), so that both laws can be compared."""

    model: str
    aic: float
    leave_one_out: Score
    out_of_time: Score | None

    def as_dict(self) -> dict:
        return asdict(self)


def compare(points: Points, year: float | None = None) -> list[Comparison]:
    """Scores of both laws, fitted by least squares.

    Args:
        points: The models.
        year: Laws fitted to the models before this year predict those from it on; None omits this score.

    Raises:
        InputError: There are fewer than three models before the year, or none from it on.
    """
    return [
        Comparison(law.name, aic(points, law), leave_one_out(points, law), _out(points, law, year))
        for law in LAWS.values()
    ]


def aic(points: Points, law: Law) -> float:
    """Akaike's criterion with three parameters (line and variance), for Gaussian errors in the law's response."""
    y = law.response(points.error)
    line = ordinary(points.log10_flop, y)
    variance = line.residual_variance * (line.n - 2) / line.n
    log_likelihood = -0.5 * line.n * (np.log(2 * np.pi * variance) + 1) + law.log_density(points.error).sum()
    return float(2 * 3 - 2 * log_likelihood)


def leave_one_out(points: Points, law: Law) -> Score:
    """Score of predicting each model from all others."""
    rows = np.arange(len(points.models))
    return _score([_predicted(points, law, rows != row, rows == row) for row in rows])


def _out(points: Points, law: Law, year: float | None) -> Score | None:
    return None if year is None else out_of_time(points, law, year)


def out_of_time(points: Points, law: Law, year: float) -> Score:
    """Score of predicting models from `year` on from earlier ones."""
    before, after = points.year < year, points.year >= year
    if before.sum() < 3 or not after.any():
        raise InputError(f"year: {before.sum()} models before {year:g}, {after.sum()} from it on; needed: 3 and 1")
    return _score([_predicted(points, law, before, after)])


ENOUGH = 10
"""Minimum number of models before a year, and from it on, for the coverage of later models."""


def held_later(points: Points, law: Law) -> dict[int, float]:
    """Coverage of later models: by year, the fraction of models from then on inside the 95 % prediction interval.

    The interval is of a fit to the models before the year. Only years with ENOUGH models on both sides are included.
    """
    held = {}
    for year in np.unique(points.year[np.isfinite(points.year)]):
        before, after = points.log10_flop[points.year < year], (points.year >= year).sum()
        if min(len(before), after) >= ENOUGH and len(np.unique(before)) >= FEWEST:
            held[int(year)] = out_of_time(points, law, float(year)).covered
    return held


def _predicted(points: Points, law: Law, seen: np.ndarray, unseen: np.ndarray) -> tuple[np.ndarray, ...]:
    """Predictions for models left out of the fit: predicted minus actual log10 error, log density, whether covered."""
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
