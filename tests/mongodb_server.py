"""A MongoDB-compatible server for the tests, where no MongoDB is at hand: SecantusDB, in a process of its own.

`TEST_DATABASE_URL=mongodb` makes the test session start one. `python -m tests.mongodb_server` runs it until standard input ends,
and first prints its URL.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WORD = "mongodb"  # in TEST_DATABASE_URL


def started(*options: str) -> subprocess.Popen[str]:
    """A server that lives no longer than this process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.mongodb_server", *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(stop, process)
    return process


def url_of(process: subprocess.Popen[str]) -> str:
    """Once it answers."""
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url.startswith("mongodb://"), "The test server did not start."
    return url


@contextmanager
def frozen(process: subprocess.Popen[str]) -> Iterator[None]:
    """It keeps its connections and its files, and does nothing."""
    os.kill(process.pid, signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)  # its last thread has stopped too
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


def stop(process: subprocess.Popen[str]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream and not stream.closed:
            stream.close()
    process.wait(timeout=30)


def mend_projections() -> None:
    """SecantusDB takes `{p: {n: 1}}` in these stages for a literal; MongoDB for the path `p.n`, which both understand."""
    from secantus import aggregate

    tables = [value for value in vars(aggregate).values() if isinstance(value, dict) and "$project" in value]
    stages = [table for table in tables if callable(table["$project"])]
    assert stages, "SecantusDB keeps its stages elsewhere now."
    for table in stages:
        for stage in ("$project", "$addFields", "$set"):
            table[stage] = with_dotted_paths(table[stage])


def with_dotted_paths(run: Callable[..., Any]) -> Callable[..., Any]:
    def stage(spec: Any, *args: Any, **options: Any) -> Any:
        return run(dotted(spec) if isinstance(spec, Mapping) else spec, *args, **options)

    return stage


def dotted(spec: Mapping[str, Any]) -> dict[str, Any]:
    """`{"p": {"n": 1}}` as `{"p.n": 1}`; expressions and the key stay as they are."""
    flat: dict[str, Any] = {}
    for name, value in spec.items():
        if name != "_id" and _is_path(value):
            flat |= {f"{name}.{rest}": inner for rest, inner in dotted(value).items()}
        else:
            flat[name] = value
    return flat


def _is_path(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value) and not str(next(iter(value))).startswith("$")


def remember_index_options() -> None:
    """SecantusDB reads and decodes the options of every index anew for each document that it stores; once a statement will do."""
    from secantus.storage import Storage

    read, insert, known = Storage._index_options_map, Storage._insert_chunk, threading.local()

    def options_map(self: Any, db: str, collection: str) -> Any:
        options = getattr(known, "options", None)
        if options is None:
            return read(self, db, collection)
        if (db, collection) not in options:
            options[db, collection] = read(self, db, collection)
        return options[db, collection]

    def insert_chunk(self: Any, *args: Any, **values: Any) -> Any:
        known.options = {}
        try:
            return insert(self, *args, **values)
        finally:
            known.options = None

    Storage._index_options_map, Storage._insert_chunk = options_map, insert_chunk


def main(options: list[str]) -> None:
    """Options: `--standalone`, `--port=N`, `--path=DIRECTORY`, `--lifetime=SECONDS` of an open transaction, `--unmended`."""
    from secantus import SecantusDBServer

    values = dict(option.removeprefix("--").partition("=")[::2] for option in options)
    if "unmended" not in values:
        mend_projections()
        remember_index_options()
    server = SecantusDBServer(
        port=int(values.get("port", 0)),
        storage_path=values.get("path", ":memory:"),
        sync_on_commit="path" in values,
        transaction_lifetime_seconds=float(values.get("lifetime", 60)),
        replica_set_name=None if "standalone" in values else "secantus",
    )
    with server:
        print(f"{server.uri.rstrip('/')}/attendance?directConnection=true", flush=True)  # noqa: T201
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
