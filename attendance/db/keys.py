"""Primary keys: UUIDs that sort by the time they were made (RFC 9562, version 7)."""

from __future__ import annotations

import uuid

from django.db import models
from uuid_utils.compat import uuid7


def new_id() -> uuid.UUID:
    return uuid7()


class UUIDModel(models.Model):
    """A model whose key is a time-ordered UUID, the same on every engine."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    class Meta:
        abstract = True
