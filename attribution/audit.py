"""Replication audits: how often a generator model's generations copy its training set, and how far to trust that."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from attribution.audit_baseline import unrelated_pictures
from attribution.copies import check_copies, copy_method, unchecked
from attribution.core.background import histogram, percentiles, usual_similarity
from attribution.core.copies import Tier, rate_of
from attribution.core.similarity import top_k
from attribution.embed import current_encoder, embed_generations
from attribution.groups import group_sizes
from attribution.models import CopyCheck, CopyMatch, Encoder
from attribution.search import generation_vectors, stream_vectors, vectors_of
from attribution.selectors import training_sets_not_embedded
from marketplace.models import Generation, GeneratorModel, OutputDecision, TrainingSet

BACKGROUND = 2_000  # training images, evenly picked, that stand for the whole set

Advance = Callable[[int, int], None]


class NotAuditable(ValueError):
    """What keeps a model from being audited; the message says what to do."""


@dataclass(frozen=True)
class Audit:
    """Figures for programs, the set that was compared, and the matches with their pictures for the report."""

    training_set: TrainingSet
    figures: dict[str, Any]
    matches: list[CopyMatch]


def audit_model(
    model: GeneratorModel, clock: Callable[[], datetime], advance: Advance, drawn_works: int | None = None
) -> Audit:
    """Check what the model has generated and is not checked yet, and compare all of it with the training set.

    `drawn_works` is how many unrelated pictures are drawn where too few are at hand, by default two of each style.
    What is checked stays so: an audit that was stopped goes on where it was. Raises `NotAuditable`.
    """
    training_set, encoder = _require_auditable(model, clock())
    _check_rest(model, clock, advance)
    method = copy_method()
    checks = list(CopyCheck.objects.filter(generation__in=_generations(model), method=method).order_by("pk"))
    unrelated = unrelated_pictures(training_set, encoder, drawn_works)
    ids, queries = generation_vectors([check.generation_id for check in checks], encoder)
    usual = usual_similarity(queries, unrelated.vectors)
    matches = list(
        CopyMatch.objects.filter(copy_check__in=checks)
        .select_related("asset__contributor", "asset__submission", "copy_check__generation")
        .order_by("-generation_area_ppm", "pk")
    )
    figures = {
        "model": _model_facts(model),
        "training_set": {"name": str(training_set), "images": training_set.members.count()},
        "encoder": {"name": encoder.name, "fingerprint": encoder.fingerprint, "recipe": encoder.recipe},
        "method": {"name": str(method), "parameters": method.parameters, "tools": checks[-1].tools},
        "generations": len(checks),
        "tiers": _rates([check.tier for check in checks]),
        "unrelated": {"pictures": unrelated.description, "tiers": _rates(unrelated.tiers)},
        **_nearness(queries, usual, training_set, encoder),
        **_copied(matches, training_set, dict(zip(ids.tolist(), usual.tolist(), strict=True)), clock()),
    }
    return Audit(training_set, figures, matches)


def _require_auditable(model: GeneratorModel, at: datetime) -> tuple[TrainingSet, Encoder]:
    encoder = current_encoder(at)
    if model.training_set is None:
        raise NotAuditable(f"{model} has no training set: give it one, and generate with it.")
    if model.training_set_id in training_sets_not_embedded(encoder):
        raise NotAuditable(f"The training set {model.training_set} is not embedded yet: let a worker run until it is.")
    if not _generations(model).exists():
        raise NotAuditable(
            f'{model} has generated nothing with its training set: run manage.py generate "{model.name}" PROMPT first.'
        )
    return model.training_set, encoder


def _generations(model: GeneratorModel) -> QuerySet[Generation]:
    """What it made with the training set that it has now."""
    return model.generation_set.filter(training_set=model.training_set)


def _check_rest(model: GeneratorModel, clock: Callable[[], datetime], advance: Advance) -> None:
    while embed_generations(clock()):
        pass
    count = _generations(model).count()
    advance(count - unchecked(_generations(model)).count(), count)
    while check_copies(clock(), _generations(model)):
        advance(count - unchecked(_generations(model)).count(), count)
    left = unchecked(_generations(model)).count()
    if left:
        raise NotAuditable(
            f"{left} generations are not checked: a worker is at them, or their files are away (the log says which). "
            "Run the audit again; what is checked stays so."
        )


def _nearness(
    queries: NDArray[np.float16], usual: NDArray[np.float64], training_set: TrainingSet, encoder: Encoder
) -> dict[str, Any]:
    """How near the generations come to the training set, beside how near its images are to one another."""
    nearest = top_k(queries, stream_vectors(training_set.pk, encoder), 1)[1][:, 0]
    background = _background(training_set, encoder)
    return {
        "similarity": percentiles(nearest),
        "normalised_similarity": percentiles(nearest - usual),
        "background_similarity": percentiles(background),
        "background_images": len(background),
        "histogram": histogram(nearest, background),
    }


def _background(training_set: TrainingSet, encoder: Encoder) -> NDArray[np.float32]:
    """The similarity of training images, evenly picked, to the nearest other one: (n,)."""
    members = list(training_set.members.order_by("asset").values_list("asset", flat=True))
    ids, vectors = vectors_of(members[:: len(members) // BACKGROUND + 1], encoder)
    found, similarities = top_k(vectors, stream_vectors(training_set.pk, encoder), 2)
    others = np.where(found == ids[:, None], -np.inf, similarities).max(axis=1)
    return np.asarray(others[np.isfinite(others)], np.float32)


def _copied(
    matches: list[CopyMatch], training_set: TrainingSet, usual: dict[int, float], at: datetime
) -> dict[str, Any]:
    """What was copied of whom, and whether it stands in the training set more often than other images."""
    sizes = group_sizes(training_set.pk, at)
    verdicts = _verdicts(match.copy_check_id for match in matches)
    alone = training_set.members.count() - len(sizes)
    return {
        "images_of_the_same_picture": {
            "matched": _mean([sizes.get(asset_id, 1) for asset_id in {match.asset_id for match in matches}]),
            "all": _mean([*sizes.values(), *[1] * alone]),
        },
        "matches": [
            {
                **_match_facts(match),
                "normalised_similarity": match.similarity - usual[match.copy_check.generation_id],
                "images_of_the_same_picture": sizes.get(match.asset_id, 1),
                "verdict": verdicts.get(match.copy_check_id, "undecided"),
            }
            for match in matches
        ],
    }


def _model_facts(model: GeneratorModel) -> dict[str, Any]:
    """The model's card and, where it runs from a folder here, the SHA-256 of its weights."""
    digest = hashlib.sha256()
    weights = sorted(Path(model.name).rglob("*.safetensors")) if Path(model.name).is_dir() else []
    for file in weights:
        with file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return {
        "name": model.name,
        "version": model.version,
        "backend": model.backend,
        "provider": model.provider,
        "parameters": model.parameters,
        "weights_sha256": digest.hexdigest() if weights else None,
    }


