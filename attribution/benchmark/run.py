"""The benchmark from pixels: pictures, encoders, results."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.progress import Progress

from attribution.benchmark.ablation import OTHER_DEAL, TOWER_BLOCKS, VARIANTS, Ablated, Ablation, AblationEncoder
from attribution.benchmark.clip import RECIPES, clip_recipes, clip_tower
from attribution.benchmark.copying import Copying, everyone, measure_copying, pictures_compared
from attribution.benchmark.embedding import KeptEncoder, embed_trial, picture_count
from attribution.benchmark.head import Lessons, lesson_count, trained_head
from attribution.benchmark.measure import EncoderResult, measure_encoder
from attribution.benchmark.photographs import OTHER_SEED, SPLIT_SEED, Parts, deal_parts, read_folder
from attribution.benchmark.trial import Images, Size, Trial, background_images, make_trial
from attribution.recipes import Recipe, find_recipe
from marketplace.sample_catalogue import write_catalogue

WORKS_PER_CONTRIBUTOR = 14
SHIPPED = "compact"


@dataclass(frozen=True)
class Benchmark:
    """What was measured, on a trial made of which pictures."""

    trial: Trial
    pictures: str
    results: list[EncoderResult]


def run_benchmark(
    photos: Path | None,
    encoders: Sequence[str],
    clip_loader: Path | None,
    folder: Path,
    progress: Progress,
    size: Size = Size(),  # noqa: B008 -- a frozen value
) -> Benchmark:
    """Measure every encoder on the photographs, or on drawn works where there are none; `folder` keeps embeddings.

    `encoders` are names or paths of recipes; with none, the shipped one is measured, and CLIP ViT-B/16 where
    `clip_loader` gives its weights. Raises ValueError, FileNotFoundError or EncoderUnavailable.
    """
    recipes = [find_recipe(name) for name in encoders or [SHIPPED]]
    parts, trial = _made(photos, folder, size, progress)
    if clip_loader and not encoders:
        recipes += _fitted_clip(clip_loader, folder, background_images(parts, size), progress)
    results = [_measured(recipe, trial, folder, progress) for recipe in recipes]
    return Benchmark(trial, "photographs" if photos else "drawn works", results)


def run_copying(
    photos: Path | None,
    encoders: Sequence[str],
    clip_loader: Path | None,
    folder: Path,
    progress: Progress,
    size: Size = Size(),  # noqa: B008 -- a frozen value
) -> Copying:
    """Measure how well copies are found, on the same pictures with the same encoders as `run_benchmark`.

    Of CLIP's recipes it is the one that people are paid by. Raises what `run_benchmark` raises.
    """
    recipes = [find_recipe(name) for name in encoders or [SHIPPED]]
    parts, trial = _made(photos, folder, size, progress)
    if clip_loader and not encoders:
        recipes += _fitted_clip(clip_loader, folder, background_images(parts, size), progress)[:1]
    made = pictures_compared(parts, trial)
    kept = {}
    for recipe in recipes:
        task = progress.add_task(f"Embedding with {recipe.name}", total=len(trial.catalogue) + len(made))
        kept[recipe.name] = KeptEncoder(recipe, folder / "embeddings", partial(progress.advance, task))
    task = progress.add_task("Comparing", total=len(made) + len(everyone(parts)))
    return measure_copying(parts, trial, made, kept, partial(progress.advance, task))


def run_ablation(
    photos: Path | None,
    encoders: Sequence[str],
    clip_loader: Path | None,
    folder: Path,
    progress: Progress,
    size: Size = Size(),  # noqa: B008 -- a frozen value
    lessons: Lessons = Lessons(),  # noqa: B008
) -> list[Ablated]:
    """Measure with CLIP ViT-B/16 what each part buys, and the shipped parts on another deal of the same photographs.

    `folder` keeps embeddings. Raises ValueError, FileNotFoundError or EncoderUnavailable.
    """
    if encoders:
        raise ValueError("what each part buys is measured with CLIP ViT-B/16 alone: leave out --encoder")
    if clip_loader is None:
        raise ValueError("what each part buys is measured with CLIP ViT-B/16: put its weights into shared/weights")
    photographs = read_folder(photos or _drawn_folder(folder / "catalogue", progress))
    rows = []
    tower = clip_tower(clip_loader, folder / "clip")
    for seed, variants in ((SPLIT_SEED, VARIANTS), (OTHER_SEED, OTHER_DEAL)):
        parts = deal_parts(photographs, seed)
        trial, background = make_trial(parts, size), background_images(parts, size)
        task = progress.add_task(
            "Embedding", total=Ablation.picture_count(trial, background) + lesson_count(parts, lessons)
        )
        seen = AblationEncoder(
            replace(tower, blocks=TOWER_BLOCKS), folder / "ablation", partial(progress.advance, task)
        )
        learner = KeptEncoder(tower, folder / "embeddings", partial(progress.advance, task))
        ablation = Ablation(trial, background, seen, partial(trained_head, learner, parts=parts, lessons=lessons))
        task = progress.add_task("Measuring", total=len(variants))
        for variant in variants:
            rows.append(ablation.measure(variant))
            progress.advance(task)
    return rows


def _made(photos: Path | None, folder: Path, size: Size, progress: Progress) -> tuple[Parts, Trial]:
    parts = deal_parts(read_folder(photos or _drawn_folder(folder / "catalogue", progress)))
    task = progress.add_task("Making pictures", total=None)
    trial = make_trial(parts, size)
    progress.update(task, total=1, completed=1)
    return parts, trial


def _fitted_clip(loader: Path, folder: Path, background: Images, progress: Progress) -> list[Recipe]:
    task = progress.add_task("Fitting CLIP's statistics", total=len(background) * len(RECIPES))
    recipes = clip_recipes(
        loader, folder / "clip", background, folder / "embeddings", lambda pictures: progress.advance(task, pictures)
    )
    progress.update(task, completed=len(background) * len(RECIPES))  # none were needed if they were fitted before
    return recipes


def _measured(recipe: Recipe, trial: Trial, folder: Path, progress: Progress) -> EncoderResult:
    task = progress.add_task(f"Embedding with {recipe.name}", total=picture_count(trial))
    encoder = KeptEncoder(recipe, folder / "embeddings", lambda pictures: progress.advance(task, pictures))
    embedded = embed_trial(trial, encoder)
    task = progress.add_task(f"Measuring {recipe.name}", total=1)
    result = measure_encoder(recipe.name, recipe.fingerprint, embedded)
    progress.advance(task)
    return result


def _drawn_folder(folder: Path, progress: Progress) -> Path:
    task = progress.add_task("Drawing works", total=None)
    write_catalogue(
        folder, WORKS_PER_CONTRIBUTOR, report=lambda done, total: progress.update(task, completed=done, total=total)
    )
    return folder
