"""Draws and tabulates the saga from its declaration: `python -m order_saga.describe [--write]`.

The documents written, `docs/saga.md` and `docs/saga-crash-points.txt`, are committed; a test fails
when they differ from the declaration.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_type_hints

from saga_schemas import Envelope

from order_saga.crash_points import PLACED, crash_points, in_order
from order_saga.create_order import create_order
from order_saga.definition import Definition, End, Move, Parked, Rest, Step, rules
from order_saga.domain import State
from order_saga.paths import NO_ANSWER, Edge, edges, type_of
from order_saga.step_times import StepTimes

COMMAND = "python -m order_saga.describe --write"


def diagram(definition: Definition) -> str:
    """The states and what leads from one to another, for Mermaid.

    Late replies to a parked step are left out: they lead where the step's own replies lead.
    """
    lines = ["stateDiagram-v2", f"    [*] --> {definition.start}: {PLACED}"]
    for (start, end), messages in _arrows(definition).items():
        lines.append(f"    {start} --> {end}: {'<br/>'.join(messages)}")
    lines += [f"    {state} --> [*]" for state, node in _nodes(definition) if isinstance(node, End)]
    return "\n".join(lines)


def step_table(definition: Definition) -> str:
    """What is done in each state."""
    lines = [
        "| state | kind | sends | waits, tries | undone by |",
        "| --- | --- | --- | --- | --- |",
    ]
    for state, node in _nodes(definition):
        kind = node.kind if isinstance(node, Step) else type(node).__name__.lower()
        waits = undo = ""
        if isinstance(node, Step):
            waits = f"{node.timeout_seconds:g} s, {node.tries}"
            if node.back_off > 1 and node.tries > 1:
                waits += f", each {node.back_off:g} times longer"
            undo = "nothing to undo" if node.nothing_to_undo else f"{node.undo or ''}"
        lines.append(f"| {state} | {kind} | {' or '.join(_sends(node))} | {waits} | {undo} |")
    return "\n".join(lines)


def message_table(definition: Definition) -> str:
    """During a state, when a message, then which state; an empty cell is ignored, with a reason."""
    columns = [
        state for state, node in _nodes(definition) if isinstance(node, Parked) or rules(node)
    ]
    found = edges(definition)
    messages = [NO_ANSWER, *dict.fromkeys(type_of(message) for message in _messages(definition))]
    lines = [f"| when, during | {' | '.join(columns)} |", "| --- |" + " --- |" * len(columns)]
    for by in messages:
        cells = [_cell(definition, found, state, by) for state in columns]
        lines.append(f"| {by} | {' | '.join(cells)} |")
    return "\n".join(lines)


def page(definition: Definition) -> str:
    """The whole of `docs/saga.md`."""
    return f"""# The Create Order saga

Written by `{COMMAND}` from [the declaration](../services/order_saga/order_saga/create_order.py), \
version {definition.version}; do not edit.

## From state to state

A late reply to a step that was parked in `needs_attention` leads where it would have led before.

```mermaid
{diagram(definition)}
```

## What each state does

A compensatable step can be undone, the pivot decides, a retriable step is tried until it succeeds \
or a person takes over. Times are the defaults of `settings.py`.

{step_table(definition)}

## What each message does

An empty cell: the message is ignored, and the order's history says why. Where the saga is over, \
only what happens at Stripe counts: that money was taken after all needs a person. A reply to an \
older attempt is ignored wherever it comes, but that money was given back counts whenever it is \
heard, once for each refund at Stripe.

{message_table(definition)}

## Where a process may die

Every way above, before its commit, before what it sends is sent, and after: \
[{sum(1 for _ in crash_points(definition))} crash points](saga-crash-points.txt).
"""


def documents(root: Path) -> dict[Path, str]:
    """Every file that is generated, and what has to stand in it."""
    definition = create_order(StepTimes())
    return {
        root / "docs" / "saga.md": page(definition),
        root / "docs" / "saga-crash-points.txt": "".join(
            f"{point.name}\n" for point in crash_points(definition)
        ),
    }


def main() -> None:
    """Print the page, or write every document."""
    if "--write" not in sys.argv:
        print(page(create_order(StepTimes())))  # noqa: T201 - that is what it is for
        return
    for path, content in documents(Path(__file__).parents[3]).items():
        path.write_text(content)


def _nodes(definition: Definition) -> Iterator[tuple[State, Step | Rest | Parked | End]]:
    yield from definition.nodes.items()


def _messages(definition: Definition) -> Iterator[type[Envelope]]:
    for _, node in _nodes(definition):
        yield from (rule.message for rule in rules(node))
        if isinstance(node, Parked):
            yield from (node.retry, node.resolve)


def _arrows(definition: Definition) -> dict[tuple[State, State], list[str]]:
    arrows: dict[tuple[State, State], list[str]] = {}
    for start, by, end in in_order(definition):
        node = definition.nodes[start]
        if isinstance(node, Parked) and by not in {type_of(node.retry), type_of(node.resolve)}:
            continue
        arrows.setdefault((start, end), []).append(by)
    return arrows


def _cell(definition: Definition, found: list[Edge], state: State, by: str) -> str:
    node = definition.nodes[state]
    ends = [str(edge.end) for edge in found if (edge.start, edge.by) == (state, by)]
    parked = {definition.nodes[edge.start] for edge in found if edge.end is state}
    waiting = parked if isinstance(node, Parked) else {node}
    heard = [rule for each in waiting for rule in rules(each) if type_of(rule.message) == by]
    if any(rule.then is Move.STAY for rule in heard):
        ends.append("remembered")
    if isinstance(node, Step) and by == NO_ANSWER and node.tries > 1:
        ends.insert(0, f"{state}, again")
    return " or ".join(dict.fromkeys(ends))


def _sends(node: Step | Rest | Parked | End) -> list[str]:
    made = get_type_hints(node.command if isinstance(node, Step) else node.announce)["return"]
    return [type_of(message) for message in get_args(made) or (made,)]


if __name__ == "__main__":
    main()
