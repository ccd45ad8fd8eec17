"""The start of a stack: what runs at the same time, and what waits for what."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait

from saga_stack.builder import StackPlan
from saga_stack.components import START_SECONDS, Component, migration
from saga_stack.kafka.acls import acls_of, create_acls
from saga_stack.processes.child import run_to_completion
from saga_stack.processes.http_server import HttpServer
from saga_stack.processes.waiting import wait_while
from saga_stack.processes.watchdog import process_watchdog
from saga_stack.services import SERVICES
from saga_stack.settings import StackSettings

MIGRATION_SECONDS = 120.0

Report = Callable[[str], None]


def start_stack(settings: StackSettings, plan: StackPlan, report: Report) -> None:
    """Start all components; return when all are ready.

    Services start once their databases exist, while the broker is still starting: they migrate
    their databases and create their topics themselves. On a secured broker only the administrator
    may create topics, so migrations run before the services.

    Args:
        settings: The stack's settings.
        plan: The components.
        report: Called with each progress message, one line long.

    Raises:
        StackError: A component did not start; the message contains the end of its log.
    """
    services = {
        name: each
        for name, each in plan.components.items()
        if name in settings.servers and isinstance(each, HttpServer)
    }
    others = {name: each for name, each in plan.components.items() if name not in services}
    report(f"Starting {', '.join(others)}" if others else "Using running servers")
    launch(others)
    _create_databases(settings, plan)
    secured = plan.addresses.kafka_security is not None
    if secured:
        await_ready(others, START_SECONDS)
        report("Creating topics and tables as Kafka's administrator")
        _migrate_as_admin(settings, plan)
    report(f"Starting {', '.join(services)}")
    for service in services.values():
        service.launch(*([] if secured else ["--migrate"]))
    await_ready(plan.components, START_SECONDS)
    report("Ready")


def launch(components: Mapping[str, Component]) -> None:
    """Start processes at the same time: the first start of Kafka or PostgreSQL takes a while."""
    process_watchdog()  # one for all of them
    with ThreadPoolExecutor(len(components) or 1) as pool:
        launches = [pool.submit(each.launch) for each in components.values()]
        try:
            wait(launches)
        except BaseException:  # Ctrl-C: nothing may start after what follows has stopped all
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    for each in launches:
        each.result()


def await_ready(components: Mapping[str, Component], seconds: float) -> None:
    """Return when all are ready.

    Raises:
        ChildFailedError: One ended, or was not ready in time.
    """

    def missing() -> str | None:
        return "; ".join(filter(None, (each.not_ready() for each in components.values())))

    wait_while(missing, seconds)


def _create_databases(settings: StackSettings, plan: StackPlan) -> None:
    if plan.postgres is None:
        return
    wait_while(plan.postgres.not_ready, START_SECONDS)
    for name in settings.embedded_databases:
        plan.postgres.create_database(settings.database_prefix + name)


def _migrate_as_admin(settings: StackSettings, plan: StackPlan) -> None:
    options = plan.addresses.kafka_options()
    create_acls(options, acls_of(SERVICES.values(), settings.topic_prefix))
    services = [SERVICES[name] for name in settings.services]
    children = [migration(settings, service, plan.addresses) for service in services]
    run_to_completion(children, MIGRATION_SECONDS)
