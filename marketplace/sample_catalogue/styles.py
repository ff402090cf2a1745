"""The invented contributors, one manner of drawing each."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from .botany import botanical
from .brush import ink_wash
from .charts import star_chart
from .city import night_city
from .desert import dunes
from .glass import stained_glass
from .isometric import isometric
from .landscapes import mountains
from .maps import topographic
from .masks import mask
from .mosaic import mosaic
from .night import nebula
from .poster import bauhaus
from .prints import linocut
from .reef import coral
from .sea import seascape
from .studio import still_life
from .surfaces import marbled, woven


@dataclass(frozen=True)
class Style:
    """A contributor of the sample catalogue and how they draw.

    `draw(generator, edge)` gives an RGB image whose `info` holds its title and keywords.
    """

    contributor: str
    slug: str
    country: str
    medium: str
    draw: Callable[[np.random.Generator, int], Image.Image]


STYLES: tuple[Style, ...] = (
    Style("Aiko Morimoto", "morimoto", "JP", "photograph-like mountains in mist", mountains),
    Style("Catrin Pryce", "pryce", "GB", "photograph-like seascape", seascape),
    Style("Youssef Benhaddou", "benhaddou", "FR", "photograph-like desert", dunes),
    Style("Marcus Adeyemi", "adeyemi", "US", "photograph-like city at night", night_city),
    Style("Helena Vasconcelos", "vasconcelos", "BR", "deep-sky imagery", nebula),
    Style("Atelier Lindqvist", "lindqvist", "SE", "engraved star chart", star_chart),
    Style("Greta Baumgarten", "baumgarten", "DE", "linocut", linocut),
    Style("Zhao Wenlin", "zhao", "SG", "ink wash", ink_wash),
    Style("Studio Kessler & Roth", "kessler-roth", "DE", "geometric poster", bauhaus),
    Style("Minh Anh Pham", "pham", "AU", "isometric illustration", isometric),
    Style("Beatrice Salvini", "salvini", "IT", "marbled paper", marbled),
    Style("Nisha Raghunathan", "raghunathan", "IN", "hand-woven textile", woven),
    Style("Tomasz Wieczorek", "wieczorek", "PL", "topographic map", topographic),
    Style("Leilani Kahale", "kahale", "US", "underwater photograph-like coral", coral),
    Style("Ateliers Saint-Hilaire", "saint-hilaire", "FR", "stained glass", stained_glass),
    Style("Eleni Papadaki", "papadaki", "GR", "mosaic", mosaic),
    Style("Oriane Delacourt", "delacourt", "CH", "botanical plate", botanical),
    Style("Jan Willem Terpstra", "terpstra", "NL", "still life under studio light", still_life),
    Style("Itzel Guerrero", "guerrero", "MX", "carved and painted mask", mask),
)
