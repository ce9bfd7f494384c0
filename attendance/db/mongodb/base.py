"""MongoDB's own engine for Django, with integer keys for whom wants them, real transactions under Django's own `atomic()`, and
errors that say whether to try again. It relies on the engine's insides: its version is pinned exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pymongo
from bson import ObjectId
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import debug_transaction
from django.db.models import Model
from django_mongodb_backend.base import DatabaseWrapper as StockWrapper
from pymongo import MongoClient, ReadPreference, WriteConcern
from pymongo.collection import Collection
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from attendance.db.mongodb.conditions import OPERATORS
from attendance.db.mongodb.driver import Client
from attendance.db.mongodb.errors import AbortedTransactionError, is_transient, translated
from attendance.db.mongodb.features import DatabaseFeatures
from attendance.db.mongodb.introspection import DatabaseIntrospection
from attendance.db.mongodb.metrics import LISTENER
from attendance.db.mongodb.operations import DatabaseOperations
from attendance.db.mongodb.planning import HELD
from attendance.db.mongodb.schema import DatabaseSchemaEditor
from attendance.db.mongodb.sequences import AUTO_FIELDS
from attendance.db.mongodb.together import Change, write_together
from attendance.db.mongodb.validation import DatabaseValidation
from attendance.db.transactions import UncertainCommitError

COMMIT_ATTEMPTS = 5
UNKNOWN_RESULT = "UnknownTransactionCommitResult"
ABORT_PATIENCE = 5.0  # seconds


class DatabaseWrapper(StockWrapper):
    data_types = StockWrapper.data_types | dict.fromkeys(AUTO_FIELDS, "long")
    mongo_operators = StockWrapper.mongo_operators | OPERATORS
    features_class = DatabaseFeatures
    introspection_class = DatabaseIntrospection
    ops_class = DatabaseOperations
    validation_class = DatabaseValidation
    SchemaEditorClass = DatabaseSchemaEditor
    _connection_pools: dict[str, MongoClient[dict[str, Any]]] = {}
    _addresses: dict[str, str] = {}

    # The stock engine keeps transactions to an atomic() of its own, and makes Django's do nothing. Libraries call Django's.
    set_autocommit = BaseDatabaseWrapper.set_autocommit
    on_commit = BaseDatabaseWrapper.on_commit

    written = 0  # statements of this transaction that changed something, or tried to

    is_transient: Callable[[BaseException], bool] = staticmethod(is_transient)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._written_at: dict[str, int] = {}

    def get_new_connection(self, conn_params: dict[str, Any]) -> MongoClient[dict[str, Any]]:
        """One client, which is a pool, for all threads; another one when the name has come to stand for another address."""
        if self._addresses.setdefault(self.alias, conn_params["host"]) != conn_params["host"]:
            self._connection_pools.pop(self.alias).close()
            self._addresses[self.alias] = conn_params["host"]
        if self.alias not in self._connection_pools:
            listeners = [*conn_params.get("event_listeners", ()), LISTENER]
            with translated():
                client = Client(**conn_params | {"event_listeners": listeners}, driver=self._driver_info())
            self._connection_pools.setdefault(self.alias, client)  # another thread may have been faster
        return self._connection_pools[self.alias]

    def close_pool(self) -> None:
        super().close_pool()
        self._addresses.pop(self.alias, None)

    def get_database_version(self) -> tuple[int, ...]:
        with translated():
            return super().get_database_version()

    def is_usable(self) -> bool:
        try:
            self.connection.admin.command("ping")
        except PyMongoError:
            return False
        return True

    def get_collection(self, name: str, **options: Any) -> Collection[dict[str, Any]]:
        """Every statement of a model comes through here. Raises AbortedTransactionError after one that failed."""
        if self.session and self.needs_rollback:
            raise AbortedTransactionError("An earlier statement of this transaction failed, and the transaction with it.")
        return super().get_collection(name, **options)

    def hold(self, row: Model) -> None:
        """Writes the row's document, under a name that no model knows: two transactions that write the same one cannot both commit."""
        if self.session:
            pk: Any = row._meta.pk
            key = {pk.column: pk.get_db_prep_value(row.pk, self)}
            with translated():
                self.get_collection(row._meta.db_table).update_one(key, {"$set": {HELD: ObjectId()}}, session=self.session)

    def write_together(self, new: Sequence[Model], changed: Sequence[Change], gone: Sequence[Model]) -> None:
        """See attendance.db.writes."""
        write_together(self, new, changed, gone)

    def writes(self) -> None:
        """Said before every write, since one that fails ends the transaction as well."""
        self.written += 1

    def _set_autocommit(self, autocommit: bool) -> None:
        if autocommit:
            self._leave()
        elif self.features.has_transactions:
            self.written = 0
            self.session = self.connection.start_session()
            self.session.start_transaction(
                read_concern=ReadConcern("snapshot"),
                write_concern=WriteConcern("majority"),
                read_preference=ReadPreference.PRIMARY,
            )

    def _commit(self) -> None:
        if self.session:
            with debug_transaction(self, "COMMIT"), translated():
                self._commit_until_known()

    def _commit_until_known(self) -> None:
        """Whether a commit happened is not known when its answer is lost; asked again, the server says so and does it no second time.

        All attempts together take no longer than any one operation may. Then raises UncertainCommitError.
        """
        with pymongo.timeout(self.connection.options.timeout):
            for attempts_left in reversed(range(COMMIT_ATTEMPTS)):
                try:
                    self.session.commit_transaction()
                except PyMongoError as error:
                    if not error.has_error_label(UNKNOWN_RESULT):
                        raise
                    if not attempts_left:
                        raise UncertainCommitError(type(error).__name__) from error
                else:
                    return

    def _rollback(self) -> None:
        if self.session:
            with debug_transaction(self, "ROLLBACK"):
                self._leave()

    def _leave(self) -> None:
        """Ending a session ends what is open in it. A server that cannot be told does so by itself, later."""
        session, self.session = self.session, None
        if session:
            with pymongo.timeout(min(ABORT_PATIENCE, self.connection.options.timeout or ABORT_PATIENCE)):
                session.end_session()

    # There are no savepoints, and mostly nothing to undo: what a service refuses, it refuses before it writes.
    def _savepoint(self, sid: str) -> None:
        self._written_at[sid] = self.written

    def _savepoint_commit(self, sid: str) -> None:
        self._written_at.pop(sid, None)

    def _savepoint_rollback(self, sid: str) -> None:
        """Raises AbortedTransactionError where something was written, upon which Django gives the whole transaction up."""
        if self.session and self._written_at.get(sid) != self.written:
            raise AbortedTransactionError("MongoDB undoes a transaction as a whole, and this part of it has written.")
