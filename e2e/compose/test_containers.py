"""Containers: what each one may do, and what survives restarts, crashes and a lost network."""

import psycopg2
import pytest
from saga_stack.services import EMULATOR, KAFKA, POSTGRES, SERVICES
from sqlalchemy import make_url
from support.orders import post_order, request_action, wait_for_outcome, wait_for_state
from support.polling import eventually
from support.users import register_user

BUILT = (*SERVICES, EMULATOR)
ALL = (KAFKA, POSTGRES, *BUILT)
MODULES = {service.name: service.module for service in SERVICES.values()} | {
    EMULATOR: "stripe_emulator"
}


@pytest.mark.parametrize("service", ALL)
def test_container_is_healthy_limited_and_without_privileges(project, service):
    container = project.container(service)
    assert container.health == "healthy"
    limits = container.attrs["HostConfig"]
    assert limits["CapDrop"] == ["ALL"]
    assert limits["SecurityOpt"] == ["no-new-privileges:true"]
    assert limits["Memory"] > 0
    assert limits["PidsLimit"] > 0
    assert limits["Init"]
    assert limits["RestartPolicy"]["Name"] == "unless-stopped"
    assert process_status(container, "CapEff") == {"0000000000000000"}
    assert process_status(container, "NoNewPrivs") == {"1"}
    assert "0" not in process_status(container, "Uid")


@pytest.mark.parametrize("service", BUILT)
def test_root_file_system_is_read_only(project, service):
    container = project.container(service)
    code, output = container.exec_run(["python", "-c", "open('/app/new', 'w')"])
    assert code, output
    code, output = container.exec_run(["python", "-c", "open('/tmp/new', 'w')"])
    assert not code, output


@pytest.mark.parametrize("service", BUILT)
def test_image_contains_its_own_service_only(project, service):
    script = "import pkgutil; print(*(module.name for module in pkgutil.iter_modules()))"
    code, output = project.container(service).exec_run(["python", "-c", script])
    assert not code, output
    excluded = {*MODULES.values(), "saga_cli", "saga_stack", "pytest", "uv"}
    assert set(output.decode().split()) & excluded == {MODULES[service]}


@pytest.mark.parametrize("service", ALL)
def test_secrets_are_neither_in_the_environment_nor_on_a_command_line(project, compose, service):
    secrets = [file.read_text() for file in compose.secrets.iterdir()]
    container = project.container(service)
    code, command_lines = container.exec_run(["sh", "-c", "cat /proc/[0-9]*/cmdline"])
    assert not code, command_lines
    visible = " ".join([*container.attrs["Config"]["Env"], command_lines.decode()])
    assert secrets
    assert [secret for secret in secrets if secret in visible] == []


def test_service_may_not_connect_to_the_database_of_another(project):
    own = make_url(project.database_urls["user"])
    other = own.set(drivername="postgresql", database="payment")
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(other.render_as_string(hide_password=False))


def test_data_survives_make_down_and_make_up(project, compose):
    user = register_user(project, "visa")
    order = wait_for_outcome(project, post_order(project, user))["id"]
    compose.down()
    assert project.containers("order_saga") == []
    compose.up()
    assert request_action(project, order, "capture").status_code == 202
    assert wait_for_state(project, order, "completed")["captured"] == 1299


def test_stopped_service_ends_within_its_grace_period(project):
    project.stop("payment")
    state = project.container("payment").attrs["State"]
    project.start("payment")
    assert (state["ExitCode"], state["OOMKilled"]) == (0, False)


def test_crashed_service_is_restarted(project):
    project.container("payment").exec_run(["sh", "-c", "kill -9 -1"])
    assert eventually(lambda: project.container("payment").attrs["RestartCount"], bool) == 1
    project.await_healthy("payment")


def test_disconnected_service_resumes_its_work_when_it_is_reconnected(project):
    user = register_user(project, "visa")
    project.disconnect("payment")
    order = post_order(project, user)
    assert wait_for_state(project, order, "authorizing")["state"] == "authorizing"
    project.reconnect("payment")
    assert wait_for_outcome(project, order)["state"] == "authorized"


@pytest.mark.usefixtures("project")
def test_invalid_setting_is_named_in_the_output(compose):
    command = ["run", "--rm", "--no-deps", "--env=HTTP_PORT=none", "user"]
    with pytest.raises(AssertionError, match="HTTP_PORT: Input should be a valid integer"):
        compose.run(*command)


def process_status(container, field):
    """Return the values of a field of /proc/PID/status, over all processes of a container."""
    script = f"grep -h ^{field}: /proc/[0-9]*/status | cut -f 2"
    code, output = container.exec_run(["sh", "-c", script])
    assert not code, output
    return set(output.decode().split())
