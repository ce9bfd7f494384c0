from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from attendance.api.exceptions import PayloadTooLarge

SURROGATE = re.compile(r"[\ud800-\udfff]")


class BoundedJSONParser(JSONParser):
    """DRF reads a body past Django's own limit; this one stops at MAX_BODY_BYTES."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        body = stream.read(settings.MAX_BODY_BYTES + 1)
        if len(body) > settings.MAX_BODY_BYTES:
            raise PayloadTooLarge
        try:
            parsed = super().parse(io.BytesIO(body), media_type, parser_context)
        except RecursionError as error:
            raise ParseError from error
        if not all(map(_is_storable, _leaves(parsed))):
            raise ParseError
        return parsed


def _leaves(value: Any) -> Iterator[Any]:
    """Every name and every value that is no list or object, without recursion."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case dict() as members:
                waiting += [*members.keys(), *members.values()]
            case list() as items:
                waiting += items
            case leaf:
                yield leaf


def _is_storable(leaf: Any) -> bool:
    """Half a surrogate pair is no text, and 1e400 no number, though JSON can spell both."""
    if isinstance(leaf, str):
        return not SURROGATE.search(leaf)
    return not isinstance(leaf, float) or math.isfinite(leaf)
