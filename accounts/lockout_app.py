from axes.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LockoutConfig(AppConfig):
    """django-axes, by a name that says what it is for."""

    verbose_name = _("Log-in protection")
