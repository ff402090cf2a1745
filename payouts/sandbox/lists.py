"""GET of a list: filters and cursor paging (https://docs.stripe.com/api/pagination)."""

from collections.abc import Callable

from payouts.sandbox.answers import JsonObject, no_such
from payouts.sandbox.idempotency import Execution
from payouts.sandbox.params import Params
from payouts.sandbox.state import State


def list_endpoint(kind: str, url: str, filters: tuple[str, ...] = (), *, parent: str = "") -> Callable[..., Execution]:
    """The endpoint that lists the objects of `kind`, newest first; `filters` are fields compared for equality.

    `parent` is the field that holds the id in the path, where `url` has a {}.
    """

    def endpoint(params: Params, *parent_ids: str) -> Execution:
        params.only("limit", "starting_after", "created", *filters)
        limit, created, after_id = params.page_size(), params.created_bounds(), params.text("starting_after")
        equal = {name: value for name in filters if (value := params.text(name)) is not None}
        if parent_ids:
            equal[parent] = parent_ids[0]

        def execute(state: State) -> JsonObject:
            if after_id is not None and state.get(kind, after_id) is None:
                raise no_such(kind, after_id, "starting_after")
            # One more than asked for tells whether another page follows.
            items = state.newest(kind, equal=equal, created=created, after_id=after_id, limit=limit + 1)
            return list_object(url.format(*parent_ids), items[:limit], has_more=len(items) > limit)

        return execute

    return endpoint


def list_object(url: str, items: list[JsonObject], *, has_more: bool = False) -> JsonObject:
    """Stripe's list shape."""
    return {"object": "list", "url": url, "has_more": has_more, "data": items}
