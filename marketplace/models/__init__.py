"""The marketplace's records, one file per noun."""

from marketplace.models.catalogue import Asset, ScreeningResult, Submission, TrainingConsent
from marketplace.models.checks import OutputCheck, OutputDecision
from marketplace.models.deliveries import Delivery, HumanEdit
from marketplace.models.generation import (
    Download,
    Generation,
    GeneratorModel,
    RemixTruth,
    TrainingSet,
    TrainingSetMember,
)
from marketplace.models.people import Contributor, Customer, User

__all__ = [
    "Asset",
    "Contributor",
    "Customer",
    "Delivery",
    "Download",
    "Generation",
    "GeneratorModel",
    "HumanEdit",
    "OutputCheck",
    "OutputDecision",
    "RemixTruth",
    "ScreeningResult",
    "Submission",
    "TrainingConsent",
    "TrainingSet",
    "TrainingSetMember",
    "User",
]
