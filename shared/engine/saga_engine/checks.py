"""What every declaration has to fulfil, so that no compensation is lost and no saga is stuck.

`node_checks` looks at each state by itself, `path_checks` at every position that a saga can reach.
"""

from collections.abc import Iterator

from saga_engine.declaration import Definition
from saga_engine.node_checks import node_problems
from saga_engine.path_checks import path_problems


def checked(definition: Definition) -> Definition:
    """Return the declaration once it is checked.

    Raises:
        ValueError: A compensation could be lost, or a saga get stuck; the message names the states.
    """
    for problem in problems(definition):
        raise ValueError(f"version {definition.version}: {problem}")
    return definition


def problems(definition: Definition) -> Iterator[str]:
    """Return what is wrong with a declaration, in words; nothing if it can be run."""
    yield from node_problems(definition)
    try:
        yield from path_problems(definition)
    except ValueError as error:
        yield str(error)
