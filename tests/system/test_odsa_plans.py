# SPDX-License-Identifier: Apache-2.0
"""Plans of the statements about journeys, profiles and pools, in a database that is empty and has no statistics: nodes
keep plans, so a plan that walks over everybody's rows would hurt as soon as there are many."""
import importlib.util
import pathlib
import re

import psycopg
import pytest

import harness

ROOT = pathlib.Path(harness.ROOT)
EVERYBODYS = ["journey_due", "journey_open", "journey_ended", "journey_pkey on journey i", "profile_pkey"]
POOL = ["profile_pool_count", "profile_pool_free"]

# What a plan must not contain.
FORBIDDEN = {
    "odsa_view": [*EVERYBODYS, "journey_pkey"],
    "odsa_view_poll": EVERYBODYS,
    "odsa_poll": [*EVERYBODYS, "journey_pkey"],
    "odsa_count_poll": EVERYBODYS,
    "journey_find": [*EVERYBODYS, "journey_pkey"],
    "journey_claim": ["journey_due", "journey_open"],
    "journey_get": ["journey_due", "journey_open"],
    "journey_list_of": ["journey_due", "journey_open", "journey_ended"],
    "journey_list_open": ["journey_pkey"],
    "journey_due": ["journey_pkey", "journey_open"],
    "journey_count": ["journey_pkey"],
    "profile_list": ["profile_pkey", "profile_living"],
    "profile_by_iccid": ["profile_pkey", "profile_ended"],
    "pool_take": ["profile_pool_count", "profile_pool_pkey on profile_pool f"],
    "pool_take_iccid": POOL,
    "pool_give": POOL,
    "pool_drop": POOL,
    "pool_get": POOL,
}


def statements():
    spec = importlib.util.spec_from_file_location("gen_statements", ROOT / "cmake" / "gen_statements.py")
    gen = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(gen)
    blocks = gen.read_blocks(sorted((ROOT / "sql" / "queries").glob("*.sql")))
    return {name: gen.expand(blocks, name) for name in FORBIDDEN}


def session_settings():
    """As the store's sessions have them."""
    text = (ROOT / "src" / "store" / "store.c").read_text(encoding="utf-8")
    found = re.findall(r'"(SET (?:plan_cache_mode|jit|enable_)[^"]*)"', text)
    assert len(found) == 5
    return found


@pytest.fixture(scope="module")
def session(cluster):
    cluster.sql("DROP DATABASE IF EXISTS plans")
    cluster.sql("CREATE DATABASE plans")
    with psycopg.connect(cluster.conninfo, dbname="plans", autocommit=True, prepare_threshold=None) as connection:
        for path in sorted((ROOT / "sql" / "schema").glob("*.sql")):
            connection.execute(path.read_text(encoding="utf-8"))
        for setting in session_settings():
            connection.execute(setting)
        yield connection
    cluster.sql("DROP DATABASE plans")


@pytest.mark.parametrize("name", sorted(FORBIDDEN))
def test_a_plan_without_statistics_walks_over_nobody_elses_rows(session, name):
    text = statements()[name]
    count = len(set(re.findall(r"\$(\d+)", text)))
    session.execute(f"PREPARE it AS {text}")
    try:
        rows = session.execute(f"EXPLAIN (COSTS off) EXECUTE it ({', '.join(['NULL'] * count)})").fetchall()
    finally:
        session.execute("DEALLOCATE it")
    plan = "\n".join(row[0] for row in rows)
    assert "Scan" in plan
    for index in [*FORBIDDEN[name], "Seq Scan"]:
        assert not re.search(rf"{re.escape(index)}\b", plan), plan
