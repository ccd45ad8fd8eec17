import pytest
from stripe_emulator.wire import readers
from stripe_emulator.wire.errors import InvalidParameters, ParameterMissing, ParameterUnknown
from stripe_emulator.wire.parameters import ParameterSpec

ACCEPTS = ParameterSpec(
    {
        "amount": readers.integer,
        "card": readers.mapping(token=readers.non_empty),
        "confirm": readers.boolean,
        "created": readers.time_range,
        "currency": readers.non_empty,
        "description": readers.max_length(5),
        "email": readers.email,
        "expand": readers.texts,
        "kind": readers.choice("automatic", "manual"),
        "metadata": readers.metadata,
        "transfer_data": readers.not_emulated,
    },
    required=("currency",),
)


def read(**form):
    return ACCEPTS.read({"currency": "usd", **form})


def test_values_are_read_by_type():
    parameters = read(amount="12", confirm="true", expand={"1": "b", "0": "a"})
    assert parameters.integer("amount") == 12
    assert parameters.flag("confirm")
    assert parameters.texts("expand") == ["a", "b"]


def test_unknown_parameter_is_refused_by_its_name():
    with pytest.raises(ParameterUnknown) as refused:
        read(colour="red")
    assert refused.value.code == "parameter_unknown"
    assert refused.value.details["param"] == "colour"


def test_unknown_parameter_in_a_hash_is_refused_by_its_path():
    with pytest.raises(ParameterUnknown) as refused:
        read(card={"colour": "red"})
    assert refused.value.details["param"] == "card[colour]"


def test_missing_parameter_is_refused_by_its_name():
    with pytest.raises(ParameterMissing) as refused:
        ACCEPTS.read({})
    assert refused.value.message == "Missing required param: currency."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", "12.5"),
        ("amount", ""),
        ("card", "tok_visa"),
        ("confirm", "yes"),
        ("created", {"since": "1"}),
        ("currency", {"0": "usd"}),
        ("description", "longer"),
        ("email", "nobody"),
        ("expand", "customer"),
        ("expand", {"a": "customer"}),
        ("kind", "later"),
        ("metadata", "a"),
        ("metadata", {"k" * 41: "v"}),
        ("metadata", {"k": "v" * 501}),
        ("metadata", {"k": {"nested": "v"}}),
        ("metadata", {str(number): "v" for number in range(51)}),
        ("transfer_data", {"destination": "acct_1"}),
    ],
)
def test_invalid_value_is_refused_and_not_kept(name: str, value: object):
    with pytest.raises(InvalidParameters) as refused:
        read(**{name: value})
    assert not refused.value.kept
    assert str(refused.value.details["param"]).startswith(name)


def test_limits_of_metadata_are_inclusive():
    metadata = {f"{number:040}": "v" * 500 for number in range(50)}
    assert read(metadata=metadata).metadata() == metadata


def test_time_is_a_range_of_one_second():
    assert read(created="5").mapping("created") == {"gte": 5, "lte": 5}
