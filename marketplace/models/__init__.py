"""The marketplace's records, one file per noun."""

from marketplace.models.api import ApiToken, IdempotencyRecord, WebhookDelivery, WebhookEndpoint
from marketplace.models.catalogue import (
    Asset,
    ConsentDefault,
    Rescreening,
    ScreeningResult,
    Submission,
    TrainingConsent,
)
from marketplace.models.checks import OutputCheck, OutputDecision, PeopleCheck
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
from marketplace.models.mail import Mail
from marketplace.models.operations import TaskRun
from marketplace.models.people import Contributor, Customer, User
from marketplace.models.projects import Project, ProjectLicence
from marketplace.models.prompts import PromptCheck, PromptContest, PromptReview, PromptText, RegisterEntry
from marketplace.models.removals import CustomerNotice, RemovalCase, RemovalDecision, RemovalReport
from marketplace.models.requests import GenerationRequest
from marketplace.models.reviewing import Appeal, SignedDeclaration, StrikesPolicy, SubmissionDecision
from marketplace.models.self_descriptions import SelfDescription
from marketplace.models.terms import DownloadTerms, TermsAcceptance, UploadTerms

__all__ = [
    "ApiToken",
    "Appeal",
    "Asset",
    "ConsentDefault",
    "Contributor",
    "Customer",
    "CustomerNotice",
    "Delivery",
    "Download",
    "DownloadTerms",
    "Generation",
    "GenerationHash",
    "GenerationRequest",
    "GeneratorModel",
    "HumanEdit",
    "IdempotencyRecord",
    "Invitation",
    "Mail",
    "ModelAudit",
    "ModelCard",
    "ModelStateChange",
    "OutputCheck",
    "OutputDecision",
    "PeopleCheck",
    "Project",
    "ProjectLicence",
    "PromptCheck",
    "PromptContest",
    "PromptReview",
    "PromptText",
    "RegisterEntry",
    "RemixTruth",
    "RemovalCase",
    "RemovalDecision",
    "RemovalReport",
    "Rescreening",
    "Role",
    "ScreeningResult",
    "SelfDescription",
    "SignedDeclaration",
    "StrikesPolicy",
    "Submission",
    "SubmissionDecision",
    "TaskRun",
    "TermsAcceptance",
    "TrainingConsent",
    "TrainingSet",
    "TrainingSetMember",
    "UploadTerms",
    "User",
    "WebhookDelivery",
    "WebhookEndpoint",
]
