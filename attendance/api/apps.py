from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "attendance.api"
    label = "api"
