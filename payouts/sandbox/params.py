"""Request parameters: Stripe's form encoding (`metadata[run]=7`) decoded and read with the errors that Stripe gives."""

import re
from urllib.parse import parse_qsl

from payouts.sandbox.answers import ApiError

Tree = dict[str, "str | Tree"]

NAME = re.compile(r"[^\[\]]+(\[[^\[\]]+\])*")
CURRENCY = re.compile(r"[a-zA-Z]{3}")
POSITIVE_INTEGER = re.compile(r"0*[1-9][0-9]{0,11}")
TIMESTAMP = re.compile(r"[0-9]{1,12}")
WEB_URL = re.compile(r"https?://\S+")
PAGE_SIZE_DEFAULT = 10
PAGE_SIZE_MAX = 100
METADATA_MAX_NAMES = 50
METADATA_MAX_NAME_LENGTH = 40
METADATA_MAX_VALUE_LENGTH = 500
RANGE_OPERATORS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def decode(encoded: str) -> Tree:
    """Nested dictionaries from `a[b][c]=1&d=2`; of a name given twice the last one counts.

    Raises ApiError (400) for a name that is malformed or is both a value and a group of values.
    """
    tree: Tree = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        if not NAME.fullmatch(name):
            raise ApiError(400, f"Malformed parameter name: {name}", param=name)
        *groups, leaf = re.findall(r"[^\[\]]+", name)
        node = tree
        for group in groups:
            child = node.setdefault(group, {})
            if isinstance(child, str):
                raise ApiError(400, f"{name} is given both as a value and as a group of values", param=name)
            node = child
        if isinstance(node.get(leaf), dict):
            raise ApiError(400, f"{name} is given both as a value and as a group of values", param=name)
        node[leaf] = value
    return tree


class Params:
    """The parameters of one request. Every reader raises ApiError (400) that names the parameter at fault."""

    def __init__(self, tree: Tree, within: str = "") -> None:
        self._tree = tree
        self._within = within

    def only(self, *names: str) -> None:
        """Refuse any parameter that is not one of `names`."""
        for name in self._tree:
            if name not in names:
                full_name = self._full_name(name)
                raise ApiError(
                    400, f"Received unknown parameter: {full_name}", code="parameter_unknown", param=full_name
                )

    def text(self, name: str) -> str | None:
        """The value, None if absent."""
        value = self._tree.get(name)
        if isinstance(value, dict):
            raise self._invalid(name, "must be a single value")
        return value

    def required_text(self, name: str) -> str:
        """The value, which must be there and not empty."""
        value = self.text(name)
        if value is None:
            full_name = self._full_name(name)
            raise ApiError(400, f"Missing required param: {full_name}", code="parameter_missing", param=full_name)
        if not value.strip():
            raise self._invalid(name, "must not be empty", code="parameter_invalid_empty")
        return value

    def timestamp(self, name: str) -> int:
        """A required moment in Unix seconds."""
        value = self.required_text(name)
        if not TIMESTAMP.fullmatch(value):
            raise self._invalid(name, f"must be Unix seconds, not '{value}'", code="parameter_invalid_integer")
        return int(value)

    def web_url(self, name: str) -> str:
        """A required web address."""
        value = self.required_text(name)
        if not WEB_URL.fullmatch(value):
            raise self._invalid(name, f"must be a web address, not '{value}'", code="url_invalid")
        return value

    def positive_integer(self, name: str) -> int:
        """A required whole number from 1 to twelve digits."""
        value = self.required_text(name)
        if not POSITIVE_INTEGER.fullmatch(value):
            raise self._invalid(name, f"must be a whole number from 1, not '{value}'", code="parameter_invalid_integer")
        return int(value)

    def currency(self, name: str) -> str:
        """A required three-letter currency code, in lower case."""
        value = self.required_text(name)
        if not CURRENCY.fullmatch(value):
            raise self._invalid(name, f"must be a three-letter currency code, not '{value}'")
        return value.lower()

    def page_size(self) -> int:
        """`limit`, as in https://docs.stripe.com/api/pagination."""
        if self.text("limit") is None:
            return PAGE_SIZE_DEFAULT
        limit = self.positive_integer("limit")
        if limit > PAGE_SIZE_MAX:
            raise self._invalid("limit", f"must be at most {PAGE_SIZE_MAX}", code="parameter_invalid_integer")
        return limit

    def created_bounds(self) -> list[tuple[str, int]]:
        """`created`, a moment or bounds (gt, gte, lt, lte), as pairs of SQL operator and Unix seconds."""
        value = self._tree.get("created", {})
        if isinstance(value, str):
            return [("=", self.timestamp("created"))]
        bounds = self.group("created")
        bounds.only(*RANGE_OPERATORS)
        return [(RANGE_OPERATORS[name], bounds.timestamp(name)) for name in value]

    def metadata(self) -> dict[str, str]:
        """Texts by name, within the bounds of https://docs.stripe.com/api/metadata."""
        group = self.group("metadata")
        metadata = {name: group.text(name) or "" for name in group._tree}
        if len(metadata) > METADATA_MAX_NAMES:
            raise self._invalid("metadata", f"holds at most {METADATA_MAX_NAMES} names")
        for name, value in metadata.items():
            if len(name) > METADATA_MAX_NAME_LENGTH or len(value) > METADATA_MAX_VALUE_LENGTH:
                raise group._invalid(
                    name, f"is longer than {METADATA_MAX_NAME_LENGTH}, or its value than {METADATA_MAX_VALUE_LENGTH}"
                )
        return metadata

    def group(self, name: str) -> "Params":
        """The parameters within `name[...]`, empty if there are none."""
        value = self._tree.get(name, {})
        if isinstance(value, str):
            raise self._invalid(name, "must be a group of values")
        return Params(value, self._full_name(name))

    def _full_name(self, name: str) -> str:
        return f"{self._within}[{name}]" if self._within else name

    def _invalid(self, name: str, problem: str, code: str | None = None) -> ApiError:
        full_name = self._full_name(name)
        return ApiError(400, f"{full_name} {problem}", code=code, param=full_name)
