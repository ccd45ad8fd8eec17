import pytest
from order_saga.settings import OrderSagaSettings
from pydantic import ValidationError

URL = "postgresql+psycopg2://nobody@127.0.0.1:1/none"


@pytest.mark.parametrize("seconds", ["0", "-1", "inf", "nan", "1e300", "soon"])
@pytest.mark.parametrize("name", ["payment_info_timeout_seconds", "authorization_timeout_seconds"])
def test_a_time_out_that_leaves_the_calendar_is_named_before_the_service_starts(name, seconds):
    with pytest.raises(ValidationError, match=name):
        OrderSagaSettings(database_url=URL, **{name: seconds})


def test_a_setting_is_an_environment_variable(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("PAYMENT_INFO_TIMEOUT_SECONDS", "2.5")

    assert OrderSagaSettings().payment_info_timeout_seconds == 2.5
