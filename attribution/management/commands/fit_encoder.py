"""Fit what a recipe knows of pictures in general: the mean that is taken off every embedding, and the whitening."""

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, overload

from django.core.management.base import BaseCommand, CommandError
from PIL import Image

from attribution.encoders import EncoderUnavailable, find_recipe, fit_statistics, load_encoder, weights_file
from attribution.recipes import file_sha256, write_recipe
from attribution.tiles import WHITENED
from marketplace.catalogue import CatalogueError, read_catalogue
from marketplace.images import PREVIEW_EDGE, UnreadableImage, decode, derivative

FEWEST = 300  # of fewer pictures the statistics would be those pictures' own


class Command(BaseCommand):
    """`fit_encoder RECIPE FOLDER --output FILE.json`: writes a recipe with its statistics beside it, as .npz."""

    help = (
        "Fit a recipe's statistics on a folder of pictures (as for import_catalogue) that are not in the catalogue and "
        "of the same kinds as those that are, and write the recipe that ENCODER_RECIPE is then to name."
    )
    requires_system_checks = []  # they ask for what this writes

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("recipe", help="a name in attribution/recipes, or a recipe file")
        parser.add_argument("folder", type=Path)
        parser.add_argument("--output", type=Path, metavar="FILE.json", required=True)

    def handle(self, *, recipe: str, folder: Path, output: Path, **options: Any) -> None:
        if output.suffix != ".json" or output.exists():
            raise CommandError(f"{output} must be a new file that ends in .json.")
        try:
            fitted = find_recipe(recipe)
            pictures = _Pictures([item.path for item in read_catalogue(folder) if not item.problem])
            if len(pictures) < FEWEST:
                raise CommandError(f"{folder} holds {len(pictures)} pictures: give at least {FEWEST}.")
            output.parent.mkdir(parents=True, exist_ok=True)
            fit_statistics(load_encoder(fitted), pictures, output.with_suffix(".npz"), WHITENED)
            statistics, weights = output.with_suffix(".npz").name, file_sha256(weights_file(fitted))
            write_recipe(replace(fitted, statistics=statistics, weights_sha256=weights), output)
        except (ValueError, OSError, CatalogueError, EncoderUnavailable) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Fitted on {len(pictures)} pictures. Set ENCODER_RECIPE={output.resolve()} in a new installation; "
            f"a running one is changed by manage.py reembed {output.resolve()}"
        )


class _Pictures(Sequence[Image.Image]):
    """Picture files as the encoder will see the catalogue's, each decoded when it is asked for."""

    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, at: int) -> Image.Image: ...
    @overload
    def __getitem__(self, at: slice) -> list[Image.Image]: ...
    def __getitem__(self, at: int | slice) -> Image.Image | list[Image.Image]:
        return [_picture(path) for path in self._paths[at]] if isinstance(at, slice) else _picture(self._paths[at])


def _picture(path: Path) -> Image.Image:
    """As previews are made at ingest. Raises `ValueError` with the name of a file that is no picture."""
    try:
        return Image.open(BytesIO(derivative(decode(path.read_bytes()).image, PREVIEW_EDGE)))
    except UnreadableImage as error:
        raise ValueError(f"{path} cannot be used: {error} Take it out of the folder.") from error
