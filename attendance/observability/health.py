"""Probes: alive, ready, and well."""

from __future__ import annotations

import logging
import secrets
from functools import cache
from typing import Any

from django.core.cache import caches
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse
from django_prometheus.exports import ExportToDjangoView
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from attendance.api.views import ProblemFriendlyView

logger = logging.getLogger(__name__)

OK, FAILING, NOT_MIGRATED = "ok", "failing", "not migrated"
STANDALONE = "ok, but a standalone MongoDB has no transactions: make it a replica set"
WELL = frozenset({OK, STANDALONE})


def database_state() -> str:
    """Answers a query, and has every migration. Once seen migrated, a database stays so for this process."""
    try:
        connection.ensure_connection()
        connection.introspection.table_names()
        _check_migrated()
        return OK if getattr(connection.features, "has_transactions", True) else STANDALONE
    except (Error, _PendingError) as error:
        if isinstance(error, _PendingError):
            return NOT_MIGRATED
        logger.warning("database_failing", exc_info=error)
        connection.close()
        return FAILING


def cache_state() -> str:
    """What is written is read back."""
    key = f"health:{secrets.token_hex(8)}"  # its own, so that two who ask at once do not overwrite each other
    try:
        caches["default"].set(key, OK, timeout=30)
        found = caches["default"].get(key)
        caches["default"].delete(key)
        return OK if found == OK else FAILING
    except Exception as error:
        logger.warning("cache_failing", exc_info=error)
        return FAILING


class _PendingError(Exception):
    """Not every migration has run; an exception, so that `cache` forgets it."""


@cache
def _check_migrated() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise _PendingError


class ProbeView(ProblemFriendlyView):
    """For machines: no credentials, no limits, whatever media type they name."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        return super().perform_content_negotiation(request, force=True)


class LivezView(ProbeView):
    """The process answers."""

    @extend_schema(operation_id="livez", responses=inline_serializer("Alive", {"status": serializers.CharField()}))
    def get(self, request: Request) -> Response:
        return Response({"status": OK})


READY = inline_serializer("Ready", {"status": serializers.CharField(), "database": serializers.CharField()})


class ReadyzView(ProbeView):
    """The database answers and is migrated."""

    @extend_schema(operation_id="readyz", responses={200: READY, 503: READY})
    def get(self, request: Request) -> Response:
        state = database_state()
        well = state in WELL
        return Response({"status": OK if well else FAILING, "database": state}, status=200 if well else 503)


class MetricsView(ProbeView):
    """Prometheus exposition of all workers."""

    @extend_schema(operation_id="metrics", responses={(200, "text/plain"): str})
    def get(self, request: Request) -> HttpResponse:
        return ExportToDjangoView(request._request)


HEALTH = inline_serializer(
    "Health", {"status": serializers.CharField(), "database": serializers.CharField(), "cache": serializers.CharField()}
)


class HealthView(ProblemFriendlyView):
    """How each part is; 503 while one fails."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="health", responses={200: HEALTH, 503: HEALTH})
    def get(self, request: Request) -> Response:
        parts: dict[str, Any] = {"database": database_state(), "cache": cache_state()}
        well = WELL.issuperset(parts.values())
        return Response({"status": OK if well else FAILING, **parts}, status=200 if well else 503)
