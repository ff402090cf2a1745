"""The sandbox's memory: one SQLite file, so that it outlives the server, even one that is killed."""

import json
import secrets
import sqlite3
import string
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from payouts.sandbox.answers import Answer, JsonObject

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    created INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind);
CREATE INDEX IF NOT EXISTS objects_by_group ON objects (kind, json_extract(body, '$.transfer_group'));
CREATE INDEX IF NOT EXISTS objects_by_group_and_destination
    ON objects (kind, json_extract(body, '$.transfer_group'), json_extract(body, '$.destination'));
CREATE TABLE IF NOT EXISTS balances (
    currency TEXT PRIMARY KEY,
    available_minor INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS due (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    pending_minor INTEGER NOT NULL,
    currency TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS remembered_answers (
    idempotency_key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body BLOB NOT NULL,
    headers TEXT NOT NULL,
    created INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS onboarding_links (
    token TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    return_url TEXT NOT NULL,
    refresh_url TEXT NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS controls (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
"""
KEY_LIFETIME_S = 24 * 3600  # after which Stripe may forget an idempotency key, and the sandbox does

ID_CHARACTERS = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    """A new random id such as `tr_1Pgc7BB7WZ01zgkWVJfE40RX`."""
    return f"{prefix}_1{''.join(secrets.choice(ID_CHARACTERS) for _ in range(length - 1))}"


@dataclass(frozen=True)
class OnboardingLink:
    """What an account link's token stands for; `expires_at` in Unix seconds."""

    token: str
    account: str
    return_url: str
    refresh_url: str
    expires_at: int


class State:
    """All that the sandbox knows. Each method may be called from any thread, alone or within `transaction`."""

    def __init__(self, path: Path) -> None:
        """Open or create the file.

        Raises sqlite3.OperationalError if another sandbox holds it, sqlite3.DatabaseError if it is something else.
        """
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            # In-flight keys live in one process's memory, so a second sandbox on this file must not start.
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(f"BEGIN EXCLUSIVE; {SCHEMA} COMMIT;")
        except sqlite3.Error:
            self._db.close()
            raise
        self._ahead_s: int = self.control("clock", 0)

    def close(self) -> None:
        """Wait for the transaction under way and close the file."""
        with self._lock:
            self._db.close()

    def now(self) -> int:
        """The sandbox's time in Unix seconds; nothing else here reads a clock."""
        return int(time.time()) + self._ahead_s

    def advance(self, seconds: int) -> None:
        """Move the clock on; it stays ahead when the file is opened again."""
        with self._lock:
            self._ahead_s += seconds
            self.set_control("clock", self._ahead_s)

    def control(self, name: str, default: Any) -> Any:
        """What was set from outside under this name, as JSON can hold it."""
        with self._lock:
            row = self._db.execute("SELECT value FROM controls WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else default

    def set_control(self, name: str, value: Any) -> None:
        """Keep what is set from outside."""
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO controls VALUES (?, ?)", (name, json.dumps(value)))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block's changes or, if it raises, none; one block at a time."""
        with self._lock, self._db:
            self._db.execute("BEGIN")
            yield

    def put(self, item: JsonObject) -> None:
        """Store an object of Stripe's, new or changed, under its id."""
        with self._lock:
            self._db.execute(
                "INSERT INTO objects (id, kind, created, body) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
                (item["id"], item["object"], item["created"], json.dumps(item)),
            )

    def get(self, kind: str, id_: str) -> JsonObject | None:
        """The object of this kind (Stripe's `object` field) and id."""
        with self._lock:
            row = self._db.execute("SELECT body FROM objects WHERE kind = ? AND id = ?", (kind, id_)).fetchone()
        return cast(JsonObject, json.loads(row[0])) if row else None

    def newest(
        self,
        kind: str,
        *,
        equal: Mapping[str, str],
        created: Sequence[tuple[str, int]],
        after_id: str | None,
        limit: int,
    ) -> list[JsonObject]:
        """Up to `limit` objects, newest first, that come after `after_id` and have the given fields and times."""
        conditions = ["kind = ?"]
        values: list[str | int] = [kind]
        for name, wanted in equal.items():
            conditions.append(f"json_extract(body, '$.{name}') = ?")
            values.append(wanted)
        for operator, moment in created:
            conditions.append(f"created {operator} ?")
            values.append(moment)
        if after_id is not None:
            conditions.append("seq < (SELECT seq FROM objects WHERE id = ?)")
            values.append(after_id)
        # The names and operators come from our own endpoints, the values go in apart.
        sql = f"SELECT body FROM objects WHERE {' AND '.join(conditions)} ORDER BY seq DESC LIMIT ?"  # noqa: S608
        with self._lock:
            return [json.loads(body) for (body,) in self._db.execute(sql, [*values, limit])]

    def oldest_events(self, after_seq: int) -> list[tuple[int, JsonObject]]:
        """Every event after one with that number, oldest first, with its own."""
        with self._lock:
            rows = self._db.execute(
                "SELECT seq, body FROM objects WHERE kind = 'event' AND seq > ? ORDER BY seq", (after_seq,)
            ).fetchall()
        return [(seq, json.loads(body)) for seq, body in rows]

    def available_minor(self) -> dict[str, int]:
        """The platform's available balance by currency."""
        with self._lock:
            return dict(self._db.execute("SELECT currency, available_minor FROM balances ORDER BY currency"))

    def pending_minor(self) -> dict[str, int]:
        """What is to become available later, by currency."""
        with self._lock:
            return dict(self._db.execute("SELECT currency, sum(pending_minor) FROM due GROUP BY 1"))

    def plan(self, id_: str, at: int, currency: str, pending_minor: int = 0) -> None:
        """Let an object become due at a time: open sessions expire, what is pending becomes available."""
        with self._lock:
            self._db.execute("INSERT INTO due VALUES (?, ?, ?, ?)", (id_, at, pending_minor, currency))

    def due(self) -> list[str]:
        """The ids of what is due by now, in the order of their times."""
        with self._lock:
            return [id_ for (id_,) in self._db.execute("SELECT id FROM due WHERE at <= ? ORDER BY at", (self.now(),))]

    def pending(self) -> list[str]:
        """The ids of balance transactions that are not available yet."""
        with self._lock:
            return [id_ for (id_,) in self._db.execute("SELECT id FROM due WHERE pending_minor > 0 ORDER BY at, id")]

    def done(self, id_: str) -> None:
        """Nothing is planned for an object any more."""
        with self._lock:
            self._db.execute("DELETE FROM due WHERE id = ?", (id_,))

    def add_to_available(self, change_minor: int, currency: str) -> None:
        """Change the platform's available balance. Refunds and disputes take it below zero, as at Stripe."""
        with self._lock:
            self._db.execute("INSERT OR IGNORE INTO balances VALUES (?, 0)", (currency,))
            self._db.execute(
                "UPDATE balances SET available_minor = available_minor + ? WHERE currency = ?",
                (change_minor, currency),
            )

    def remember(self, idempotency_key: str, fingerprint: str, answer: Answer) -> None:
        """Keep the answer that was given to this key."""
        with self._lock:
            self._db.execute(
                "INSERT OR REPLACE INTO remembered_answers VALUES (?, ?, ?, ?, ?, ?)",
                (
                    idempotency_key,
                    fingerprint,
                    answer.status,
                    answer.body,
                    json.dumps(dict(answer.headers)),
                    self.now(),
                ),
            )

    def recall(self, idempotency_key: str) -> tuple[str, Answer] | None:
        """The request's fingerprint and the answer that were remembered under this key in the last 24 hours."""
        with self._lock:
            row = self._db.execute(
                "SELECT fingerprint, status, body, headers FROM remembered_answers"
                " WHERE idempotency_key = ? AND created > ?",
                (idempotency_key, self.now() - KEY_LIFETIME_S),
            ).fetchone()
        return (row[0], Answer(row[1], row[2], json.loads(row[3]))) if row else None

    def put_link(self, link: OnboardingLink) -> None:
        """Store an onboarding link, new or changed, under its token."""
        with self._lock:
            self._db.execute(
                "INSERT OR REPLACE INTO onboarding_links VALUES (?, ?, ?, ?, ?)",
                (link.token, link.account, link.return_url, link.refresh_url, link.expires_at),
            )

    def link(self, token: str) -> OnboardingLink | None:
        """The onboarding link of this token."""
        with self._lock:
            row = self._db.execute("SELECT * FROM onboarding_links WHERE token = ?", (token,)).fetchone()
        return OnboardingLink(*row) if row else None
