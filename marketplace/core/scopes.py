"""What an API token may be allowed to do: to read or to write one kind of thing."""

from enum import StrEnum


class Scope(StrEnum):
    """One permission of a token; it gives nothing that the token's user may not do."""

    ASSETS_READ = "assets:read"
    ASSETS_WRITE = "assets:write"
    GENERATIONS_READ = "generations:read"
    GENERATIONS_WRITE = "generations:write"
    DOWNLOADS_READ = "downloads:read"
    DOWNLOADS_WRITE = "downloads:write"
    EARNINGS_READ = "earnings:read"
    STATEMENTS_READ = "statements:read"
    PAYOUTS_READ = "payouts:read"
    PAYOUTS_WRITE = "payouts:write"
    MONTHS_READ = "months:read"
    MONTHS_WRITE = "months:write"
    SCREENING_READ = "screening:read"
    SCREENING_WRITE = "screening:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
