"""The marketplace's records, one file per noun."""

from marketplace.models.api import ApiToken, IdempotencyRecord, WebhookDelivery, WebhookEndpoint
from marketplace.models.catalogue import Asset, Rescreening, ScreeningResult, Submission, TrainingConsent
from marketplace.models.checks import OutputCheck, OutputDecision
from marketplace.models.deliveries import Delivery, HumanEdit
from marketplace.models.generation import (
    Download,
    Generation,
    GenerationHash,
    GeneratorModel,
    RemixTruth,
    TrainingSet,
    TrainingSetMember,
)
from marketplace.models.people import Contributor, Customer, User
from marketplace.models.reviewing import Appeal, SignedDeclaration, StrikesPolicy, SubmissionDecision

__all__ = [
    "ApiToken",
    "Appeal",
    "Asset",
    "Contributor",
    "Customer",
    "Delivery",
    "Download",
    "Generation",
    "GenerationHash",
    "GeneratorModel",
    "HumanEdit",
    "IdempotencyRecord",
    "OutputCheck",
    "OutputDecision",
    "RemixTruth",
    "Rescreening",
    "ScreeningResult",
    "SignedDeclaration",
    "StrikesPolicy",
    "Submission",
    "SubmissionDecision",
    "TrainingConsent",
    "TrainingSet",
    "TrainingSetMember",
    "User",
    "WebhookDelivery",
    "WebhookEndpoint",
]
