"""The page behind an account link, where a person lets an account receive money. It asks for nothing real."""

from dataclasses import replace
from html import escape
from string import Template
from urllib.parse import parse_qs

from payouts.sandbox.accounts import complete_onboarding
from payouts.sandbox.answers import Answer
from payouts.sandbox.pages import page, redirect
from payouts.sandbox.state import OnboardingLink, State

BANK_COUNTRIES = {
    "AU": "Australia",
    "AT": "Austria",
    "BE": "Belgium",
    "BR": "Brazil",
    "CA": "Canada",
    "DK": "Denmark",
    "FI": "Finland",
    "FR": "France",
    "DE": "Germany",
    "GR": "Greece",
    "IN": "India",
    "IE": "Ireland",
    "IT": "Italy",
    "JP": "Japan",
    "MX": "Mexico",
    "NL": "Netherlands",
    "NZ": "New Zealand",
    "NO": "Norway",
    "PL": "Poland",
    "PT": "Portugal",
    "SG": "Singapore",
    "ES": "Spain",
    "SE": "Sweden",
    "CH": "Switzerland",
    "GB": "United Kingdom",
    "US": "United States",
}

FORM = Template("""<p>This is the sandbox: no money moves, nothing is sent anywhere, and any name will do.
Account <code>$account</code>.</p>
<form method="post">
<label for="holder_name">Account holder's name</label>
<input id="holder_name" name="holder_name" value="$holder_name" required autocomplete="name"$error_attributes>
$error
<label for="bank_country">Country of the bank</label>
<select id="bank_country" name="bank_country" autocomplete="country">
$options
</select>
<button type="submit">Finish and return</button>
</form>
""")


def show(state: State, token: str) -> Answer:
    """GET: the form, or for a used or expired link the way back to where a new one is made."""
    link = state.link(token)
    if link is None:
        return _unknown_link()
    if link.expires_at <= state.now():
        return redirect(link.refresh_url)
    account = state.get("account", link.account) or {}
    return _form(link, bank_country=account.get("country", ""))


def submit(state: State, token: str, body: str) -> Answer:
    """POST: completes the onboarding once, or shows the form again with what is wrong."""
    fields = parse_qs(body)
    holder_name = fields.get("holder_name", [""])[0].strip()
    bank_country = fields.get("bank_country", [""])[0]
    with state.transaction():
        link = state.link(token)
        if link is None:
            return _unknown_link()
        if link.expires_at <= state.now():
            return redirect(link.refresh_url)
        if not holder_name or bank_country not in BANK_COUNTRIES:
            return _form(link, holder_name, bank_country, error="Give the holder's name and choose a country.")
        complete_onboarding(state, link.account, holder_name=holder_name, bank_country=bank_country)
        state.put_link(replace(link, expires_at=state.now()))
        return redirect(link.return_url)


def _form(link: OnboardingLink, holder_name: str = "", bank_country: str = "", error: str = "") -> Answer:
    options = "\n".join(
        f'<option value="{code}"{" selected" if code == bank_country else ""}>{name}</option>'
        for code, name in BANK_COUNTRIES.items()
    )
    content = FORM.substitute(
        account=escape(link.account),
        holder_name=escape(holder_name),
        options=options,
        error=f'<p id="error" class="error" role="alert">{escape(error)}</p>' if error else "",
        error_attributes=' aria-invalid="true" aria-describedby="error"' if error else "",
    )
    return page(422 if error else 200, "Set up how you are paid", content)


def _unknown_link() -> Answer:
    return page(404, "Unknown link", "<p>Go back to the site that sent you here and start again.</p>")
