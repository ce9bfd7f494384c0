from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class MeetingsConfig(AppConfig):
    name = "meetings"
    verbose_name = _("Meetings")

    def ready(self) -> None:
        from accounts.roles import every, grant_defaults
        from meetings import signals  # noqa: F401 - connects the receivers

        full = (*every("meeting"), *every("series"), "view_historicalmeeting")
        self.role_permissions = {"admin": full, "teacher": full, "student": ("view_meeting",)}
        post_migrate.connect(grant_defaults, sender=self)
