from saga_cli.main import app
from typer.testing import CliRunner


def test_orders_are_listed_with_the_command_for_the_next_page(service):
    service.response = 200, {"orders": [], "next_cursor": "abc"}

    result = service.run("orders")

    assert result.exit_code == 0
    assert "saga orders --cursor abc" in result.output


def test_an_unknown_order_is_reported_as_an_error(service):
    service.response = 404, {"title": "No such order."}

    result = service.run("show", "x")

    assert (result.exit_code, result.output) == (1, "Error: No such order.\n")


def test_without_a_running_stack_the_error_names_the_cure(tmp_path):
    result = CliRunner().invoke(app, ["orders"], env={"SAGA_DATA_DIR": str(tmp_path)})

    assert result.exit_code == 1
    assert "saga up" in result.stderr
