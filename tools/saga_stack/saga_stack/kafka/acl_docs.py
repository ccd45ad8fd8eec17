"""Draws the rights in `docs/kafka-security.md` from what the services declare."""

import re
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from saga_stack.kafka.acls import ACCESSES, Acl, Operation, Resource, acls

PAGE = Path(__file__).parents[4] / "docs" / "kafka-security.md"
BEGIN = "<!-- rights: begin, by `python -m saga_stack.kafka.acl_docs --write` -->"
END = "<!-- rights: end -->"


def page(text: str) -> str:
    """The page with its tables and commands as they are to be."""
    rights = acls(ACCESSES.values())
    block = f"{BEGIN}\n{table(rights)}\n```\n{commands(rights)}```\n{END}"
    between = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    return between.sub(lambda _: block, text)


def table(rights: Iterable[Acl]) -> str:
    """A row for each user and kind of right."""
    rows = (
        f"| `{user}` | {operation.name.lower()} | {resource.name.lower()} | {_quoted(names)} |\n"
        for user, operation, resource, names in _grouped(rights)
    )
    return "| user | may | what | which |\n| --- | --- | --- | --- |\n" + "".join(rows)


def commands(rights: Iterable[Acl]) -> str:
    """The same for Kafka's own tool, for a cluster that this project did not start."""
    return "".join(
        f"kafka-acls.sh $ADMIN --add --allow-principal User:{user} "
        f"--operation {operation.name.title()} {_options(resource, names)}\n"
        for user, operation, resource, names in _grouped(rights)
    )


def main() -> None:
    """Print the page, or write it."""
    text = page(PAGE.read_text())
    if "--write" in sys.argv:
        PAGE.write_text(text)
    else:
        print(text)  # noqa: T201 - that is what it is for


def _options(resource: Resource, names: Iterable[str]) -> str:
    return " ".join(f"--{resource.name.lower()} {name}" for name in names)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _grouped(rights: Iterable[Acl]) -> Iterator[tuple[str, Operation, Resource, list[str]]]:
    def kind(acl: Acl) -> tuple[str, Resource, Operation]:
        return acl.user, acl.resource, acl.operation

    for (user, resource, operation), group in groupby(sorted(rights, key=kind), kind):
        yield user, operation, resource, [acl.name for acl in group]


if __name__ == "__main__":
    main()
