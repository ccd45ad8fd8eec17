"""Money is conserved in every history of calls: each step is checked against a model.

The histories are the same each time, so that the suite is; `STRIPE_EMULATOR_HISTORIES=20000` runs
that many new ones.
"""

# ruff: noqa: PLR0913, PLR0917  # a rule has an argument for everything that is drawn

import os
from typing import ClassVar

from histories.checks import LEGAL
from histories.history import History
from histories.model import CARDS, DAY
from histories.money import Attach, Cancel, Capture, Detach, Refund, Unknown
from histories.operations import Confirm, Create, How, Update
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

HISTORIES = os.environ.get("STRIPE_EMULATOR_HISTORIES")
PROFILE = settings(
    max_examples=int(HISTORIES or 400),
    stateful_step_count=40,
    derandomize=HISTORIES is None,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)

ANY = st.integers(0, 999)
CURRENCIES = st.sampled_from(["usd", "usd", "eur", "jpy", "kwd"])
GOOD_AMOUNTS = st.sampled_from([50, 60, 1_000, 1_290, 99_999_990])
ODD_AMOUNTS = st.sampled_from([-1, 0, 1, 49, 1_299, 99_999_999, 100_000_000])
AMOUNTS = st.one_of(GOOD_AMOUNTS, GOOD_AMOUNTS, ODD_AMOUNTS)
CAPTURES = st.sampled_from(["manual", "manual", "automatic", "automatic_async"])
TOKENS = st.one_of(
    st.just("pm_card_visa"),
    st.just("pm_card_threeDSecure2Required"),
    st.sampled_from(sorted(CARDS)),
)
HOWS = st.builds(How, st.booleans(), st.booleans(), st.booleans())
PARTS = st.sampled_from([None, None, 0, 1, 50, 60, 1_000, 100_000_000])
REASONS = st.sampled_from([None, "duplicate", "abandoned", "requested_by_customer", "boredom"])
KEYS = st.sampled_from([None, None, None, None, "order-1", "order-2", "commandé"])


HAS_INTENTS = precondition(lambda machine: machine.history.world.intents)
HAS_METHODS = precondition(lambda machine: machine.history.world.methods)
HAS_SENT = precondition(lambda machine: machine.history.sent)


