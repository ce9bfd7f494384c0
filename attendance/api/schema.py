"""The OpenAPI document says every status an operation can answer, errors included."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema

PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details; `errors` names each wrong field or parameter.",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer into the request's body"},
                    "parameter": {"type": "string", "description": "Name of a query parameter"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
    "additionalProperties": True,
}

MEANINGS = {
    "400": "The request has errors; each is listed.",
    "401": "No token, or a bad or expired one.",
    "403": "In sight, but not permitted.",
    "404": "Not there, or outside what the caller may see.",
    "406": "Only JSON is served.",
    "409": "The present state does not allow this; the body says which.",
    "413": "The body is over the limit.",
    "415": "The body is not JSON.",
    "422": "The Idempotency-Key was used for a different request.",
    "429": "Too many requests; see Retry-After.",
    "503": "A part that is needed cannot be reached.",
}
ETAG = {"ETag": {"schema": {"type": "string"}, "description": "Send it back as `If-None-Match`: 304 when nothing changed."}}


class ProblemAutoSchema(AutoSchema):
    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        self.registry.register_on_missing(_problem_component(self))
        for status in self._problem_statuses():
            operation["responses"].setdefault(
                status,
                {
                    "description": MEANINGS[status],
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                },
            )
        if self._has_etag():
            operation["responses"]["200"]["headers"] = ETAG
            operation["responses"]["304"] = {"description": "Not changed since the ETag given."}
        return operation

    def get_tags(self) -> list[str]:
        """One for `/groups` and `/group/{id}` alike."""
        return [tag.removesuffix("s") for tag in super().get_tags()]

    def _has_etag(self) -> bool:
        return self.method == "GET" and getattr(self.view, "action", None) in {"list", "members", "roster"}

    def _problem_statuses(self) -> list[str]:
        statuses = {"400", "401", "404", "406", "429", "503"}
        view_statuses = getattr(self.view, "problem_statuses", {}).get(
            getattr(self.view, "action", None) or self.method.lower(), ()
        )
        if getattr(self.view, "required", None):
            statuses.add("403")
        if self.method in {"POST", "PUT", "PATCH"}:
            statuses |= {"413", "415", "409"}
        if self.method == "DELETE":
            statuses.add("409")
        return sorted(statuses | set(view_statuses))


def _problem_component(schema: AutoSchema) -> Any:
    from drf_spectacular.plumbing import ResolvedComponent

    return ResolvedComponent(name="Problem", type=ResolvedComponent.SCHEMA, schema=PROBLEM, object="Problem")
