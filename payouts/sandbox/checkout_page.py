"""The page where a customer pays by card. It takes test cards only: no money moves."""

from html import escape
from string import Template
from urllib.parse import parse_qs

from marketplace.core.money import Money
from payouts.sandbox.answers import Answer, ApiError, JsonObject
from payouts.sandbox.charges import decline, pay
from payouts.sandbox.checkout import complete, existing_session
from payouts.sandbox.due import catch_up
from payouts.sandbox.pages import page, redirect
from payouts.sandbox.state import State

SUCCEEDS, IS_DECLINED = "4242424242424242", "4000000000000002"  # https://docs.stripe.com/testing

FORM = Template("""<p>This is the sandbox: no money moves. Pay with the card <code>4242 4242 4242 4242</code>;
<code>4000 0000 0000 0002</code> is declined.</p>
<p>$name: <strong>$price</strong></p>
<form method="post">
<label for="number">Card number</label>
<input id="number" name="number" value="$number" required inputmode="numeric" autocomplete="off"$error_attributes>
$error
<button type="submit">Pay $price</button>
</form>
<p><a href="$cancel_url">Back to the shop without paying</a></p>
""")


def show(state: State, id_: str) -> Answer:
    """GET: the form or, where there is nothing to pay any more, the way back."""
    with state.transaction():
        session = _session(state, id_)
    if session is None or session["status"] != "open":
        return _nothing_to_pay(session)
    return _form(state, session)


def submit(state: State, id_: str, body: str) -> Answer:
    """POST: pays once, and sends the customer back; or shows the form again with what is wrong."""
    number = parse_qs(body).get("number", [""])[0].replace(" ", "")
    with state.transaction():
        session = _session(state, id_)
        if session is None or session["status"] != "open":
            return _nothing_to_pay(session)
        asked = state.control(f"asked:{id_}", {})
        if number == IS_DECLINED:
            return _form(state, session, number, decline(state, session, asked, number))
        if number != SUCCEEDS:
            return _form(state, session, number, "Your card number is invalid.")
        complete(state, session, pay(state, session, asked, number))
        return redirect(session["success_url"])


def _session(state: State, id_: str) -> JsonObject | None:
    catch_up(state)
    try:
        return existing_session(state, id_)
    except ApiError:
        return None


def _nothing_to_pay(session: JsonObject | None) -> Answer:
    if session is not None and session["status"] == "complete":
        return redirect(session["success_url"])
    return page(404, "This page has expired", "<p>Go back to the site that sent you here and start again.</p>")


def _form(state: State, session: JsonObject, number: str = "", error: str = "") -> Answer:
    content = FORM.substitute(
        name=escape(state.control(f"asked:{session['id']}", {})["name"]),
        price=escape(str(Money(session["amount_total"], session["currency"].upper()))),
        number=escape(number),
        cancel_url=escape(session["cancel_url"]),
        error=f'<p id="error" class="error" role="alert">{escape(error)}</p>' if error else "",
        error_attributes=' aria-invalid="true" aria-describedby="error"' if error else "",
    )
    return page(422 if error else 200, "Pay", content)
