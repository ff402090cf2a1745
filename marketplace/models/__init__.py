"""The marketplace's records, one file per noun."""

from marketplace.models.catalogue import Asset, ScreeningResult, Submission, TrainingConsent
from marketplace.models.checks import OutputCheck, OutputDecision
from marketplace.models.generation import (
    Download,
    Generation,
    GeneratorModel,
    RemixTruth,
    TrainingSet,
    TrainingSetMember,
)
from marketplace.models.people import Contributor, Customer, User
from marketplace.models.reviewing import Appeal, SignedDeclaration, StrikesPolicy, SubmissionDecision

__all__ = [
    "Appeal",
    "Asset",
    "Contributor",
    "Customer",
    "Download",
    "Generation",
    "GeneratorModel",
    "OutputCheck",
    "OutputDecision",
    "RemixTruth",
    "ScreeningResult",
    "SignedDeclaration",
    "StrikesPolicy",
    "Submission",
    "SubmissionDecision",
    "TrainingConsent",
    "TrainingSet",
    "TrainingSetMember",
    "User",
]
