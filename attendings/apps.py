from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AttendingsConfig(AppConfig):
    name = "attendings"
    verbose_name = _("Attendance")

    def ready(self) -> None:
        from accounts.roles import every, grant_defaults
        from attendings import signals  # noqa: F401 - connects the receivers
        from attendings.reports import policy

        try:
            policy()
        except ValueError as error:
            raise ImproperlyConfigured(f"LATE_WEIGHT, LEFT_EARLY_WEIGHT, EXCUSED_COUNTS: {error}") from error

        full = (*every("attending"), "view_historicalattending")
        self.role_permissions = {"admin": full, "teacher": full, "student": ("view_attending",)}
        post_migrate.connect(grant_defaults, sender=self)
