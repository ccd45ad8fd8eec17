"""The ACLs in `docs/kafka-security.md`, generated from what the services declare."""

import re
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from saga_stack.kafka.acls import Acl, Operation, Resource, acls_of
from saga_stack.services import SERVICES

PAGE = Path(__file__).parents[4] / "docs" / "kafka-security.md"
BEGIN = "<!-- ACLs: begin, by `python -m saga_stack.kafka.acl_docs --write` -->"
END = "<!-- ACLs: end -->"


def page(text: str) -> str:
    """Return the page with its table and commands up to date."""
    declared = acls_of(SERVICES.values())
    block = f"{BEGIN}\n{table(declared)}\n```\n{commands(declared)}```\n{END}"
    between = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    return between.sub(lambda _: block, text)


def table(declared: Iterable[Acl]) -> str:
    """Return one row for each user, operation and kind of resource."""
    rows = (
        f"| `{user}` | {operation.name.lower()} | {resource.name.lower()} | {_quoted(names)} |\n"
        for user, operation, resource, names in _grouped(declared)
    )
    return "| user | operation | resource | names |\n| --- | --- | --- | --- |\n" + "".join(rows)


def commands(declared: Iterable[Acl]) -> str:
    """Return the commands of Kafka's own tool, for an existing cluster."""
    return "".join(
        f"kafka-acls.sh $ADMIN --add --allow-principal User:{user} "
        f"--operation {operation.name.title()} {_options(resource, names)}\n"
        for user, operation, resource, names in _grouped(declared)
    )


def main() -> None:
    """Print the page, or write it."""
    text = page(PAGE.read_text())
    if "--write" in sys.argv:
        PAGE.write_text(text)
    else:
        print(text)  # noqa: T201 - it prints the page


def _options(resource: Resource, names: Iterable[str]) -> str:
    return " ".join(f"--{resource.name.lower()} {name}" for name in names)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _grouped(declared: Iterable[Acl]) -> Iterator[tuple[str, Operation, Resource, list[str]]]:
    def kind(acl: Acl) -> tuple[str, Resource, Operation]:
        return acl.user, acl.resource, acl.operation

    for (user, resource, operation), group in groupby(sorted(declared, key=kind), kind):
        yield user, operation, resource, [acl.name for acl in group]


if __name__ == "__main__":
    main()
