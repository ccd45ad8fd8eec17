"""docker-compose.yml as people run it: what each container may do, and that its data is kept."""

import psycopg2
import pytest
from customers import ask, ended, eventually, post_order, reaches, register
from saga_demo.cases import CASES
from saga_stack.services import EMULATOR, KAFKA, POSTGRES, SERVICES
from sqlalchemy import make_url

OURS = (*SERVICES, EMULATOR)
ALL = (KAFKA, POSTGRES, *OURS)
PROFILES = [(), ("tools",), ("stripe",), ("tools", "stripe")]
VISA = CASES[0]


@pytest.mark.parametrize("profiles", PROFILES, ids="+".join)
def test_the_file_is_valid_and_every_port_is_on_loopback(compose, profiles):
    services = compose.config(*profiles)["services"]
    extra = {"tools": "kafka-ui", "stripe": "stripe-cli"}
    assert services.keys() == {*ALL, "migrate", *(extra[profile] for profile in profiles)}
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_with_stripe_itself_no_emulator_is_started(compose):
    config = compose.config("stripe", EMULATORS="0")
    assert config["services"][EMULATOR]["scale"] == 0


@pytest.mark.parametrize("service", ALL)
def test_it_is_healthy_and_bounded(project, service):
    container = project.container(service)
    assert container.health == "healthy"
    bounds = container.attrs["HostConfig"]
    assert bounds["CapDrop"] == ["ALL"]
    assert bounds["SecurityOpt"] == ["no-new-privileges:true"]
    assert bounds["Memory"] > 0
    assert bounds["PidsLimit"] > 0
    assert bounds["Init"]
    assert bounds["RestartPolicy"]["Name"] == "unless-stopped"
    assert processes(container, "CapEff") == {"0000000000000000"}
    assert processes(container, "NoNewPrivs") == {"1"}
    assert "0" not in processes(container, "Uid")


@pytest.mark.parametrize("service", OURS)
def test_ours_cannot_be_written_to(project, service):
    container = project.container(service)
    code, said = container.exec_run(["python", "-c", "open('/app/new', 'w')"])
    assert code, said
    code, said = container.exec_run(["python", "-c", "open('/tmp/new', 'w')"])
    assert not code, said


@pytest.mark.parametrize("service", OURS)
def test_an_image_has_its_own_service_alone(project, service):
    script = "import pkgutil; print(*(module.name for module in pkgutil.iter_modules()))"
    code, said = project.container(service).exec_run(["python", "-c", script])
    assert not code, said
    modules = {service.name: service.module for service in SERVICES.values()}
    modules[EMULATOR] = "stripe_emulator"
    ours = {*modules.values(), "saga_cli", "saga_stack", "pytest", "uv"}
    assert set(said.decode().split()) & ours == {modules[service]}


@pytest.mark.parametrize("service", ALL)
def test_no_secret_is_in_the_environment_or_on_a_command_line(project, compose, service):
    secrets = [file.read_text() for file in compose.secrets.iterdir()]
    container = project.container(service)
    code, command_lines = container.exec_run(["sh", "-c", "cat /proc/[0-9]*/cmdline"])
    assert not code, command_lines
    told = " ".join([*container.attrs["Config"]["Env"], command_lines.decode()])
    assert secrets
    assert [secret for secret in secrets if secret in told] == []


def test_no_service_can_enter_anothers_database(project):
    own = make_url(project.database_urls["user"])
    others = own.set(drivername="postgresql", database="payment")
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(others.render_as_string(hide_password=False))


def test_a_restart_of_the_whole_project_keeps_the_data(project, compose):
    [user] = register(project, [VISA])
    order = ended(project, post_order(project, user))["id"]
    compose.down()
    assert project.containers("order_saga") == []
    compose.up()
    assert ask(project, order, "capture").status_code == 202
    assert reaches(project, order, "completed")["captured"] == 1299


def test_a_stopped_service_ends_by_itself_within_its_grace(project):
    project.stop("payment")
    state = project.container("payment").attrs["State"]
    project.start("payment")
    assert (state["ExitCode"], state["OOMKilled"]) == (0, False)


def test_a_service_that_dies_is_started_again(project):
    project.container("payment").exec_run(["sh", "-c", "kill -9 -1"])
    assert eventually(lambda: project.container("payment").attrs["RestartCount"], bool) == 1
    project.await_healthy("payment")


def test_a_service_that_was_cut_off_takes_up_its_work_again(project):
    [user] = register(project, [VISA])
    project.disconnect("payment")
    order = post_order(project, user)
    assert reaches(project, order, "authorizing")["state"] == "authorizing"
    project.reconnect("payment")
    assert ended(project, order)["state"] == "authorized"


@pytest.mark.usefixtures("project")
def test_a_wrong_setting_is_named(compose):
    command = ["run", "--rm", "--no-deps", "--env=HTTP_PORT=none", "user"]
    with pytest.raises(AssertionError, match="HTTP_PORT: Input should be a valid integer"):
        compose.run(*command)


def processes(container, field):
    """What /proc says of every process in a container."""
    script = f"grep -h ^{field}: /proc/[0-9]*/status | cut -f 2"
    code, said = container.exec_run(["sh", "-c", script])
    assert not code, said
    return set(said.decode().split())
