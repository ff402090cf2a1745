#!/usr/bin/env python3
"""Check a statement against the published root of its month, without Tributary and without a network.

    python verify_statement.py statement.json ROOT

ROOT is the 64 digits that the page of statement roots shows for the month. Keep them when you first see them: whoever
changes a statement later cannot change what you wrote down.

Checked are: that the statement adds up, that its lines add up to it, and that it is one of those which the root was
made of. It needs Python 3.10 or newer and nothing else. It ends with 0 where everything fits, with 1 where something
does not, and with 2 where the file or the root cannot be read.
"""

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

Statement = dict[str, Any]


class Unreadable(Exception):
    """The file or the root is not what it should be."""


def canonical(content: object) -> bytes:
    """The one way in which content is written: keys sorted, no spaces, ASCII."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii")


def read(data: bytes) -> tuple[Statement, list[bytes]]:
    """The statement and its proof from a file's bytes."""
    try:
        content = json.loads(data)
        statement, proof = content["statement"], [bytes.fromhex(node) for node in content["proof"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable(f"This is not a statement as it was issued: {error!r}. Download the JSON again.") from error
    if data != canonical(content) + b"\n":
        raise Unreadable("The file was changed or written anew since it was issued. Download the JSON again.")
    return statement, proof


def total(lines: list[dict[str, Any]]) -> int:
    """The sum of some lines, in millionths."""
    return sum(line["amount_micro"] for line in lines)


def money(micro: int) -> str:
    """Millionths as a person writes them."""
    return f"{'-' if micro < 0 else ''}{abs(micro) // 1_000_000}.{abs(micro) % 1_000_000:06d}"


def sums(statement: Statement) -> Iterator[tuple[str, int, int]]:
    """What must be equal: a sentence, what is said, and what it comes to."""
    opening, earned = statement["opening_micro"], statement["earned_micro"]
    adjusted, paid, closing = statement["adjusted_micro"], statement["paid_micro"], statement["closing_micro"]
    from_images = [part for part in statement["earnings"] if part["kind"] == "attribution"]
    yield "opening + earned + adjusted - paid is closing", closing, opening + earned + adjusted - paid
    yield "the earnings add up", earned, total(statement["earnings"])
    yield "the lines of the images add up to what they earned", total(from_images), total(statement["images"])
    yield "the adjustments add up", adjusted, total(statement["adjustments"])
    yield "the payouts add up", paid, total(statement["payouts"])


def root_of(statement: Statement, proof: list[bytes]) -> bytes | None:
    """The root that the proof leads the statement to (RFC 6962): None where the proof is too short or too long."""
    node = hashlib.sha256(b"\x00" + canonical(statement)).digest()
    index, count, rest = statement["index"], statement["count"], list(proof)
    while count > 1:
        if index ^ 1 < count:  # there is a node beside this one
            if not rest:
                return None
            beside = rest.pop(0)
            node = hashlib.sha256(b"\x01" + (beside + node if index % 2 else node + beside)).digest()
        index, count = index // 2, (count + 1) // 2
    return None if rest else node


def check(statement: Statement, proof: list[bytes], root: bytes) -> int:
    """Print each check and how it went; returns how many went wrong."""
    print(f"Statement of {statement['month']} in {statement['currency']} for contributor {statement['contributor']}")
    wrong = 0
    for sentence, said, counted in sums(statement):
        if said == counted:
            print(f"  ok     {sentence}: {money(said)}")
        else:
            wrong += 1
            print(f"  WRONG  not so: {sentence}. The statement says {money(said)}, but it comes to {money(counted)}")
    if root_of(statement, proof) == root:
        print(f"  ok     the proof of {len(proof)} steps leads from this statement to the root")
    else:
        wrong += 1
        print(
            "  WRONG  the proof does not lead to the root: the statement or its proof is not the one that was issued,"
        )
        print("         or the root is that of another month")
    return wrong


def ask(arguments: list[str]) -> int:
    """Read what the arguments name and check it; returns how many checks went wrong."""
    try:
        file, root_text = arguments
    except ValueError as error:
        raise Unreadable("Write: python verify_statement.py statement.json ROOT") from error
    if not re.fullmatch("[0-9a-f]{64}", root_text):
        raise Unreadable("The root is not 64 digits of 0-9 and a-f: copy it from the page of statement roots.")
    try:
        with open(file, "rb") as opened:
            data = opened.read()
    except OSError as error:
        raise Unreadable(f"{file} cannot be opened: {error.strerror}.") from error
    statement, proof = read(data)
    try:
        return check(statement, proof, bytes.fromhex(root_text))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(f"This is not a statement as it was issued: {error!r}. Download the JSON again.") from error


def main(arguments: list[str]) -> int:
    """Check one file and say how it went; returns the exit code."""
    try:
        wrong = ask(arguments)
    except Unreadable as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{wrong} of 6 checks went wrong." if wrong else "Everything fits.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
