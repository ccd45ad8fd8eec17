"""A tour: three participants, an optional step, no operator; in shape unlike an order."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from saga_engine.declaration import Definition
from saga_engine.rules import Timeout
from saga_engine.state import SagaState
from saga_engine.words import (
    NEXT_COMPENSATION,
    compensate,
    either,
    end,
    pivot,
    query,
    retriable,
    saga,
    step,
)

from engine_testing.messages import keep, message, sends

FindSeats, SeatsFound, NoSeats = map(message, ("find_seats", "flight.found", "flight.none"))
HoldFlight, FlightHeld, FlightFull = map(message, ("hold_flight", "flight.held", "flight.full"))
DropFlight, FlightDropped = map(message, ("drop_flight", "flight.dropped"))
BookHotel, HotelBooked, HotelFull = map(message, ("book_hotel", "hotel.booked", "hotel.full"))
CancelHotel, HotelCanceled = map(message, ("cancel_hotel", "hotel.canceled"))
HireGuide, GuideHired, NoGuide = map(message, ("hire_guide", "guide.hired", "guide.none"))
ReleaseGuide, GuideReleased = map(message, ("release_guide", "guide.released"))
Charge, Charged, ChargeFailed = map(message, ("charge_traveler", "charge.made", "charge.failed"))
IssueTickets, TicketsIssued = map(message, ("issue_tickets", "tickets.issued"))
Event = message("tour.event")

REPLIES: Final = {
    FindSeats: (SeatsFound, NoSeats),
    HoldFlight: (FlightHeld, FlightFull),
    DropFlight: (FlightDropped,),
    BookHotel: (HotelBooked, HotelFull),
    CancelHotel: (HotelCanceled,),
    HireGuide: (GuideHired, NoGuide),
    ReleaseGuide: (GuideReleased,),
    Charge: (Charged, ChargeFailed),
    IssueTickets: (TicketsIssued,),
}


class State(StrEnum):
    """The states of the tour."""

    FINDING_SEATS = "finding_seats"
    BOOKING_HOTEL = "booking_hotel"
    COMPARING_SEATS = "comparing_seats"
    HOLDING_FLIGHT = "holding_flight"
    HIRING_GUIDE = "hiring_guide"
    CHARGING = "charging"
    ISSUING_TICKETS = "issuing_tickets"
    BOOKED = "booked"
    CANCELING_HOTEL = "canceling_hotel"
    DROPPING_FLIGHT = "dropping_flight"
    RELEASING_GUIDE = "releasing_guide"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tour(SagaState):
    """A tour, with or without a guide."""

    guided: bool = True


def is_guided(tour: Tour) -> bool:
    """Return whether the traveler wants a guide."""
    return tour.guided


S = State
OFF = compensate(S.OFF)
TIME = Timeout(5)
announce = sends(Event)


def tour() -> Definition:
    """Declare it; a query stands between two compensatable steps."""
    return saga(
        1,
        REPLIES,
        query(S.FINDING_SEATS, sends(FindSeats), TIME)
        .on(SeatsFound, keep, S.BOOKING_HOTEL)
        .on(NoSeats, keep, S.OFF)
        .on_timeout(keep, S.OFF),
        step(S.BOOKING_HOTEL, sends(BookHotel), TIME)
        .compensated_by(S.CANCELING_HOTEL)
        .on(HotelBooked, keep, S.COMPARING_SEATS)
        .on(HotelFull, keep, OFF, settles=S.CANCELING_HOTEL)
        .on_timeout(keep, OFF),
        query(S.COMPARING_SEATS, sends(FindSeats), TIME)
        .on(SeatsFound, keep, S.HOLDING_FLIGHT)
        .on(NoSeats, keep, OFF)
        .on_timeout(keep, OFF),
        step(S.HOLDING_FLIGHT, sends(HoldFlight), TIME)
        .compensated_by(S.DROPPING_FLIGHT)
        .on(FlightHeld, keep, either(is_guided, S.HIRING_GUIDE, S.CHARGING))
        .on(FlightFull, keep, OFF, settles=S.DROPPING_FLIGHT)
        .on_timeout(keep, OFF),
        step(S.HIRING_GUIDE, sends(HireGuide), TIME)
        .compensated_by(S.RELEASING_GUIDE)
        .on(GuideHired, keep, S.CHARGING)
        .on(NoGuide, keep, S.CHARGING, settles=S.RELEASING_GUIDE)
        .on_timeout(keep, OFF),
        pivot(
            S.CHARGING,
            sends(Charge),
            TIME,
            commits=[S.CANCELING_HOTEL, S.DROPPING_FLIGHT, S.RELEASING_GUIDE],
        )
        .on(Charged, keep, S.ISSUING_TICKETS, commits=True)
        .on(ChargeFailed, keep, OFF)
        .stays_overdue(),
        retriable(S.ISSUING_TICKETS, sends(IssueTickets), TIME)
        .on(TicketsIssued, keep, S.BOOKED)
        .stays_overdue(),
        end(S.BOOKED, announce),
        retriable(S.CANCELING_HOTEL, sends(CancelHotel), TIME)
        .on(HotelCanceled, keep, NEXT_COMPENSATION)
        .stays_overdue(),
        retriable(S.DROPPING_FLIGHT, sends(DropFlight), TIME)
        .on(FlightDropped, keep, NEXT_COMPENSATION)
        .stays_overdue(),
        retriable(S.RELEASING_GUIDE, sends(ReleaseGuide), TIME)
        .on(GuideReleased, keep, NEXT_COMPENSATION)
        .stays_overdue(),
        end(S.OFF, announce),
    )
