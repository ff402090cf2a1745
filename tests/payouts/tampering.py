"""What a superuser can do to the books past every trigger, and all that `check_ledger` then says.

Anything that an audit link records is found twice: by its own check and by the chain.
"""

import re
from collections.abc import Callable

from django.db import connection, transaction

# By what was done: the SQL, and the patterns of all findings, each of which begins with its check.
TAMPERED = {
    "a posting is raised": (
        "UPDATE payouts_posting SET amount_micro = amount_micro + 1 WHERE entry_id = "
        "(SELECT min(id) FROM payouts_entry) "
        "AND account_id = (SELECT id FROM payouts_ledgeraccount WHERE kind = 'platform_revenue')",
        [
            "entries balance: Entry .* is off by 1 micro USD",
            "balances are their postings: Account",
            "audit chain: .*since",
        ],
    ),
    "the postings of an entry are deleted": (
        "DELETE FROM payouts_posting WHERE entry_id = (SELECT id FROM payouts_entry WHERE kind = 'funds_available')",
        [
            "entries balance: Entry .*funds.* has no postings",
            *["balances are their postings"] * 2,
            "audit chain: .*since",
        ],
    ),
    "an entry is deleted without its postings": (
        "DELETE FROM payouts_entry WHERE kind = 'funds_available'",
        [*["entries balance: Posting .* is of entry .* not there"] * 2, "audit chain: .* not there any more"],
    ),
    "a balance is set": (
        "UPDATE payouts_ledgeraccount SET balance_micro = balance_micro + 5 WHERE kind = 'fees'",
        [r"balances are their postings: Account \d+ \(fees\) has .* micro USD, but its postings come to"],
    ),
    "a floor is taken away": (
        "UPDATE payouts_ledgeraccount SET is_floored = false WHERE kind = 'payable' AND contributor_id = "
        "(SELECT min(id) FROM marketplace_contributor)",
        [r"nobody is below zero: Account \d+ \(payable of contributor \d+\) is at .*has a floor: False"],
    ),
    "a balance is below zero": (
        "ALTER TABLE payouts_ledgeraccount DROP CONSTRAINT floored_balance_not_negative;"
        "UPDATE payouts_ledgeraccount SET balance_micro = -1 WHERE kind = 'payable' AND contributor_id = "
        "(SELECT min(id) FROM marketplace_contributor)",
        ["balances are their postings", r"nobody is below zero: Account \d+ .* is at -1 micro USD; has a floor: True"],
    ),
    "a statement tells of a debt that is none": (
        "UPDATE payouts_statement SET owed_back_micro = 5 WHERE contributor_id = "
        "(SELECT min(contributor_id) FROM payouts_statement) AND period_id = (SELECT min(id) FROM payouts_period)",
        [
            r"statements are posted: Contributor \d+ was told of 2026-10: 5 micro are owed back; posted are 0",
            r"statement roots: What contributor \d+ was told of 2026-10 USD is not what was issued",
        ],
    ),
    "an entry is moved to a closed month": (
        "UPDATE payouts_entry SET period_id = (SELECT min(id) FROM payouts_period) "
        "WHERE id = (SELECT max(id) FROM payouts_entry WHERE kind = 'payout_reserved')",
        [
            "closed periods stay closed: Entry .*payout_reserved.* was written to 2026-10 after that was closed",
            "audit chain: .*since",
            "statements are posted: Contributor .* was told of 2026-10: earned .*, paid 0 micro; posted are",
            "statement roots: What contributor .* was told of 2026-10 USD is not what was issued",
        ],
    ),
    "an entry is said to be about an open month": (
        "UPDATE payouts_entry SET origin_period_id = (SELECT max(id) FROM payouts_period) "
        "WHERE kind = 'funds_available'",
        ["origin periods are closed: Entry .*funds.* is about 2026-11, which is open", "audit chain: .*since"],
    ),
    "a revenue event is said to be about an open month": (
        "UPDATE payouts_revenueevent SET origin_period_id = (SELECT max(id) FROM payouts_period) "
        "WHERE id = (SELECT min(id) FROM payouts_revenueevent)",
        [
            "origin periods are closed: Revenue event .* is about 2026-11, which is open",
            "pools are shared out: The downloads of 2026-10 brought 2000 minor in all, but the closed month says 3000",
            *["statement roots: What contributor .* is not what was issued"] * 2,
        ],
    ),
    "a sale brought in less": (
        "UPDATE payouts_revenueevent SET fee_minor = fee_minor + 1, net_minor = net_minor - 1 "
        "WHERE id = (SELECT min(id) FROM payouts_revenueevent)",
        ["revenue is posted: Entry .* moves 29100000 micro of cash and 900000 of fees, .* 30000000 gross, 910000"],
    ),
    "an earning is moved to somebody else": (
        "UPDATE payouts_earning SET contributor_id = (SELECT max(id) FROM marketplace_contributor), kind = 'moved' "
        "WHERE id = (SELECT min(id) FROM payouts_earning)",
        [
            *["earnings are posted: Entry .* to contributor"] * 2,
            "pools are shared out: The pool of 2026-10",
            *["statement roots"] * 2,
        ],
    ),
    "a pool is enlarged": (
        "UPDATE payouts_period SET pool_micro = pool_micro + 1 WHERE state = 'closed'",
        [
            "pools are shared out: The pool of 2026-10",
            r"audit chain: Link \d+ \(period_closed \d+\) records it as it was",
        ],
    ),
    "a statement is changed": (
        "UPDATE payouts_statement SET adjusted_micro = 1, closing_micro = closing_micro + 1 WHERE index = 0",
        [
            "statements are posted: .* adjusted 1, .* posted are .*, 0 and 0",
            "statement roots: What .* is not what was issued",
        ],
    ),
    "a statement opens otherwise": (
        "UPDATE payouts_statement SET opening_micro = 1, closing_micro = closing_micro + 1 WHERE index = 0",
        ["statements add up: Contributor .* opens with 1 micro, but the one before closed with 0", "statement roots"],
    ),
    "a statement does not add up": (
        "ALTER TABLE payouts_statement DROP CONSTRAINT statement_adds_up;"
        "UPDATE payouts_statement SET closing_micro = closing_micro + 1 WHERE index = 0",
        ["statements add up: Contributor .* closes with .* micro, but comes to", "statement roots"],
    ),
    "a statement is deleted": (
        "DELETE FROM payouts_statement WHERE index = 1",
        [
            "statements are posted: Contributor .* earned None",
            "statement roots: The published root of 2026-10 USD is not that of its 1",
        ],
    ),
    "a root is replaced": (
        "UPDATE payouts_statementroot SET root_sha256 = repeat('0', 64)",
        [
            "audit chain: .*statement_root.*since",
            "statement roots: The published root of 2026-10 USD is not that of its 2 statements",
        ],
    ),
    "a root is deleted": (
        "DELETE FROM payouts_statementroot",
        ["audit chain: .*not there any more", "statement roots: 2026-10 USD is closed, and no root"],
    ),
    "a share is moved to another image of a list": (
        "UPDATE attribution_inspirationlist SET shares_ppm = ARRAY[shares_ppm[1] - 1, shares_ppm[2] + 1] "
        "WHERE download_id = (SELECT min(download_id) FROM attribution_inspirationlist)",
        [
            *["statement roots: What contributor .* is not what was issued"] * 2,
            *["daily shares: .* ppm are stored for contributor"] * 2,
        ],
    ),
    "all lists are deleted": (
        "DELETE FROM attribution_inspirationlist",
        [
            "statement roots: The statements of 2026-10 USD cannot be computed again: Cannot split",
            *["daily shares"] * 9,
        ],
    ),
    "a daily sum is changed": (
        "UPDATE attribution_dailyshare SET share_ppm = share_ppm + 1 "
        "WHERE contributor_id IS NULL AND downloaded_on = '2026-10-14'",
        ["daily shares: .* ppm are stored for the unattributed part on 2026-10-14, and the lists have"],
    ),
    "a transfer is deleted": (
        "DELETE FROM payouts_transfer WHERE id = (SELECT min(id) FROM payouts_transfer)",
        [
            "payouts are transfers: Payout .* is sent .* transfer has None",
            "payouts are transfers: .* posted as sent, but",
        ],
    ),
    "a transfer is said to be larger": (
        "UPDATE payouts_transfer SET amount_minor = amount_minor + 1 WHERE id = (SELECT min(id) FROM payouts_transfer)",
        [
            "payouts are transfers: Payout .* is sent",
            "payouts are transfers: .* posted as sent, but the transfers come to",
        ],
    ),
    "a payout is said to be under way": (
        "UPDATE payouts_payout SET state = 'reserved' WHERE id = (SELECT min(id) FROM payouts_payout)",
        ["payouts are transfers: Payout .* is reserved", "payouts are transfers: 0 micro USD are in transit, but"],
    ),
    "money is said to have come back": (
        "INSERT INTO payouts_reversal (transfer_id, stripe_reversal_id, amount_minor, created_at) "
        "SELECT min(id), 'trr_made_up', 1, now() FROM payouts_transfer",
        ["payouts are transfers: Payout .* is sent with .* 1 minor reversed, and 0 micro"],
    ),
    "a link is rewritten": (
        "UPDATE payouts_auditlink SET content_sha256 = repeat('0', 64) WHERE id = 2",
        ["audit chain: Link 2 .* was changed"],
    ),
    "a link is rewritten with its own hash": (
        "UPDATE payouts_auditlink AS link SET previous_sha256 = repeat('a', 64) WHERE id = 2;"
        "UPDATE payouts_auditlink AS link SET sha256 = payouts_audit_sha256(link) WHERE id = 2",
        ["audit chain: Link 2 .* does not follow", "audit chain: Link 3 .* does not follow"],
    ),
    "a link is deleted": (
        "DELETE FROM payouts_auditlink WHERE id = 3",
        [
            "audit chain: Link 4 .* comes after link 2: those between are missing",
            "audit chain: There is no link of entry",
        ],
    ),
}


def unexpected(tampered: dict[str, tuple[str, list[str]]], found: Callable[[], list[str]]) -> dict[str, list[str]]:
    """By what was done, all that is found then, where that is not what the patterns say; each deed is taken back."""
    differing = {}
    for deed, (sql, expected) in tampered.items():
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")
                cursor.execute(sql)
                cursor.execute("SET LOCAL session_replication_role = DEFAULT")
            lines = found()
            transaction.set_rollback(True)
        if len(lines) != len(expected) or not all(map(re.match, expected, lines)):
            differing[deed] = lines
    return differing
