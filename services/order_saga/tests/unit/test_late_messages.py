"""A message that comes again after its inbox row was removed changes no finished order."""

import pytest
from order_saga.create_order.state import State
from saga_engine.decide import decide
from saga_engine.declaration import End
from saga_testing.messages import PARTICIPANT_EVENTS
from saga_testing.shortest_stories import shortest_stories
from saga_testing.versions import VERSIONS


@pytest.mark.parametrize("definition", VERSIONS.values(), ids=lambda each: f"v{each.version}")
def test_no_message_of_a_finished_order_has_an_effect_again(definition):
    ends = {state for state, node in definition.nodes.items() if isinstance(node, End)}
    finished = [
        story
        for story in shortest_stories(definition).values()
        if story.saga.state in ends | {State.COMPLETED}
    ]
    assert finished

    for story in finished:
        for step in story.steps:
            if step.message.type in PARTICIPANT_EVENTS:
                again = decide(definition, story.saga, step.message, story.now)
                assert (again.saga, again.send) == (story.saga, ()), step.message
