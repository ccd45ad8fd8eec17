"""The files beside docker-compose.yml match it."""

import re
import subprocess
import sys

from order_saga.settings import OrderSagaSettings
from payment_service.settings import PaymentSettings
from stripe_emulator.bounds import EmulatorBounds, WebhookBounds
from support.repository import REPOSITORY
from user_service.settings import UserServiceSettings

COMPOSE = (REPOSITORY / "docker-compose.yml").read_text()
EXAMPLE = re.findall(r"^([A-Z_]+)=(.*)$", (REPOSITORY / ".env.example").read_text(), re.MULTILINE)
SERVICES = UserServiceSettings, OrderSagaSettings, PaymentSettings
EMULATOR = EmulatorBounds, WebhookBounds
# The compose file runs the Kafka, the databases and the secrets that these settings name.
SET_BY_COMPOSE = {
    "ALLOWED_HOSTS", "DATABASE_URL", "HTTP_HOST", "HTTP_PORT", "KAFKA_BOOTSTRAP_SERVERS",
    "KAFKA_CA_FILE", "KAFKA_MIN_INSYNC_REPLICAS", "KAFKA_PASSWORD", "KAFKA_REPLICATION_FACTOR",
    "KAFKA_USERNAME", "STRIPE_API_BASE", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET",
}  # fmt: skip


def passed_on(block):
    """The variables that a block of the compose file passes on."""
    (names,) = re.findall(rf"^x-{block}: &{block} \{{(.*?)\}}", COMPOSE, re.MULTILINE | re.DOTALL)
    return re.findall(r"[A-Z_]+", names)


def defaults(*classes):
    """The default of each variable as text; empty if there is none, or one for each service."""
    found: dict[str, set[str]] = {}
    for settings in classes:
        prefix = settings.model_config.get("env_prefix", "")
        for name, field in settings.model_fields.items():
            found.setdefault(f"{prefix}{name}".upper(), set()).add(as_text(field.default))
    return {name: texts.pop() if len(texts) == 1 else "" for name, texts in found.items()}


def as_text(default):
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default or "")


def test_every_setting_of_a_service_is_passed_on_once():
    assert sorted(passed_on("settings")) == sorted(defaults(*SERVICES).keys() - SET_BY_COMPOSE)


def test_every_bound_of_the_emulator_is_passed_on_once():
    assert sorted(passed_on("emulator-bounds")) == sorted(defaults(*EMULATOR))


def test_env_example_lists_each_variable_once_with_its_default():
    variables = dict(re.findall(r"\$\{([A-Z_]+)(?::?-([^}]*))?\}", COMPOSE))
    names = {*passed_on("settings"), *passed_on("emulator-bounds")}
    known = defaults(*SERVICES, *EMULATOR)
    assert dict(EXAMPLE) == variables | {name: known[name] for name in names}
    assert len(EXAMPLE) == len(dict(EXAMPLE))


def test_make_secrets_keeps_existing_secrets_and_restricts_the_folder_to_its_owner(tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o755)
    key = folder / "stripe_secret_key"
    key.touch(mode=0o600)
    key.write_text("sk_test_mine")
    subprocess.run([sys.executable, REPOSITORY / "deploy/make_secrets.py", folder], check=True)
    assert key.read_text() == "sk_test_mine"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o644}


def test_a_container_executes_no_file_of_its_volume():
    stages = (REPOSITORY / "Dockerfile").read_text().split("\nFROM ")
    (runtime,) = (stage for stage in stages if stage.splitlines()[0].endswith("AS runtime"))
    variables = [line for line in runtime.splitlines() if line.startswith("ENV ")]

    assert "PYTHONSAFEPATH=1" in " ".join(variables).split()
    assert "WORKDIR /data" in runtime
