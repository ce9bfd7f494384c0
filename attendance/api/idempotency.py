"""`Idempotency-Key`: a repeat of a request is answered as the first one was, and stores nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from attendance.api.models import IdempotentAnswer
from attendance.db.transactions import atomic
from attendance.errors import InvalidError, UnprocessableError

KEPT = timedelta(hours=24)
MAX_KEY_LENGTH = 255


def answer_once(request: Request, act: Callable[[], Any]) -> Any:
    """`act()`'s answer, or the stored one of an earlier request with the same key, caller, method and path.

    `act` and the note of its answer are stored together or not at all. Raises UnprocessableError when the key comes back with
    another body, InvalidError for a key that is empty or too long.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return act()
    if not 0 < len(key) <= MAX_KEY_LENGTH:
        raise InvalidError(_("Idempotency-Key takes 1 to %(max)d characters.") % {"max": MAX_KEY_LENGTH})
    digest = _digest(str(request.user.pk), request.method or "", request.path, key)
    body_digest = _digest(json.dumps(request.data, sort_keys=True))
    with atomic():
        stored = IdempotentAnswer.objects.filter(pk=digest, created_at__gt=timezone.now() - KEPT).first()
        if stored is None:
            answer = act()
            IdempotentAnswer.objects.filter(pk=digest).delete()
            IdempotentAnswer.objects.create(digest=digest, body_digest=body_digest, answer=_text(answer))
            return answer
    if stored.body_digest != body_digest:
        raise UnprocessableError(_("This Idempotency-Key was used for a different request."), code="idempotency_key_reused")
    return json.loads(stored.answer)


def forget_old_answers() -> int:
    """Deletes the answers kept long enough; returns how many."""
    return IdempotentAnswer.objects.filter(created_at__lte=timezone.now() - KEPT).delete()[0]


def _text(answer: Any) -> str:
    return JSONRenderer().render(answer).decode()


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
