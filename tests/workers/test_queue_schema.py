"""The queue's tables are made once, kept up to date, and never another's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from procrastinate.schema import SchemaManager
from sqlalchemy import make_url, text
from tests.conftest import new_schema

from arsync.clock import SystemClock
from arsync.errors import UserMistake
from arsync.store import Store, open_store
from arsync.workers.queue_schema import OWN_SCRIPTS, installed_scripts, open_queue

SHAPE = (
    """SELECT table_name, column_name, data_type, is_nullable, column_default
         FROM information_schema.columns WHERE table_schema = :schema""",
    "SELECT indexdef FROM pg_indexes WHERE schemaname = :schema",
    """SELECT proname, pg_get_function_identity_arguments(pg_proc.oid), prosrc
         FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = :schema""",
    """SELECT trigger_name, event_manipulation, action_statement, action_condition
         FROM information_schema.triggers WHERE trigger_schema = :schema""",
    """SELECT typname, enumlabel FROM pg_enum JOIN pg_type t ON t.oid = enumtypid
         JOIN pg_namespace n ON n.oid = typnamespace WHERE nspname = :schema""",
)
"""Everything that a schema may hold."""


def shape_of(store: Store, schema: str) -> set[str]:
    """Return what a schema holds, but for what is arsync's own."""
    with store.engine.begin() as db:
        rows = [
            str(tuple(row)).replace(schema, "queue")
            for query in SHAPE
            for row in db.execute(text(query), {"schema": schema})
        ]
    return {row for row in rows if "arsync_" not in row}


def scripts_of(store: Store, schema: str) -> list[tuple[str, object]]:
    with store.engine.begin() as db:
        query = f"SELECT name, applied_at FROM {schema}.arsync_scripts ORDER BY name"
        return [(row.name, row.applied_at) for row in db.execute(text(query))]


def test_a_fresh_queue_is_as_procrastinate_makes_it(
    store: Store, shared_queue: str, queue_schema: str
) -> None:
    with store.engine.begin() as db:
        db.exec_driver_sql(f"CREATE SCHEMA {queue_schema}")
        db.exec_driver_sql(f"SET LOCAL search_path TO {queue_schema}")
        db.execution_options(no_parameters=True).exec_driver_sql(SchemaManager.get_schema())
    assert shape_of(store, shared_queue) == shape_of(store, queue_schema)


def test_an_older_queue_is_brought_up_to_date(
    store: Store, shared_queue: str, queue_schema: str
) -> None:
    scripts = installed_scripts()
    own = len(OWN_SCRIPTS)
    older = dict(list(scripts.items())[: -own - 6])
    open_queue(store, queue_schema, older)
    assert [name for name, _ in scripts_of(store, queue_schema)] == list(older)
    open_queue(store, queue_schema)
    upgraded = scripts_of(store, queue_schema)
    assert {name for name, _ in upgraded} == set(scripts)
    assert shape_of(store, queue_schema) == shape_of(store, shared_queue)
    open_queue(store, queue_schema)
    assert scripts_of(store, queue_schema) == upgraded


def test_processes_that_open_it_together_make_it_once(store: Store, queue_schema: str) -> None:
    # Of a few scripts: what keeps four apart does not depend on their number.
    few = dict(list(installed_scripts().items())[:8])
    with ThreadPoolExecutor(4) as threads:
        opened = [threads.submit(open_queue, store, queue_schema, few) for _ in range(4)]
    assert {future.result().schema for future in opened} == {queue_schema}
    assert [name for name, _ in scripts_of(store, queue_schema)] == list(few)


def test_a_queue_of_a_newer_version_is_refused(store: Store, queue_schema: str) -> None:
    few = dict(list(installed_scripts().items())[:2])
    open_queue(store, queue_schema, few | {"99.00.00_01_newer.sql": "SELECT 1"})
    with pytest.raises(UserMistake, match=r"99\.00\.00_01_newer.*Upgrade: pip install -U"):
        open_queue(store, queue_schema, few)


def test_a_queue_serves_one_store_of_a_database(
    store: Store, shared_queue: str, postgresql_server: str
) -> None:
    with (
        new_schema(postgresql_server) as url,
        open_store(url, clock=SystemClock()) as other,
        pytest.raises(UserMistake, match="belongs to another store of the database"),
    ):
        open_queue(other, shared_queue)


def test_tables_that_arsync_did_not_make_are_left_alone(store: Store, queue_schema: str) -> None:
    with store.engine.begin() as db:
        db.exec_driver_sql(f"CREATE SCHEMA {queue_schema}")
        db.exec_driver_sql(f"CREATE TABLE {queue_schema}.procrastinate_jobs (id integer)")
    with pytest.raises(UserMistake, match="holds a queue that arsync did not make"):
        open_queue(store, queue_schema)


def test_the_queue_takes_no_schema_of_others(store: Store, shared_url: str) -> None:
    home = str(make_url(shared_url).query["options"]).partition("search_path=")[2]
    for schema, owner in ((home, "store"), ("pg_queue", "server")):
        with pytest.raises(UserMistake, match=f"{schema} is the {owner}'s"):
            open_queue(store, schema)


def test_a_user_who_may_not_make_schemas_is_told(
    store: Store, shared_url: str, queue_schema: str
) -> None:
    role = f"role_{queue_schema}"
    home = str(make_url(shared_url).query["options"]).partition("search_path=")[2]
    with store.engine.begin() as db:
        db.exec_driver_sql(f"CREATE ROLE {role} LOGIN")
        db.exec_driver_sql(f"GRANT ALL ON SCHEMA {home} TO {role}")
        db.exec_driver_sql(f"GRANT ALL ON ALL TABLES IN SCHEMA {home} TO {role}")
    try:
        url = make_url(shared_url).set(username=role).render_as_string(hide_password=False)
        with open_store(url, clock=SystemClock()) as theirs:
            with pytest.raises(UserMistake, match=f"CREATE SCHEMA {queue_schema} AUTHORIZATION"):
                open_queue(theirs, queue_schema)
            with store.engine.begin() as db:
                db.exec_driver_sql(f"CREATE SCHEMA {queue_schema} AUTHORIZATION {role}")
            assert open_queue(theirs, queue_schema).exist()
    finally:
        with store.engine.begin() as db:
            db.exec_driver_sql(f"DROP SCHEMA IF EXISTS {queue_schema} CASCADE")
            db.exec_driver_sql(f"DROP OWNED BY {role}")
            db.exec_driver_sql(f"DROP ROLE {role}")
