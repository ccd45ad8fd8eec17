"""Guarantees of the Create Order declarations, and the refusal of wrong changes to them."""

from dataclasses import replace
from pathlib import Path

import pytest
from order_saga.create_order import keep, saga
from order_saga.create_order.messages import CancelRequested
from order_saga.create_order.saga import create_order
from order_saga.create_order.state import State
from order_saga.create_order.timeouts import Timeouts
from order_saga.create_order.versions import Definitions
from order_saga.errors import DefinitionUnknown
from order_saga.settings import OrderSagaSettings
from saga_engine.checks import checked, problems
from saga_engine.declaration import Definition, Kind, Step
from saga_engine.rules import Timeout
from saga_engine.transitions import explore
from saga_engine.words import compensate, earlier, on, query
from saga_schemas.topics import PAYMENT_EVENTS, USER_EVENTS
from saga_testing.happy_path import command_of
from saga_testing.versions import ALL, NEWEST, VERSIONS, oldest_first

PAGE = NEWEST
PAGE_LINES = 120


def changed(state, node):
    nodes = {**PAGE.nodes, state: node}
    return Definition(PAGE.version, PAGE.start, nodes, PAGE.replies)


def without_rules(node, *messages):
    return replace(node, rules=tuple(rule for rule in node.rules if rule.message not in messages))


# Guarantees


def test_every_version_is_declared_and_the_newest_is_the_page():
    assert sorted(VERSIONS) == list(range(1, PAGE.version + 1))
    assert create_order(Timeouts()).version == PAGE.version


def test_an_unknown_version_is_an_error():
    with pytest.raises(DefinitionUnknown, match=r"definition_version: 9 is not among .* \(8\)"):
        Definitions({8: PAGE}).of(9)


def test_no_version_has_a_problem():
    for definition in VERSIONS.values():
        assert list(problems(definition)) == []


def test_every_reply_of_both_participants_has_a_rule_somewhere():
    handled = {rule.message for node in PAGE.nodes.values() for rule in node.rules}

    assert {*USER_EVENTS.messages, *PAYMENT_EVENTS.messages} <= handled


def test_every_reply_has_an_optional_attempt():
    for message in (*USER_EVENTS.messages, *PAYMENT_EVENTS.messages):
        payload = message.model_fields["payload"].annotation
        assert not payload.model_fields["attempt"].is_required()


def test_every_state_has_a_node_in_the_newest_version():
    assert set(PAGE.nodes) == set(State)


def test_every_step_of_the_newest_version_has_a_timeout_rule():
    assert all(step.timeout_rule for step in PAGE.steps())


def test_the_saga_is_on_one_page():
    page = Path(saga.__file__).read_text()

    assert len(page.splitlines()) <= PAGE_LINES


def test_the_steps_have_the_configured_timeouts():
    settings = OrderSagaSettings(
        database_url="postgresql+psycopg2://nobody@/none",
        payment_info_timeout_seconds=3,
        payment_info_tries=2,
        authorization_timeout_seconds=4,
        settlement_timeout_seconds=5,
        settlement_tries=6,
        settlement_back_off=1.5,
    )

    steps = create_order(settings.timeouts).steps()

    timeouts = {step.state: step.timeout for step in steps}
    assert timeouts == timeouts | {
        State.RETRIEVING_PAYMENT_INFO: Timeout(3, 2, 1.0),
        State.AUTHORIZING: Timeout(4, 1, 1.0),
        State.CAPTURING: Timeout(5, 6, 1.5),
        State.REFUNDING: Timeout(5, 6, 1.5),
        State.CANCELING: Timeout(5, 6, 1.5),
    }


# Version 1, declared by how it differs


