"""Diagrams and tables of a declaration, drawn from its transitions."""

from collections.abc import Iterator
from typing import get_args, get_type_hints

from saga_engine.crash_points import in_order
from saga_engine.declaration import Definition, End, Kind, Node, Parked, Step
from saga_engine.rules import Move
from saga_engine.transitions import NO_REPLY, Edge, edges, type_of


def diagram(definition: Definition) -> str:
    """Return the states and what leads from one to another, for Mermaid.

    Late replies to a parked step are left out: they lead where the step's own replies lead.
    """
    lines = ["stateDiagram-v2", f"    [*] --> {definition.start}: {definition.started_by}"]
    for (start, end), messages in _arrows(definition).items():
        lines.append(f"    {start} --> {end}: {'<br/>'.join(messages)}")
    ends = (node.state for node in definition.nodes.values() if isinstance(node, End))
    return "\n".join([*lines, *(f"    {state} --> [*]" for state in ends)])


def step_table(definition: Definition) -> str:
    """Return a Markdown table with a row for each state."""
    lines = [
        "| state | kind | sends | waits, tries | compensated by |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [_step_row(state, node) for state, node in definition.nodes.items()]
    return "\n".join(lines)


def message_table(definition: Definition) -> str:
    """Return a Markdown table of message by state; an empty cell means that it is ignored."""
    columns = [
        state for state, node in definition.nodes.items() if isinstance(node, Parked) or node.rules
    ]
    found = edges(definition)
    lines = [f"| when, during | {' | '.join(columns)} |", "| --- |" + " --- |" * len(columns)]
    for by in dict.fromkeys((NO_REPLY, *_messages(definition))):
        cells = [_cell(definition, found, state, by) for state in columns]
        lines.append(f"| {by} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _step_row(state: str, node: Node) -> str:
    kind = node.kind if isinstance(node, Step) else type(node).__name__.lower()
    waits = compensated = ""
    if isinstance(node, Step):
        times = node.timeout
        waits = f"{times.seconds:g} s, {times.tries}"
        if times.back_off > 1 and times.tries > 1:
            waits += f", each {times.back_off:g} times longer"
        nothing = "nothing to compensate" if node.kind is Kind.QUERY else ""
        commits = f"commits {', '.join(node.commits)}" if node.commits else ""
        compensated = node.compensation or nothing or commits
    return f"| {state} | {kind} | {' or '.join(_sends(node))} | {waits} | {compensated} |"


def _messages(definition: Definition) -> Iterator[str]:
    for node in definition.nodes.values():
        yield from (type_of(rule.message) for rule in node.rules)
        if isinstance(node, Parked):
            yield from (type_of(node.retry), type_of(node.resolve))


def _arrows(definition: Definition) -> dict[tuple[str, str], list[str]]:
    arrows: dict[tuple[str, str], list[str]] = {}
    for start, by, end in in_order(definition):
        node = definition.nodes[start]
        if isinstance(node, Parked) and by not in {type_of(node.retry), type_of(node.resolve)}:
            continue
        arrows.setdefault((start, end), []).append(by)
    return arrows


def _cell(definition: Definition, found: list[Edge], state: str, by: str) -> str:
    node = definition.nodes[state]
    ends = [edge.end for edge in found if (edge.start, edge.by) == (state, by)]
    parked = [definition.nodes[edge.start] for edge in found if edge.end == state]
    waiting = parked if isinstance(node, Parked) else [node]
    rules = [rule for each in waiting for rule in each.rules if type_of(rule.message) == by]
    if any(rule.then is Move.STAY for rule in rules):
        ends.append("recorded")
    if isinstance(node, Step) and by == NO_REPLY and node.timeout.tries > 1:
        ends.insert(0, f"{state}, again")
    return " or ".join(dict.fromkeys(ends))


def _sends(node: Node) -> list[str]:
    made = get_type_hints(node.command if isinstance(node, Step) else node.announce)["return"]
    return [type_of(message) for message in get_args(made) or (made,)]
