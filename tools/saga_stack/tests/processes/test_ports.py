import os
import socket

import pytest
from saga_stack.errors import PortTakenError
from saga_stack.processes.ports import (
    LOOPBACK,
    SEARCH_RANGE,
    PortReservation,
    reserve_free_port,
    reserve_port,
)


def test_a_free_port_lies_below_the_ports_of_outgoing_connections():
    with reserve_free_port() as reservation:
        assert reservation.port in SEARCH_RANGE
        assert reservation.port < 32_768


def test_a_reserved_port_cannot_be_bound_even_with_reuseaddr():
    with reserve_free_port() as reservation, socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind((LOOPBACK, reservation.port))


def test_a_released_port_can_be_used_immediately():
    reservation = reserve_free_port()
    port = reservation.release()
    with socket.create_server((LOOPBACK, port)):
        pass


def test_the_error_for_a_taken_port_names_its_purpose_and_owner():
    with reserve_free_port() as taken, pytest.raises(PortTakenError) as caught:
        reserve_port(taken.port, "payment")
    assert f"Port {taken.port} for payment" in str(caught.value)
    assert f"process id {os.getpid()}" in str(caught.value)
    assert "choose another port" in caught.value.cure


def test_an_invalid_port_number_is_refused():
    with pytest.raises(PortTakenError, match="70000"):
        reserve_port(70_000, "payment")


def test_a_port_that_was_just_used_can_be_reserved_again():
    with reserve_free_port() as first:
        port = first.port
        with socket.create_connection((LOOPBACK, port)):
            pass
    with PortReservation(port) as again:
        assert again.port == port