def test_version_1_is_as_it_was_when_it_was_the_newest():
    first = ALL.of(1)

    assert list(first.nodes) == ["retrieving_payment_info", "authorizing", "authorized", "rejected"]
    assert {
        state: [rule.message.model_fields["type"].default for rule in node.rules]
        for state, node in first.nodes.items()
    } == {
        "retrieving_payment_info": ["user.payment_info_retrieved", "user.payment_info_failed"],
        "authorizing": ["payment.authorized", "payment.failed"],
        "authorized": [],
        "rejected": [],
    }
    authorizing = first.nodes["authorizing"]
    assert (authorizing.kind, authorizing.compensation) == (Kind.RETRIABLE, None)
    assert authorizing.timeout_rule is None
    assert first.compensations == frozenset()


def test_an_earlier_version_that_lost_a_reply_is_refused():
    with pytest.raises(ValueError, match=r"version 9: capturing: no rule for payment.captured"):
        earlier(PAGE, 9, [State.CAPTURING, State.AUTHORIZED])


# Refusals of wrong changes


def test_a_cancel_that_does_not_compensate_the_hold_is_refused():
    rest = PAGE.nodes[State.AUTHORIZED]
    wrong = without_rules(rest, CancelRequested).on(
        CancelRequested, keep.cancel_request, State.CANCELED
    )

    expected = "cancel_requested leads from authorized to canceled with canceling still registered"
    assert expected in problems(changed(State.AUTHORIZED, wrong))


def test_a_timeout_that_does_not_compensate_the_hold_is_refused():
    step = PAGE.nodes[State.AUTHORIZING]
    wrong = step.on_timeout(keep.payment_service_timeout, State.REJECTED)

    expected = "no answer leads from authorizing to rejected with canceling still registered"
    assert expected in problems(changed(State.AUTHORIZING, wrong))


@pytest.mark.parametrize(
    "step", [step for step in PAGE.steps() if isinstance(step, Step)], ids=lambda step: step.state
)
def test_a_step_without_a_rule_for_a_reply_is_refused(step):
    for rule in step.rules:
        if rule.message in PAGE.replies[command_of(step)]:
            name = rule.message.model_fields["type"].default
            expected = f"{step.state}: no rule for {name}, a reply to its command"
            assert expected in problems(changed(step.state, without_rules(step, rule.message)))


def test_a_pivot_that_does_not_name_what_it_commits_is_refused():
    pivot = replace(PAGE.nodes[State.CAPTURING], commits=())

    found = list(problems(changed(State.CAPTURING, pivot)))

    assert (
        "payment.captured leads from capturing to completed with canceling still registered"
        in found
    )


def test_a_wrong_declaration_does_not_load():
    with pytest.raises(ValueError, match="canceling: no reply leads to the next"):
        checked(changed(State.CANCELING, replace(PAGE.nodes[State.CANCELING], rules=())))


def test_a_query_between_the_hold_and_the_rest_leaves_the_hold_registered():
    """A query was once taken for the step whose compensation is removed by position."""
    asking = query("asking", PAGE.nodes[State.RETRIEVING_PAYMENT_INFO].command, Timeout(1))
    asking = asking.with_rules(
        on(PAGE.nodes[PAGE.start].rules[0].message, keep.customer, State.AUTHORIZED),
        on(PAGE.nodes[PAGE.start].rules[1].message, keep.failure, compensate(State.REJECTED)),
    ).on_timeout(keep.user_service_timeout, compensate(State.REJECTED))
    step = PAGE.nodes[State.AUTHORIZING]
    rules = (replace(step.rules[0], then="asking"), *step.rules[1:])
    nodes = {**PAGE.nodes, "asking": asking, State.AUTHORIZING: replace(step, rules=rules)}
    with_query = Definition(9, PAGE.start, nodes, PAGE.replies)

    after_failure = {
        after.state
        for before, transition, after in explore(with_query)
        if before.state == "asking" and transition.by in {"user.payment_info_failed", "no answer"}
    }
    assert list(problems(with_query)) == []
    assert after_failure == {State.CANCELING}


def test_every_version_has_the_configured_timeouts():
    for definition in oldest_first(Timeouts(authorization=Timeout(7))):
        assert definition.nodes["authorizing"].timeout == Timeout(7)
