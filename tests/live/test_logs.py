"""What the log lines say, and what they never say."""

from __future__ import annotations

import re
import socket
from urllib.parse import urlencode

from conftest import PASSWORD
from tests.live.conftest import ALLA, RIMMA

WRONG = "wrong-horse-battery-7"
SECRETS = re.compile(
    r"eyJ[\w-]+\.|@school\.example|%40school|correct-horse|wrong-horse|must-not-show-up|csrfmiddlewaretoken", re.IGNORECASE
)
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def cookies(answer):
    return "; ".join(value.partition(";")[0] for value in answer.headers.get_all("Set-Cookie", []))


def admin_login(client, email, password):
    page = client.get("/admin/login/")
    token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page.body).group(1).decode()
    form = urlencode({"csrfmiddlewaretoken": token, "username": email, "password": password, "next": "/admin/"})
    return client.ask("POST", "/admin/login/", form, **FORM, Cookie=cookies(page))


def test_an_error_its_log_line_and_its_header_carry_one_id(server):
    with server.client() as client:
        answer = client.get("/me")
    request_id = answer.headers["X-Request-ID"]
    assert answer.status == 401
    assert answer.json()["request_id"] == request_id
    (line,) = [line for line in server.lines() if line.get("request_id") == request_id]
    assert (line["event"], line["request"], line["code"]) == ("request_finished", "GET /me", 401)


def test_a_request_id_from_outside_is_kept_where_it_is_well_formed(server):
    with server.client() as client:
        kept = client.get("/livez", **{"X-Request-ID": "from-the-proxy-1"})
        made = client.get("/livez", **{"X-Request-ID": 'x" onload="'})
    assert kept.headers["X-Request-ID"] == "from-the-proxy-1"
    assert re.fullmatch(r"[0-9a-f-]{36}", made.headers["X-Request-ID"])
    assert len([line for line in server.lines() if line.get("request_id") == "from-the-proxy-1"]) == 1


def test_who_it_was_is_said_by_id(server, token, cast):
    with server.client(token) as client:
        request_id = client.get("/me").headers["X-Request-ID"]
    (line,) = [line for line in server.lines() if line.get("request_id") == request_id]
    assert line["user_id"] == cast.teacher


def test_no_password_token_or_email_whatever_is_asked(start):
    with start(LOG_LEVEL="DEBUG") as server:
        with server.client() as client:
            for email in (ALLA, "nobody@school.example"):
                assert client.post("/login", {"email": email, "password": WRONG}).status == 401
            assert client.post("/login", f'{{"email": "{ALLA}", "password": "{WRONG}"', **JSON).status == 400
            assert client.post("/register", {"email": RIMMA, "password": WRONG}).status in (400, 403)
            assert client.post("/token/refresh", {"refresh": "eyJhbGciOiJIUzI1NiJ9.eyJ4IjoxfQ.x"}).status == 401
            assert client.get("/me", Authorization="Bearer eyJhbGciOiJIUzI1NiJ9.eyJ4IjoxfQ.x").status == 401
            signed_in = client.post("/login", {"email": RIMMA, "password": PASSWORD}).json()
        with server.client(signed_in["access"]) as client:
            assert client.get(f"/users?search={RIMMA}").json()["count"] == 1
            assert client.get(f"/users?serach={RIMMA}").status == 400
            assert client.post("/logout", {"refresh": signed_in["refresh"]}).status == 204
        with server.client() as client:
            assert admin_login(client, RIMMA, WRONG).status == 200
            entered = admin_login(client, RIMMA, PASSWORD)
            assert entered.status == 302
            assert client.get(f"/admin/accounts/user/?q={RIMMA}", Cookie=cookies(entered)).status == 200
            assert client.ask("POST", "/admin/login/", urlencode({"username": RIMMA, "password": WRONG}), **FORM).status == 403
        for malformed in (
            b"GET /users?search=alla@school.example HTTP/1.1 x\r\n\r\n",
            b"GET /me HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization\x01: Bearer eyJhbGciOiJIUzI1NiJ9.eyJ4IjoxfQ.x\r\n\r\n",
            b"GET /me HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer\r\n eyJhbGciOiJIUzI1NiJ9.eyJ4IjoxfQ.x\r\n\r\n",
        ):
            with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
                connection.sendall(malformed)
                assert connection.makefile("rb").readline().startswith(b"HTTP/1.1 400")
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(
                b"GET /users?search=alla@school.example HTTP/1.1\r\nAuthorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJ"
            )
        assert server.stop() == 0
        assert not SECRETS.findall(server.log.read_text())
        assert {line["level"] for line in server.lines()} <= {"debug", "info", "warning"}
