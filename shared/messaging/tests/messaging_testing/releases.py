"""Later releases of the participant: its package with further migrations, in another folder."""

import shutil
from pathlib import Path

PACKAGE = Path(__file__).parent

EXPAND = {
    "0002": "op.execute(\"ALTER TABLE effects ADD COLUMN note text NOT NULL DEFAULT ''\")",
    "0003": 'create_index_concurrently("effects_note", "effects (note)")',
}
CONTRACT = {"0004": 'op.execute("ALTER TABLE effects DROP COLUMN note")'}

MIGRATION = """
from alembic import op
from saga_messaging.postgres.indexes import create_index_concurrently

revision = "{revision}"
down_revision = "{down}"
oldest_code = {oldest_code!r}


def upgrade():
    {body}
"""


def later_release(
    folder: Path, migrations: dict[str, str], *, oldest_code: str | None = None
) -> str:
    """Return the PYTHONPATH of a release with these migrations, each a line of code.

    Args:
        folder: A new folder is made there.
        migrations: The line of each revision, in order.
        oldest_code: Named by the last one: it removes something.
    """
    release = folder / f"release-{max(migrations)}"
    package = release / PACKAGE.name
    shutil.copytree(PACKAGE, package)
    for revision, body in migrations.items():
        text = MIGRATION.format(
            revision=revision,
            down=f"{int(revision) - 1:04}",
            oldest_code=oldest_code if revision == max(migrations) else None,
            body=body,
        )
        (package / "migrations" / "versions" / f"{revision}_later.py").write_text(text)
    return str(release)
