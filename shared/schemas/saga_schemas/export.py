"""Writes the JSON Schema of every message: `python -m saga_schemas.export FOLDER`."""

import json
import sys
from pathlib import Path

from saga_schemas.envelope import Envelope
from saga_schemas.topics import MESSAGES


def file_name(message: type[Envelope]) -> str:
    """`payment.authorized.v1.json`: the message's type and version."""
    fields = message.model_fields
    return f"{fields['type'].default}.v{fields['version'].default}.json"


def json_schema(message: type[Envelope]) -> str:
    """The message's JSON Schema as it stands on the wire, ready to be written to a file."""
    return json.dumps(message.model_json_schema(by_alias=True), indent=2) + "\n"


def main(folder: Path) -> None:
    """Write one file a message."""
    folder.mkdir(parents=True, exist_ok=True)
    for message in MESSAGES:
        (folder / file_name(message)).write_text(json_schema(message))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
