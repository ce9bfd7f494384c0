from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class IdempotentAnswer(models.Model):
    """What a request with an `Idempotency-Key` was answered, kept for a day so that its repeat is answered alike."""

    digest = models.CharField(max_length=64, primary_key=True, help_text="Of caller, method, path and key")
    body_digest = models.CharField(max_length=64)
    answer = models.TextField(help_text="The JSON that was sent")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("idempotent answer")
        verbose_name_plural = _("idempotent answers")

    def __str__(self) -> str:
        return self.digest
