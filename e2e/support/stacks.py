"""Settings of the stacks that tests start, taken from the environment where it names servers."""

import os
import uuid
from pathlib import Path
from typing import Any

from saga_stack.settings import StackSettings, with_environment

EXTERNAL_STRIPE = "STRIPE_SECRET_KEY" in os.environ
EXTERNAL = ("STRIPE_SECRET_KEY", "STRIPE_API_BASE", "KAFKA_BOOTSTRAP_SERVERS")


def stack_settings(folder: Path, **chosen: Any) -> StackSettings:
    """Return settings of a stack that uses the Stripe and Kafka of the environment, if named.

    Topics have a prefix and PaymentIntents a `system` of their own: others may use the same
    cluster and the same Stripe account at the same time.
    """
    own = {"STRIPE_SYSTEM": f"e2e-{uuid.uuid4().hex}", **chosen.pop("service_env", {})}
    environment = {name: os.environ[name] for name in EXTERNAL if name in os.environ}
    chosen = {"topic_prefix": f"{folder.name}.", **chosen}
    return with_environment(StackSettings(data_dir=folder, service_env=own, **chosen), environment)


def order_count(emulated: int, *, external: int) -> int:
    """Return the number of orders to place: `external` where Stripe is not the emulator.

    Stripe asks not to load-test its test mode: https://docs.stripe.com/rate-limits
    """
    return external if EXTERNAL_STRIPE else emulated
