"""Each command carries the time-out of its step, unless a late reply still counts."""


def sent(order):
    [command] = order.decision.send
    return command


def test_a_command_carries_the_time_that_its_step_waits(order):
    assert sent(order.placed()).timeout_seconds == 60
    assert sent(order.when_reply("user.payment_info_retrieved")).timeout_seconds == 60


def test_each_further_try_carries_its_own_longer_time(order):
    waits = [sent(order.canceling()).timeout_seconds]

    waits += [sent(order.when_timed_out()).timeout_seconds for _ in range(4)]

    assert waits == [60, 120, 240, 480, 960]


def test_an_authorization_that_may_come_late_carries_no_timeout(old_order):
    command = sent(old_order.authorizing())

    assert (command.type, command.timeout_seconds) == ("authorize_payment", None)
