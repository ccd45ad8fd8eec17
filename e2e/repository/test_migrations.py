"""Each new migration is safe while the release before it runs, and locks no table for long."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from saga_messaging.service import registered_services

RELEASED = {
    "order_saga": ("0001", "0002", "0003", "0004", "0005", "0006"),
    "payment_service": ("0001", "0002", "0003"),
    "user_service": ("0001",),
}
"""Migrations of version 0.2.0, from before this rule."""

MIGRATE_LIMITS_LOCKS = ["require-lock-timeout", "require-statement-timeout"]
STYLE = ["prefer-robust-stmts", "prefer-bigint-over-int", "prefer-text-field"]
REMOVALS = ["ban-drop-column", "ban-drop-table", "ban-drop-not-null", "renaming-column"]
REMOVALS += ["renaming-table", "changing-column-type"]

ADVICE = """
{revision} of {package} is not safe while the previous release runs, or locks a table:
{problems}
See "Migrations" in docs/rolling-out.md: add a column with a default; create an index of a table
that exists with `create_index_concurrently`, in a migration of its own; remove something one
release after the code that needs it, in a migration with `oldest_code = "…"`.
"""


def config_of(package: str) -> Config:
    config = Config()
    config.set_main_option("script_location", f"{package}:migrations")
    config.set_main_option("path_separator", "os")
    return config


def new_migrations():
    for service in registered_services().values():
        script = ScriptDirectory.from_config(config_of(service.module))
        for each in script.walk_revisions():
            if each.revision not in RELEASED.get(service.module, ()):
                yield pytest.param(service.module, each, id=f"{service.module}-{each.revision}")


def sql_of(package: str, script) -> str:
    config = config_of(package)
    config.output_buffer = output = io.StringIO()
    command.upgrade(config, f"{script.down_revision or 'base'}:{script.revision}", sql=True)
    return output.getvalue()


def problems(sql: str, *, removes: bool) -> str:
    excluded = [*MIGRATE_LIMITS_LOCKS, *STYLE, *(REMOVALS if removes else ())]
    squawk = Path(sys.executable).with_name("squawk")
    arguments = ["--reporter=gcc", "--pg-version=14", f"--exclude={','.join(excluded)}"]
    done = subprocess.run(
        [squawk, *arguments, "--stdin-filepath=migration.sql"],
        input=sql,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + (done.stderr if done.returncode and not done.stdout else "")


@pytest.mark.parametrize(("package", "script"), list(new_migrations()))
def test_a_new_migration_only_adds_and_locks_no_table_for_long(package, script):
    removes = getattr(script.module, "oldest_code", None) is not None
    found = problems(sql_of(package, script), removes=removes)
    assert not found, ADVICE.format(revision=script.revision, package=package, problems=found)


@pytest.mark.parametrize(
    ("rule", "sql"),
    [
        ("ban-drop-column", "ALTER TABLE sagas DROP COLUMN state;"),
        ("renaming-column", "ALTER TABLE sagas RENAME COLUMN state TO status;"),
        ("adding-required-field", "ALTER TABLE sagas ADD COLUMN more text NOT NULL;"),
        ("changing-column-type", "ALTER TABLE sagas ALTER COLUMN amount TYPE bigint;"),
        ("require-concurrent-index-creation", "CREATE INDEX sagas_user ON sagas (user_id);"),
        ("constraint-missing-not-valid", "ALTER TABLE sagas ADD CONSTRAINT c CHECK (amount > 0);"),
    ],
)
def test_what_would_break_the_previous_release_is_found(rule, sql):
    assert rule in problems(sql, removes=False)


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE sagas ADD COLUMN more text NOT NULL DEFAULT '';",
        "BEGIN; CREATE TABLE more (id int PRIMARY KEY); CREATE INDEX more_id ON more (id); COMMIT;",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS sagas_user ON sagas (user_id);",
    ],
)
def test_what_only_adds_is_accepted(sql):
    assert problems(sql, removes=False) == ""
