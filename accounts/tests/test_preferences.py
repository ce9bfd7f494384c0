"""One's own language and time zone, changed by the page of the admin or by a tap in the user menu."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import User
from conftest import PASSWORD
from tests.admin_pages import browser, fields_of, notes_on
from tests.counting import count_queries

URL = "/admin/preferences/"


@pytest.fixture
def superuser(db):
    return User.objects.create_superuser("root@school.example", PASSWORD, first_name="Root", last_name="Rootson")


class TestPage:
    @pytest.mark.parametrize("who", ["teacher", "admin", "superuser"])
    def test_stores_both_and_speaks_the_language_at_once(self, who, request):
        user = request.getfixturevalue(who)
        client = browser(user)
        data = fields_of(client.get(URL).context["form"]) | {"language": "ru", "timezone": "Asia/Yekaterinburg"}
        response = client.post(URL, data)
        user.refresh_from_db()
        assert (user.language, user.timezone) == ("ru", "Asia/Yekaterinburg")
        assert response["Location"] == URL
        assert client.get(URL).headers["Content-Language"] == "ru"
        assert client.get(reverse("admin:index")).headers["Content-Language"] == "ru"

    def test_shows_what_there_is(self, teacher):
        User.objects.filter(pk=teacher.pk).update(timezone="EST")  # a name without a region
        form = browser(teacher).get(URL).context["form"]
        assert fields_of(form) == {"language": "en", "timezone": "EST"}
        assert [name for name, _label in form.fields["timezone"].choices][:3] == ["EST", "UTC", "Africa"]

    def test_says_that_it_is_done(self, teacher):
        response = browser(teacher).post(URL, {"language": "en"}, follow=True)
        assert notes_on(response) == ["Your preferences are saved."]

    @pytest.mark.parametrize("said", [{"language": "tlh"}, {"language": ""}, {}, {"language": "ru", "timezone": "Moscow"}])
    def test_refuses_what_there_is_not(self, teacher, said):
        response = browser(teacher).post(URL, said)
        teacher.refresh_from_db()
        assert response.context["form"].errors
        assert (teacher.language, teacher.timezone) == ("en", "UTC")

    def test_changes_nothing_else(self, teacher):
        browser(teacher).post(URL, {"language": "ru", "first_name": "X", "is_superuser": "on", "role": "admin"})
        now = User.objects.get(pk=teacher.pk)
        assert (now.language, now.first_name, now.role) == ("ru", "Alla", "teacher")

    def test_is_for_who_may_enter(self, student, client):
        assert "/login" in client.get(URL)["Location"]
        assert "/login" in browser(student).post(URL, {"language": "ru"})["Location"]
        student.refresh_from_db()
        assert student.language == "en"

    def test_wants_a_token_of_the_form(self, teacher):
        client = browser(teacher)
        client.handler.enforce_csrf_checks = True
        assert client.post(URL, {"language": "ru"}).status_code == 403

    def test_costs_what_who_asks_costs(self, teacher):
        client = browser(teacher)
        with count_queries(sqlite=3, mongodb=3):
            client.get(URL)


class TestUserMenu:
    def test_posts_a_language_alone_and_stays_on_the_page(self, teacher):
        client = browser(teacher)
        assert f'action="{URL}"' in client.get(reverse("admin:index")).content.decode()
        response = client.post(
            URL, {"language": "ru", "next": ""}, headers={"Referer": "http://testserver/admin/groups/group/?q=7"}
        )
        assert response["Location"] == "http://testserver/admin/groups/group/?q=7"
        teacher.refresh_from_db()
        assert (teacher.language, teacher.timezone) == ("ru", "UTC")

    def test_never_leads_elsewhere(self, teacher):
        response = browser(teacher).post(URL, {"language": "ru"}, headers={"Referer": "http://elsewhere.example/"})
        assert response["Location"] == URL

    def test_leads_to_the_page_and_to_ones_password(self, teacher):
        shown = browser(teacher).get(reverse("admin:index")).content.decode()
        assert f'href="{URL}"' in shown
        assert 'href="/admin/password_change/"' in shown