class PaymentIntentMachine(RuleBasedStateMachine):
    """Calls in any order; the model has the expected result of each."""

    taken: ClassVar[set[tuple[str | None, str]]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.history = History()

    @rule(
        amount=AMOUNTS, currency=CURRENCIES, capture=CAPTURES, token=st.none() | TOKENS,
        known=st.none() | ANY, customer=st.none() | ANY, redirects=st.booleans(),
        later=st.booleans(), confirm=st.none() | HOWS, key=KEYS,
    )  # fmt: skip
    def create(
        self, amount, currency, capture, token, known, customer, redirects, later, confirm, key
    ):
        method = token if known is None else self.method(known) or token
        owner = None if customer is None else self.pick(self.history.world.customers, customer)
        form = (amount, currency, capture, method, owner, redirects, later, confirm)
        self.history.send(Create(*form), key)

    @rule(
        amount=GOOD_AMOUNTS, capture=CAPTURES, token=TOKENS, customer=st.none() | ANY, key=KEYS,
        off_session=st.booleans(),
    )  # fmt: skip
    def pay(self, amount, capture, token, customer, key, off_session):
        owner = None if customer is None else self.pick(self.history.world.customers, customer)
        how = How(off_session)
        self.history.send(Create(amount, "usd", capture, token, owner, False, False, how), key)

    @HAS_INTENTS
    @rule(at=ANY, token=st.none() | TOKENS, known=st.none() | ANY, how=HOWS, key=KEYS)
    def confirm(self, at, token, known, how, key):
        method = token if known is None else self.method(known) or token
        self.history.send(Confirm(self.intent(at), method, how), key)

    @HAS_INTENTS
    @rule(at=ANY, token=TOKENS, off_session=st.booleans())
    def confirm_with_another_card(self, at, token, off_session):
        how = How(off_session=off_session, returns=True)
        self.history.send(Confirm(self.intent(at), token, how))

    @HAS_INTENTS
    @rule(
        at=ANY, amount=st.none() | AMOUNTS, currency=st.none() | CURRENCIES,
        capture=st.none() | CAPTURES, token=st.none() | TOKENS, note=st.sampled_from([None, "a"]),
        key=KEYS,
    )  # fmt: skip
    def update(self, at, amount, currency, capture, token, note, key):
        self.history.send(Update(self.intent(at), amount, currency, capture, token, note), key)

    @HAS_INTENTS
    @rule(at=ANY, amount=PARTS, key=KEYS)
    def capture(self, at, amount, key):
        self.history.send(Capture(self.intent(at), amount), key)

    @HAS_INTENTS
    @rule(at=ANY, reason=REASONS, key=KEYS)
    def cancel(self, at, reason, key):
        self.history.send(Cancel(self.intent(at), reason), key)

    @HAS_INTENTS
    @rule(at=ANY, amount=PARTS, key=KEYS)
    def refund(self, at, amount, key):
        self.history.send(Refund(self.intent(at), amount), key)

    @HAS_INTENTS
    @rule(at=ANY, succeeded=st.booleans())
    def authenticate(self, at, succeeded):
        self.history.authenticate(self.intent(at), succeeded=succeeded)

    @rule(token=TOKENS, customer=ANY, key=KEYS)
    def attach_a_new_card(self, token, customer, key):
        owner = self.pick(self.history.world.customers, customer)
        self.history.send(Attach(token, owner), key)

    @HAS_METHODS
    @rule(at=ANY, customer=ANY)
    def attach_again(self, at, customer):
        owner = self.pick(self.history.world.customers, customer)
        self.history.send(Attach(self.method(at) or "", owner))

    @HAS_METHODS
    @rule(at=ANY, key=KEYS)
    def detach(self, at, key):
        self.history.send(Detach(self.method(at) or ""), key)

    @rule(in_path=st.booleans())
    def name_what_is_not_there(self, in_path):
        self.history.send(Unknown(in_path))

    @HAS_SENT
    @rule(at=ANY)
    def repeat(self, at):
        self.history.send(*self.pick(self.history.sent, at))

    @HAS_SENT
    @rule(at=ANY, ending=st.sampled_from(["finish", "give up", "kill"]))
    def call_twice_at_once(self, at, ending):
        self.history.overlap(self.pick(self.history.sent, at), ending)

    @rule(seconds=st.sampled_from([0, 1, 3_600, DAY - 1, DAY, 5 * DAY]))
    def wait(self, seconds):
        self.history.advance(seconds)

    @HAS_INTENTS
    @rule(at=ANY, early=st.sampled_from([0, 1]))
    def wait_for_the_end_of_a_hold(self, at, early):
        world = self.history.world
        ends = [intent.capture_before for intent in world.intents.values() if intent.held]
        if ends:
            self.history.advance(max(0, self.pick(ends, at) - early - world.now))

    @rule()
    def kill_and_restart(self):
        self.history.restart()

    @rule(at=st.integers(0, 2**20))
    def cut_the_journal(self, at):
        self.history.cut(at)

    @invariant()
    def all_is_as_the_model_says(self):
        self.history.check()

    def teardown(self) -> None:
        self.taken.update(self.history.taken)
        self.history.close()

    def intent(self, at: int) -> str:
        """Any PaymentIntent; every other time one that is not over, where there is one."""
        intents = self.history.world.intents
        ended = ("succeeded", "canceled")
        going = [name for name, intent in intents.items() if intent.status not in ended]
        return self.pick(going if going and at % 2 else list(intents), at // 2)

    def method(self, at: int) -> str | None:
        known = list(self.history.world.methods)
        return self.pick(known, at) if known else None

    def pick(self, items, at):
        return items[at % len(items)]


def test_money_is_conserved_in_every_history():
    PaymentIntentMachine.taken.clear()
    run_state_machine_as_test(PaymentIntentMachine, settings=PROFILE)
    if LEGAL - PaymentIntentMachine.taken:  # which histories those are is Hypothesis's to say
        more = settings(PROFILE, derandomize=False, max_examples=4 * PROFILE.max_examples)
        run_state_machine_as_test(PaymentIntentMachine, settings=more)
    assert sorted(LEGAL - PaymentIntentMachine.taken, key=str) == [], "Not seen in any history."
