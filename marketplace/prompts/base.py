"""The interface of classifiers of harmful content: a prompt goes in, findings come out."""

from collections.abc import Sequence
from typing import Protocol

from marketplace.core.prompts import Finding


class ClassifierUnavailable(Exception):
    """A classifier cannot work as it is set up, or is down; the message says which, and nothing is generated."""


class Classifier(Protocol):
    """What says which classes of harmful content a prompt asks for."""

    @property
    def name(self) -> str:
        """The classifier with its version, as findings and checks have it."""

    def classify(self, prompt: str) -> Sequence[Finding]:
        """The classes that the prompt asks for, none if it is harmless. Raises `ClassifierUnavailable`."""