def _verdicts(copy_check_ids: Iterable[int]) -> dict[int, str]:
    """The newest decision, by copy check."""
    decisions = OutputDecision.objects.filter(output_check__copy_check__in=set(copy_check_ids))
    return dict(decisions.order_by("pk").values_list("output_check__copy_check", "decision"))


def _match_facts(match: CopyMatch) -> dict[str, Any]:
    return {
        "generation": match.copy_check.generation_id,
        "image": match.asset_id,
        "title": match.asset.submission.title,
        "owner": match.asset.contributor.name,
        "tier": match.tier,
        "inliers": match.inliers,
        "inlier_ratio": match.inlier_ratio,
        "is_mirrored": match.is_mirrored,
        "generation_area_ppm": match.generation_area_ppm,
        "image_area_ppm": match.asset_area_ppm,
        "generation_region": match.generation_region,
        "image_region": match.asset_region,
        "similarity": match.similarity,
        "sscd_similarity": match.sscd_similarity,
    }


def _rates(tiers: Sequence[str]) -> dict[str, Any]:
    """The rate of each tier, with its interval."""
    counts = Counter(tiers)
    return {tier.value: asdict(rate_of(counts[tier], len(tiers))) for tier in Tier}


def _mean(counts: Sequence[int]) -> float | None:
    return round(float(np.mean(counts)), 2) if counts else None
