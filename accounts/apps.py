from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")
    role_permissions = {
        "admin": ("view_user", "add_user", "change_user", "delete_user"),
        "teacher": ("view_user",),
        "student": ("view_user",),
    }

    def ready(self) -> None:
        from accounts.api import schema  # noqa: F401 - registers the security scheme
        from accounts.roles import grant_defaults

        post_migrate.connect(grant_defaults, sender=self)
