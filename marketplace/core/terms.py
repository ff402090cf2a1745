"""Whom terms of use are for."""

from enum import StrEnum


class Audience(StrEnum):
    """Whom a text of terms is for; somebody may be both."""

    CONTRIBUTOR = "contributor"
    CUSTOMER = "customer"
