"""A linear probe: a direction among an encoder's vectors that tells two kinds of pictures apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

Rows = NDArray[np.floating]
PENALTY = 1e-3  # of the squared weights, for vectors of length 1


@dataclass(frozen=True)
class RocPoint:
    """Which part of the genuine and of the generated pictures lies above one threshold, of 1."""

    genuine: float
    generated: float


def fit_probe(vectors: Rows, is_generated: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weights and, as the last number, bias (d + 1,) of a logistic regression with an L2 penalty on vectors (n, d).

    Both kinds count alike, however many there are of each. Raises ValueError where one is missing.
    """
    kinds = is_generated.sum(), (~is_generated).sum()
    if not all(kinds):
        raise ValueError("there must be pictures of both kinds")
    rows = np.pad(vectors.astype(np.float64), ((0, 0), (0, 1)), constant_values=1)
    signs = np.where(is_generated, 1.0, -1.0)
    counted = np.where(is_generated, 0.5 / kinds[0], 0.5 / kinds[1])

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = signs * (rows @ weights)
        slope = -counted * signs * expit(-margins)
        penalised = np.append(weights[:-1], 0)
        value = counted @ np.logaddexp(0, -margins) + PENALTY / 2 * penalised @ penalised
        return float(value), rows.T @ slope + PENALTY * penalised

    fitted: NDArray[np.float64] = minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B").x
    return fitted


def margins(vectors: Rows, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far vectors (n, d) lie on the generated side, by the weights of `fit_probe`."""
    found: NDArray[np.float64] = vectors.astype(np.float64) @ weights[:-1] + weights[-1]
    return found


def threshold_of(genuine: NDArray[np.float64], most_above: float) -> float:
    """The lowest of these margins above which at most that part of them lies."""
    return float(np.sort(genuine)[::-1][int(most_above * len(genuine))])


def roc(genuine: NDArray[np.float64], generated: NDArray[np.float64]) -> list[RocPoint]:
    """The curve over all thresholds, from none above to all."""
    thresholds = np.append(np.unique(np.concatenate([genuine, generated]))[::-1], -np.inf)
    return [RocPoint(float((genuine > at).mean()), float((generated > at).mean())) for at in thresholds]


def area_under(curve: list[RocPoint]) -> float:
    """The area under the curve: how often a generated picture lies above a genuine one."""
    return float(np.trapezoid([point.generated for point in curve], [point.genuine for point in curve]))
