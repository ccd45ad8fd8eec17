"""A second saga, unlike an order, on the same engine: nothing of the engine was changed for it."""

import pytest
from engine_testing import tour as t
from engine_testing.effects import TOUR
from engine_testing.messages import SAGA_ID
from engine_testing.paths import Path
from saga_engine.crash_points import crash_points
from saga_engine.describe import diagram, message_table, step_table


@pytest.fixture(params=[True, False], ids=["with a guide", "without a guide"])
def begun(request):
    saga = t.Tour(id=SAGA_ID, definition_version=1, state="finding_seats", guided=request.param)
    return Path.begin(t.tour(), TOUR, saga)


@pytest.fixture
def holding(begun):
    return begun.reply(t.SeatsFound).reply(t.HotelBooked).reply(t.SeatsFound)


def test_a_tour_is_booked_with_a_guide_if_the_traveler_wants_one(holding):
    path = holding.reply(t.FlightHeld)
    if path.saga.guided:
        path = path.reply(t.GuideHired)

    booked = path.reply(t.Charged).reply(t.TicketsIssued)

    assert (booked.saga.state, booked.saga.compensations) == ("booked", ())


def test_a_query_between_two_steps_leaves_the_compensations_as_they_are(begun):
    comparing = begun.reply(t.SeatsFound).reply(t.HotelBooked)
    assert comparing.saga.state == "comparing_seats"

    no_seats = comparing.reply(t.NoSeats)

    assert no_seats.saga.state == "canceling_hotel"
    assert no_seats.reply(t.HotelCanceled).saga.state == "off"


def test_a_guide_who_has_no_time_needs_no_release_and_the_tour_goes_on(holding):
    path = holding.reply(t.FlightHeld)
    if path.saga.guided:
        path = path.reply(t.NoGuide)

    assert path.saga.state == "charging"
    assert path.saga.compensations == ("canceling_hotel", "dropping_flight")


def test_a_charge_that_fails_cancels_everything_in_reverse_order(holding):
    path = holding.reply(t.FlightHeld)
    if path.saga.guided:
        path = path.reply(t.GuideHired)

    path = path.reply(t.ChargeFailed)
    if path.saga.guided:
        path = path.reply(t.GuideReleased)
    path = path.reply(t.FlightDropped).reply(t.HotelCanceled)

    guide = ("guide",) if path.saga.guided else ()
    assert (path.saga.state, path.ledger.compensated) == ("off", (*guide, "flight", "hotel"))


def test_a_step_without_a_time_out_rule_stays_overdue_and_a_late_reply_still_counts(holding):
    path = holding.reply(t.FlightFull)
    assert path.saga.state == "canceling_hotel"

    overdue = path.time_out()
    assert (overdue.saga.state, overdue.saga.overdue) == ("canceling_hotel", True)

    assert overdue.reply(t.HotelCanceled).saga.state == "off"


def test_it_is_drawn_and_tabulated_like_every_saga():
    tour = t.tour()

    assert "holding_flight --> hiring_guide: flight.held" in diagram(tour)
    assert "| charging | pivot | charge_traveler | 5 s, 1 | commits canceling_hotel" in step_table(
        tour
    )
    assert "| guide.none |" in message_table(tour)
    names = {point.name for point in crash_points(tour)}
    assert "hiring_guide--guide.none--charging:before_commit" in names
