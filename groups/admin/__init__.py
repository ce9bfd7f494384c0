"""Django finds the pages of the admin here."""

from groups.admin.groups import GroupAdmin
from groups.admin.memberships import MembershipAdmin

__all__ = ["GroupAdmin", "MembershipAdmin"]
