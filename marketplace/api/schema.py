"""How the OpenAPI schema describes what all resources share: problems, scopes and idempotency keys."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import SAFE_METHODS

from marketplace.api.authentication import TokenAuthentication, scope_of
from marketplace.api.once import HEADER, LONGEST
from marketplace.api.problems import MEDIA_TYPE, ProblemSerializer

PROBLEMS = {
    "400": "Something in the request is not as it must be.",
    "401": "There is no token, or not a good one.",
    "403": "The token has not the scope.",
    "404": "There is no such thing for the token's user.",
    "405": "This method does nothing here.",
    "406": "It is not to be had in the media types of the header Accept.",
    "409": "It does not fit the present state, or the same request is being done.",
    "413": "The request is too large.",
    "415": "The body is of a media type that is not read here.",
    "422": "The idempotency key was used for another request.",
    "503": "Stripe is not reached just now, or a file cannot be signed.",
    "429": "Too many requests; the header Retry-After says when to go on.",
}
ONLY_OF_WRITES = ("413", "415", "422")


class Schema(AutoSchema):
    """The framework's, with what every operation has in common."""

    def get_description(self) -> str:  # type: ignore[override]
        """The view's own words, and the scope that is needed."""
        noun = getattr(self.view, "noun", None)
        said = super().get_description()
        return f"{said}\n\nScope: `{scope_of(self.view, self.method)}`" if noun else said

    def get_override_parameters(self) -> list[Any]:
        """The header of writes that are done once."""
        method = getattr(self.view, getattr(self.view, "action", None) or self.method.lower(), None)
        if not getattr(method, "needs_key", False):
            return []
        schema = {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]+$"}
        said = "New for each thing that you want done; the same again gets the first answer again."
        return [OpenApiParameter(HEADER, schema, OpenApiParameter.HEADER, required=True, description=said)]

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies = super()._get_response_bodies(direction)
        problem = self.resolve_serializer(ProblemSerializer, "response").ref
        for status, description in PROBLEMS.items():
            if self.method not in SAFE_METHODS or status not in ONLY_OF_WRITES:
                bodies[status] = {"description": description, "content": {MEDIA_TYPE: {"schema": problem}}}
        return dict(bodies)


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes the token."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """https://spec.openapis.org/oas/v3.0.3#security-scheme-object"""
        return {"type": "http", "scheme": "bearer", "description": "A token of the page of API tokens, /api-tokens/."}
