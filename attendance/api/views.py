"""What every view set of the contract shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from attendance.api.filters import FilterBackend, TotalOrdering, refuse_unknown
from attendance.db.transactions import retried

ETAG_WANTED = "etag_wanted"  # read by ListETagMiddleware


class ProblemFriendlyView(APIView):
    """Answers that say 401 with `WWW-Authenticate`, also where no credentials are looked at."""

    def get_authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Whatever then answers is called anew where the database says that it collided with another request."""
        super().initial(request, *args, **kwargs)
        name = str(request.method).lower()
        if answer := getattr(self, name, None):
            setattr(self, name, lambda *args, **kwargs: retried(lambda: answer(*args, **kwargs)))


def with_etag(response: Response) -> Response:
    setattr(response, ETAG_WANTED, True)
    return response


class ScopedViewSet(ProblemFriendlyView, GenericViewSet[Any]):
    """Rows that the caller may see, filtered, ordered and paged; writes are the subclass's, through its services."""

    filter_backends = [FilterBackend, TotalOrdering]
    ordering_fields: ClassVar[Mapping[str, str]] = {}
    ordering: ClassVar[tuple[str, ...]] = ()
    required: ClassVar[Mapping[str, str]] = {}

    def visible(self) -> QuerySet[Any]:
        """Everything of this kind that the caller may see."""
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[Any]:
        return self.visible()

    def query_names(self) -> set[str]:
        """The query parameters of the list besides its filters."""
        paging: frozenset[str] = getattr(self.paginator, "query_names", frozenset())
        return set(paging) | ({"ordering"} if self.ordering_fields else set())

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return with_etag(self.get_paginated_response(self.get_serializer(page, many=True).data))

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        refuse_unknown(request, set())
        return Response(self.get_serializer(self.get_object()).data)

    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        return self.update(request, partial=True, **kwargs)

    def update(self, request: Request, *, partial: bool = False, **kwargs: Any) -> Response:
        raise NotImplementedError

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Filters are for lists: one thing is found by its id alone."""
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def validated(self, instance: Any = None, *, partial: bool = False, many: bool = False) -> Any:
        """The request's body as the action's serializer understands it. Raises ValidationError."""
        serializer = self.get_serializer(instance, data=self.request.data, partial=partial, many=many)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data
