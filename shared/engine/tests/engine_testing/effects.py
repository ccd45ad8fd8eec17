"""What the messages of the test sagas do, stated without their declarations."""

from engine_testing.ledger import Effects

DELIVERY = Effects(
    done_by={"reserve_items": "items", "book_courier": "courier", "authorize_payment": "hold"},
    compensations={"releasing": "items", "dismissing": "courier", "canceling": "hold"},
    compensating={
        "release_items": "items",
        "dismiss_courier": "courier",
        "cancel_payment": "hold",
    },
    compensated_by={
        "items.released": "items",
        "courier.dismissed": "courier",
        "payment.canceled": "hold",
        "payment.authorization_expired": "hold",
    },
    needless={
        "items.unavailable": "items",
        "courier.unavailable": "courier",
        "courier.lost": "courier",
        "payment.failed": "hold",
        "payment.canceled": "hold",
        "payment.authorization_expired": "hold",
    },
    committed_by=frozenset({"payment.captured"}),
    answered_for={"capturing": "hold"},
    success=frozenset({"completed"}),
)

TOUR = Effects(
    done_by={"book_hotel": "hotel", "hold_flight": "flight", "hire_guide": "guide"},
    compensations={
        "canceling_hotel": "hotel",
        "dropping_flight": "flight",
        "releasing_guide": "guide",
    },
    compensating={"cancel_hotel": "hotel", "drop_flight": "flight", "release_guide": "guide"},
    compensated_by={
        "hotel.canceled": "hotel",
        "flight.dropped": "flight",
        "guide.released": "guide",
    },
    needless={"hotel.full": "hotel", "flight.full": "flight", "guide.none": "guide"},
    committed_by=frozenset({"charge.made"}),
    answered_for={},
    success=frozenset({"booked"}),
)
