"""The DuckDB warehouse: its files, relations, checks, audits, tidying and publication.

The only room that opens DuckDB. What is read from Imgur, and when, is ``nightly``'s to decide.
"""

from warehouse.audits import AUDITS, add_results
from warehouse.catalog import RAW_SCHEMA, add_tables, comment, names_in
from warehouse.files import WarehouseError, create, quoted
from warehouse.overview import Overview
from warehouse.publication import Publication
from warehouse.queries import RelationError, queries
from warehouse.relations import SQL_DIR, Parameters, apply
from warehouse.run_lock import RunLock, RunLockedError
from warehouse.warehouse import Warehouse

__all__ = [
    "AUDITS",
    "RAW_SCHEMA",
    "SQL_DIR",
    "Overview",
    "Parameters",
    "Publication",
    "RelationError",
    "RunLock",
    "RunLockedError",
    "Warehouse",
    "WarehouseError",
    "add_results",
    "add_tables",
    "apply",
    "comment",
    "create",
    "names_in",
    "queries",
    "quoted",
]
