"""The marketplace's records, one file per noun."""

from marketplace.models.catalogue import (
    Asset,
    ConsentDefault,
    Rescreening,
    ScreeningResult,
    Submission,
    TrainingConsent,
)
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
from marketplace.models.generator_models import ModelAudit, ModelCard, ModelStateChange
from marketplace.models.invitations import Invitation, Role
from marketplace.models.people import Contributor, Customer, User
from marketplace.models.removals import CustomerNotice, RemovalCase, RemovalDecision
from marketplace.models.requests import GenerationRequest
from marketplace.models.reviewing import Appeal, SignedDeclaration, StrikesPolicy, SubmissionDecision

__all__ = [
    "Appeal",
    "Asset",
    "ConsentDefault",
    "Contributor",
    "Customer",
    "CustomerNotice",
    "Delivery",
    "Download",
    "Generation",
    "GenerationHash",
    "GenerationRequest",
    "GeneratorModel",
    "HumanEdit",
    "Invitation",
    "ModelAudit",
    "ModelCard",
    "ModelStateChange",
    "OutputCheck",
    "OutputDecision",
    "RemixTruth",
    "RemovalCase",
    "RemovalDecision",
    "Rescreening",
    "Role",
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
