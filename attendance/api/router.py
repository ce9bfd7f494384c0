"""The paths of the contract: `/users` for the list, `/user/{id}` for one, no trailing slash."""

from __future__ import annotations

from rest_framework.routers import DynamicRoute, Route, SimpleRouter


class ContractRouter(SimpleRouter):
    routes = [
        Route(
            url=r"^{prefix}s$",
            mapping={"get": "list", "post": "create"},
            name="{basename}-list",
            detail=False,
            initkwargs={"suffix": "List"},
        ),
        Route(
            url=r"^{prefix}/{lookup}$",
            mapping={"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"},
            name="{basename}-detail",
            detail=True,
            initkwargs={"suffix": "Instance"},
        ),
        DynamicRoute(
            url=r"^{prefix}/{lookup}/{url_path}$",
            name="{basename}-{url_name}",
            detail=True,
            initkwargs={},
        ),
    ]

    def __init__(self) -> None:
        super().__init__(trailing_slash=False)


router = ContractRouter()
