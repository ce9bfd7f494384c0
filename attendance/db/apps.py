from django.apps import AppConfig


class DatabaseConfig(AppConfig):
    """Here for its commands; it has no models."""

    name = "attendance.db"
    label = "attendance_db"
