"""Every registered service stands in the files that cannot read the registry."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from saga_messaging.kafka.access import Access
from saga_messaging.service import GROUP, Service, registered_services

ROOT = Path(__file__).parents[3]
SERVICES = registered_services()

LINES = (
    ("docker-compose.yml", "SERVICE: {name}, MODULE: {module}, PORT: {port} }}"),
    ("docker-compose.yml", "- {{ source: {name}_database_url, target: database_url }}"),
    ("docker-compose.yml", ':{port}"]'),
    ("docker-compose.yml", '{name}_database_password: {{ file: "'),
    ("docker-compose.yml", '{name}_database_url: {{ file: "'),
    ("e2e/support/containers/offline.yml", "  {name}: *offline"),
    ("pyproject.toml", '    "{package}",'),
    ("pyproject.toml", "{package} = {{ workspace = true }}"),
    ("tools/saga_stack/pyproject.toml", '    "{package}",'),
    ("tools/saga_stack/pyproject.toml", "{package} = {{ workspace = true }}"),
    ("docs/settings.md", "`{variable}`"),
)
"""Files with a line that each service needs."""

LISTS = (
    ("docker-compose.yml", r"secrets: \[postgres_password, .*\b{name}_database_password\b"),
    ("docker-compose.yml", r"secrets: \[.*\b{name}_database_url\b.*stripe_secret_key\]"),
    (".env.example", r"(?m)^{upper}_PORTS?=\d"),
    ("pyproject.toml", r'root_packages = \[[^\]]*"{module}"'),
    ("pyproject.toml", r'\["saga_schemas"\]\nforbidden_modules = \[[^\]]*"{module}"'),
    ("pyproject.toml", r'\["saga_cli"\]\nforbidden_modules = \[[^\]]*"{module}"'),
    ("pyproject.toml", r'layers = \[[^\]]*"saga_cli [^"]*\b{module}\b'),
    ("pyproject.toml", r'containers = \["{module}"\]'),
    ("tools/saga_stack/saga_stack/commands/up.py", r'= DEFAULT_PORTS\["{name}"\]'),
)
"""Files with a list, as a pattern, that each service must be in."""


def missing(service: Service, package: str) -> list[str]:
    names = {
        "name": service.name,
        "module": service.module,
        "port": service.port,
        "package": package,
        "upper": service.name.upper(),
        "variable": service.database_variable,
    }
    wanted = [(file, re.escape(line.format(**names))) for file, line in LINES]
    wanted += [(file, filled(pattern, names)) for file, pattern in LISTS]
    texts = {file: (ROOT / file).read_text() for file, _ in wanted}
    return [f"{file}: {pattern}" for file, pattern in wanted if not re.search(pattern, texts[file])]


def filled(pattern: str, names: dict[str, object]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: re.escape(str(names[match[1]])), pattern)


def project_of(service: Service) -> dict:
    return tomllib.loads((ROOT / "services" / service.name / "pyproject.toml").read_text())


def test_the_registry_contains_the_services_of_the_workspace():
    assert {*SERVICES} == {folder.name for folder in (ROOT / "services").iterdir()}
    assert {point.name for point in entry_points(group=GROUP)} == {*SERVICES}


def test_services_share_no_module_port_or_group():
    for fact in ("module", "port"):
        assert len({getattr(service, fact) for service in SERVICES.values()}) == len(SERVICES)
    assert len({service.access.group for service in SERVICES.values()}) == len(SERVICES)


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_a_service_is_in_every_file_that_cannot_read_the_registry(service):
    assert missing(service, project_of(service)["project"]["name"]) == []


def test_a_service_that_is_not_in_the_files_is_reported_for_each():
    kitchen = Service("kitchen", "kitchen_service", 8009, Access("kitchen-service", (), ()))
    assert len(missing(kitchen, "kitchen-service")) == len(LINES) + len(LISTS)


def test_the_registry_can_be_read_by_a_shell_script():
    command = [sys.executable, "-m", "saga_messaging.service"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    expected = [f"{service.name} {service.module}" for service in SERVICES.values()]
    assert printed.splitlines() == expected
