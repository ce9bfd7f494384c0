"""Django finds the pages of the admin here."""

from attendings.admin import grid, marks, meetings  # noqa: F401 - register their pages
