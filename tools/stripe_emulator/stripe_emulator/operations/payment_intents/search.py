"""Search of PaymentIntents, by metadata from an index and by a few fields.

The clauses `metadata['key']:'value'` and `field:'value'` are joined by AND; Stripe's other
operators are refused. Every write is visible immediately, while Stripe's search lags by up to a
minute. https://docs.stripe.com/search
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from stripe_emulator.account.account import Account
from stripe_emulator.objects.payment_intent import PaymentIntent
from stripe_emulator.operations.call import Call
from stripe_emulator.operations.lists import read_limit
from stripe_emulator.wire.errors import InvalidParameters
from stripe_emulator.wire.json import JsonObject

_CLAUSE = re.compile(
    r"""\s*(?:metadata\[(?P<kq>['"])(?P<key>(?:\\.|(?!(?P=kq)).)*)(?P=kq)\]|(?P<field>\w+))"""
    r"""\s*:\s*(?:(?P<vq>['"])(?P<quoted>(?:\\.|(?!(?P=vq)).)*)(?P=vq)|(?P<bare>\d+))\s*"""
)
_AND = re.compile(r"AND\s", re.IGNORECASE)
_FIELDS = ("amount", "currency", "customer", "status")


class Clause(NamedTuple):
    """A condition: a field or a metadata key has a value."""

    field: str
    key: str
    value: str

    def holds(self, intent: PaymentIntent) -> bool:
        """Return True if the PaymentIntent matches, ignoring case."""
        if self.field == "metadata":
            actual = intent.metadata.get(self.key)
        else:
            actual = getattr(intent, self.field)
        return actual is not None and str(actual).casefold() == self.value.casefold()


def search_payment_intents(call: Call) -> JsonObject:
    """Return a page of the PaymentIntents that match the query, newest first."""
    clauses = parse(call.parameters.required_text("query"))
    found = [
        intent
        for intent in _candidates(call.account, clauses)
        if all(clause.holds(intent) for clause in clauses)
    ]
    found.reverse()
    start = _start(call.parameters.text("page"))
    end = start + read_limit(call.parameters)
    has_more = end < len(found)
    return {
        "object": "search_result",
        "data": [intent.as_json() for intent in found[start:end]],
        "has_more": has_more,
        "next_page": str(end) if has_more else None,
        "url": "/v1/payment_intents/search",
    }


def parse(query: str) -> list[Clause]:
    """Parse a query into its clauses.

    Raises:
        InvalidParameters: If the query is malformed or not supported by the emulator.
    """
    clauses: list[Clause] = []
    position = 0
    while True:
        match = _CLAUSE.match(query, position)
        if match is None:
            raise _malformed(query, position)
        clauses.append(_clause(match))
        position = match.end()
        if position == len(query):
            return clauses
        joint = _AND.match(query, position)
        if joint is None:
            raise _malformed(query, position)
        position = joint.end()


def _clause(match: re.Match[str]) -> Clause:
    field, key = match["field"] or "metadata", match["key"] or ""
    if field not in {*_FIELDS, "metadata"}:
        raise InvalidParameters(f"Field `{field}` is an unsupported search field.", param="query")
    value = match["bare"] if match["quoted"] is None else match["quoted"]
    return Clause(field, _unescape(key), _unescape(value))


def _candidates(account: Account, clauses: list[Clause]) -> Iterable[PaymentIntent]:
    for clause in clauses:
        if clause.field == "metadata":
            ids = account.intents_by_metadata.find(clause.key, clause.value)
            return [account.payment_intent(intent_id) for intent_id in ids]
        if clause.field == "customer":
            return account.payment_intents.group(clause.value)
    return account.payment_intents


def _start(page: str | None) -> int:
    if page is None:
        return 0
    if not re.fullmatch(r"[0-9]{1,9}", page):
        raise InvalidParameters(f"Invalid page: '{page}'.", param="page")
    return int(page)


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _malformed(query: str, position: int) -> InvalidParameters:
    return InvalidParameters(
        "We were unable to parse your search query. The emulator supports "
        "metadata['key']:'value' and field:'value', joined by AND; it could not read "
        f"{query[position:]!r}.",
        param="query",
    )
