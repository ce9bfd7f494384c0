from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class GroupsConfig(AppConfig):
    name = "groups"
    verbose_name = _("Groups")

    def ready(self) -> None:
        from accounts.roles import every, grant_defaults
        from accounts.scoping import register_people_scope
        from groups.scoping import GroupScope

        self.role_permissions = {
            "admin": (*every("group"), *every("membership"), "view_historicalmembership"),
            "teacher": ("view_group", "change_group", *every("membership"), "view_historicalmembership"),
            "student": ("view_group", "view_membership"),
        }
        register_people_scope(GroupScope())
        post_migrate.connect(grant_defaults, sender=self)
