"""Every path of the contract, and the browser's pages."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from accounts.api import sign_in
from accounts.api.views import UserViewSet
from accounts.own_password import OwnPasswordView
from accounts.preferences import PreferencesView
from attendance.api.router import router
from attendance.observability.health import HealthView, LivezView, MetricsView, ReadyzView
from attendings.api.views import AttendingViewSet, RegisterViewSet, UserReportView
from groups.api.views import GroupViewSet
from meetings.api.views import MeetingViewSet

router.register("user", UserViewSet)
router.register("group", GroupViewSet)
router.register("meeting", MeetingViewSet)
router.register("meeting", RegisterViewSet, basename="register")
router.register("attending", AttendingViewSet)

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("register", sign_in.RegisterView.as_view(), name="register"),
    path("login", sign_in.LoginView.as_view(), name="login"),
    path("token/refresh", sign_in.RefreshView.as_view(), name="token-refresh"),
    path("logout", sign_in.LogoutView.as_view(), name="logout"),
    path("me", sign_in.MeView.as_view(), name="me"),
    path("me/password", sign_in.PasswordView.as_view(), name="me-password"),
    path("user/<str:id>/report", UserReportView.as_view(), name="user-report"),
    *router.urls,
    path("hc", HealthView.as_view(), name="health"),
    path("livez", LivezView.as_view(), name="livez"),
    path("readyz", ReadyzView.as_view(), name="readyz"),
    path("metrics", MetricsView.as_view(), name="metrics"),
    path(
        "schema", SpectacularAPIView.as_view(authentication_classes=[], permission_classes=[], throttle_classes=[]), name="schema"
    ),
    path(
        "docs",
        SpectacularSwaggerSplitView.as_view(
            url_name="schema", authentication_classes=[], permission_classes=[], throttle_classes=[]
        ),
        name="docs",
    ),
    path("admin/password_change/", admin.site.admin_view(OwnPasswordView.as_view(), cacheable=True), name="own-password"),
    path("admin/preferences/", admin.site.admin_view(PreferencesView.as_view()), name="admin-preferences"),
    path("admin/", admin.site.urls),
]

handler400 = "attendance.api.errors.bad_request"
handler403 = "attendance.api.errors.forbidden"
handler404 = "attendance.api.errors.not_found"
handler500 = "attendance.api.errors.server_error"
