"""Export of every message's JSON Schema: `python -m saga_schemas.export FOLDER`."""

import json
import sys
from pathlib import Path
from typing import Final

from saga_schemas.envelope import Envelope
from saga_schemas.topics import MESSAGES

PUBLISHED_NAMES: Final = {"OperationFailedPayload": "SettlementFailedPayload"}
"""Class names that differ in the published schemas, which generated code may refer to."""


def file_name(message: type[Envelope]) -> str:
    """Return the file name of a message: `payment.authorized.v1.json`."""
    fields = message.model_fields
    return f"{fields['type'].default}.v{fields['version'].default}.json"


def json_schema(message: type[Envelope]) -> str:
    """Return the message's JSON Schema with the names of the wire, as a file's text."""
    schema = json.dumps(message.model_json_schema(by_alias=True), indent=2) + "\n"
    for name, published in PUBLISHED_NAMES.items():
        schema = schema.replace(name, published)
    return schema


def main(folder: Path) -> None:
    """Write one file for each message."""
    folder.mkdir(parents=True, exist_ok=True)
    for message in MESSAGES:
        (folder / file_name(message)).write_text(json_schema(message))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
