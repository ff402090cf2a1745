"""Connected accounts and the links to their onboarding (https://docs.stripe.com/api/accounts)."""

import re
from collections.abc import Callable

from payouts.sandbox.answers import ApiError, JsonObject, no_such
from payouts.sandbox.events import record_event
from payouts.sandbox.idempotency import Execution
from payouts.sandbox.lists import list_endpoint, list_object
from payouts.sandbox.params import Params
from payouts.sandbox.state import OnboardingLink, State, new_id

COUNTRY = re.compile(r"[A-Z]{2}")
LINK_LIFETIME_S = 3600
DUE_BEFORE_ONBOARDING = ["external_account", "individual.first_name", "individual.last_name"]

index = list_endpoint("account", "/v1/accounts")


def create(params: Params) -> Execution:
    """POST /v1/accounts: an account that can receive nothing until somebody has completed its onboarding page."""
    params.only("business_profile", "capabilities", "controller", "country", "default_currency", "email", "metadata")
    country = _country(params.required_text("country"))
    currency, email, metadata = params.currency("default_currency"), params.text("email"), params.metadata()
    name, capabilities, controller = _name(params), _capabilities(params), _controller(params)

    def execute(state: State) -> JsonObject:
        id_ = new_id("acct", 16)
        account = {
            "id": id_,
            "object": "account",
            "business_profile": {"name": name},
            "business_type": None,
            "capabilities": capabilities,
            "charges_enabled": False,
            "controller": controller,
            "country": country,
            "created": state.now(),
            "default_currency": currency,
            "details_submitted": False,
            "email": email,
            "external_accounts": list_object(f"/v1/accounts/{id_}/external_accounts", []),
            "future_requirements": requirements([]),
            "metadata": metadata,
            "payouts_enabled": False,
            "requirements": requirements(DUE_BEFORE_ONBOARDING),
            "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
            "type": "none",
        }
        state.put(account)
        return account

    return execute


def retrieve(params: Params, id_: str) -> Execution:
    """GET /v1/accounts/{id}. An unknown id is 403 as at Stripe, which does not say whether it exists."""
    params.only()

    def execute(state: State) -> JsonObject:
        account = state.get("account", id_)
        if account is None:
            raise ApiError(
                403, f"This key has no access to an account '{id_}', if there is one.", code="account_invalid"
            )
        return account

    return execute


def create_link(base_url: str) -> Callable[[Params], Execution]:
    """The endpoint POST /v1/account_links of a sandbox at `base_url`."""

    def endpoint(params: Params) -> Execution:
        params.only("account", "refresh_url", "return_url", "type")
        account_id = params.required_text("account")
        return_url, refresh_url = params.web_url("return_url"), params.web_url("refresh_url")
        if params.required_text("type") != "account_onboarding":
            raise ApiError(400, "type must be account_onboarding", param="type")

        def execute(state: State) -> JsonObject:
            if state.get("account", account_id) is None:
                raise no_such("account", account_id, "account")
            token, expires_at = new_id("link"), state.now() + LINK_LIFETIME_S
            state.put_link(OnboardingLink(token, account_id, return_url, refresh_url, expires_at))
            return {
                "object": "account_link",
                "created": state.now(),
                "expires_at": expires_at,
                "url": f"{base_url}/onboarding/{token}",
            }

        return execute

    return endpoint


def complete_onboarding(state: State, account_id: str, *, holder_name: str, bank_country: str) -> None:
    """Give the account a bank account and let it receive transfers and bank payouts."""
    account = state.get("account", account_id)
    if account is None:
        raise no_such("account", account_id, "account")
    bank_account = {
        "id": new_id("ba"),
        "object": "bank_account",
        "account": account_id,
        "account_holder_name": holder_name,
        "country": bank_country,
        "currency": account["default_currency"],
        "last4": "6789",
        "status": "new",
    }
    account["external_accounts"]["data"] = [bank_account]
    account["capabilities"] = dict.fromkeys(account["capabilities"], "active")
    account["details_submitted"] = account["payouts_enabled"] = True
    account["requirements"] = requirements([])
    _changed(state, account)


def change_account(
    state: State, account_id: str, *, transfers: str, currently_due: list[str], deadline: int | None
) -> JsonObject:
    """What Stripe's own review does: set the transfers capability (active, inactive, pending) and what is due when."""
    account = state.get("account", account_id)
    if account is None:
        raise no_such("account", account_id, "account")
    account["capabilities"] = {"transfers": transfers}
    account["requirements"] = requirements(currently_due, deadline)
    _changed(state, account)
    return account


def _changed(state: State, account: JsonObject) -> None:
    state.put(account)
    record_event(state, "account.updated", account, account=account["id"])


def requirements(currently_due: list[str], deadline: int | None = None) -> JsonObject:
    """Stripe's requirements hash; what is due without a deadline is also past due and keeps the account disabled."""
    past_due = currently_due if deadline is None else []
    return {
        "alternatives": [],
        "current_deadline": deadline,
        "currently_due": currently_due,
        "disabled_reason": "requirements.past_due" if past_due else None,
        "errors": [],
        "eventually_due": currently_due,
        "past_due": past_due,
        "pending_verification": [],
    }


def _country(value: str) -> str:
    if not COUNTRY.fullmatch(value):
        raise ApiError(400, f"country must be two capital letters, not '{value}'", param="country")
    return value


def _name(params: Params) -> str | None:
    profile = params.group("business_profile")
    profile.only("name")
    return profile.text("name")


def _capabilities(params: Params) -> dict[str, str]:
    capabilities = params.group("capabilities")
    capabilities.only("transfers")
    transfers = capabilities.group("transfers")
    transfers.only("requested")
    return {"transfers": "inactive"} if transfers.text("requested") == "true" else {}


def _controller(params: Params) -> JsonObject:
    controller = params.group("controller")
    controller.only("fees", "losses", "stripe_dashboard")
    return {
        "type": "application",
        "is_controller": True,
        "fees": {"payer": controller.group("fees").required_text("payer")},
        "losses": {"payments": controller.group("losses").required_text("payments")},
        "requirement_collection": "stripe",
        "stripe_dashboard": {"type": controller.group("stripe_dashboard").required_text("type")},
    }
