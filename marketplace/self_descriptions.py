"""Contributors say something of themselves, or take it back."""

from datetime import datetime

from marketplace.models import Contributor, SelfDescription


def describe_oneself(contributor: Contributor, gender: str, region: str, at: datetime) -> None:
    """Put this in the place of what the contributor said before; what is empty they do not say.

    Who says nothing any more leaves no record.
    """
    said = SelfDescription.objects.filter(contributor=contributor)
    if gender or region:
        said.update_or_create(contributor=contributor, defaults={"gender": gender, "region": region, "said_at": at})
    else:
        said.delete()
