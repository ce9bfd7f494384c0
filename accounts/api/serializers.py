from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from accounts.models import User
from accounts.rules import Language, Role

PASSWORD: dict[str, Any] = {"write_only": True, "max_length": 128, "trim_whitespace": False, "style": {"input_type": "password"}}


class UserSerializer(serializers.ModelSerializer[User]):
    """A person. `role`, `is_active`, `email` and `password` are an administrator's to set."""

    role = serializers.ChoiceField(choices=Role.choices, required=False, allow_null=True, help_text="null where none was given")
    password = serializers.CharField(required=False, **PASSWORD)
    # Uniqueness is the service's and the index's: a look-up here would only say it earlier and less surely.
    email = serializers.EmailField(max_length=254)

    class Meta:
        model = User
        fields = (
            "id", "email", "first_name", "last_name", "middle_name", "role", "is_active", "language", "timezone",
            "created_at", "password",
        )  # fmt: skip
        read_only_fields = ("id", "created_at")


class UserDetailSerializer(UserSerializer):
    def validate_role(self, role: str | None) -> str:
        if role is None:
            raise serializers.ValidationError(_("One of the three roles."), code="null")
        return role

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        refuse_misleading(self, "is_staff", "is_superuser")
        return attrs


class MeSerializer(UserDetailSerializer):
    email = serializers.EmailField(max_length=254, required=False)


class RegistrationSerializer(serializers.Serializer[User]):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(**PASSWORD)
    first_name = serializers.CharField(max_length=150)
    last_name = serializers.CharField(max_length=150)
    middle_name = serializers.CharField(max_length=150, required=False, allow_blank=True)
    language = serializers.ChoiceField(choices=Language.choices, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        refuse_misleading(self, "role", "is_staff", "is_superuser", "is_active")
        return attrs


class LoginSerializer(serializers.Serializer[User]):
    email = serializers.CharField(max_length=254)
    password = serializers.CharField(**PASSWORD)


class RefreshSerializer(serializers.Serializer[User]):
    refresh = serializers.CharField(max_length=4096)


class RefreshedSerializer(serializers.Serializer[User]):
    access = serializers.CharField()
    refresh = serializers.CharField()


class TokensSerializer(RefreshedSerializer):
    user = UserSerializer()


class PasswordChangeSerializer(serializers.Serializer[User]):
    current_password = serializers.CharField(**PASSWORD)
    new_password = serializers.CharField(**PASSWORD)


def refuse_misleading(serializer: serializers.Serializer[Any], *names: str) -> None:
    """Raises ValidationError for fields that the caller might believe were set if they were ignored."""
    given = [name for name in names if name in serializer.initial_data]
    if given:
        raise serializers.ValidationError({name: ErrorDetail(_("This cannot be set here."), "read_only") for name in given})
