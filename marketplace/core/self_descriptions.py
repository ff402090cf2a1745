"""What contributors may say of themselves."""

from enum import StrEnum


class Gender(StrEnum):
    """One's own word for it is another gender here: fewer groups are larger ones."""

    WOMAN = "woman"
    MAN = "man"
    ANOTHER = "another gender"


class Region(StrEnum):
    """Where somebody works, by the regions of the United Nations (M49), of which the Americas are two here."""

    AFRICA = "Africa"
    ASIA = "Asia"
    EUROPE = "Europe"
    LATIN_AMERICA = "Latin America and the Caribbean"
    NORTHERN_AMERICA = "Northern America"
    OCEANIA = "Oceania"
