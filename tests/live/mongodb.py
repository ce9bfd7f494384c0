"""A MongoDB-compatible server that can be killed and started again, and a wire to it that can be cut."""

from __future__ import annotations

import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from tests import mongodb_server
from tests.live.server import free_port


class Database:
    """Always at the same address and with the same files, each commit of which is synced."""

    def __init__(self, files: Path) -> None:
        # What a transaction that was given up without a word has written is held until its lifetime is over.
        self._options = (f"--port={free_port()}", f"--path={files}", "--lifetime=3")
        self._files = files
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    @property
    def set_url(self) -> str:
        """As production names it: the driver asks the server who is in the replica set. It would go past a wire."""
        return self.url.replace("directConnection=true", "replicaSet=secantus")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Returns once it answers."""
        self._process = mongodb_server.started(*self._options)
        self.url = mongodb_server.url_of(self._process)

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self.stop()

    def snapshot(self, copy: Path) -> None:
        """Its files as they are in one moment, which is not of its choosing."""
        assert self._process is not None
        with mongodb_server.frozen(self._process):
            shutil.copytree(self._files, copy)

    def stop(self) -> None:
        assert self._process is not None
        mongodb_server.stop(self._process)


class Wire:
    """A TCP proxy. While it is cut, connections are accepted and what is sent is kept back, as by a network that loses every packet."""

    def __init__(self, url: str) -> None:
        target = urlsplit(url)
        self._target = (target.hostname, target.port)
        self._whole, self._over = Event(), Event()
        self._whole.set()
        self._cut_at: bytes | None = None
        self._arrives = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = [self._listener]
        self.url = urlunsplit(target._replace(netloc=f"127.0.0.1:{self._listener.getsockname()[1]}"))

    def __enter__(self) -> Self:
        Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self.mend()
        for end in self._sockets:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def cut(self) -> None:
        self._whole.clear()

    def cut_at(self, text: bytes, *, arrives: bool) -> None:
        """As soon as a client sends this; it itself still gets through if it `arrives`, but not its answer."""
        self._cut_at, self._arrives = text, arrives

    def is_cut(self) -> bool:
        return not self._whole.is_set()

    def mend(self) -> None:
        """What was kept back goes on its way."""
        self._cut_at = None
        self._whole.set()

    def _accept(self) -> None:
        while not self._over.is_set():
            with suppress(OSError):
                near = self._listener.accept()[0]
                self._sockets.append(near)
                far = socket.create_connection(self._target)
                self._sockets.append(far)
                for source, sink, to_server in ((near, far, True), (far, near, False)):
                    Thread(target=self._forward, args=(source, sink, to_server), daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket, to_server: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                last = to_server and self._cut_at is not None and self._cut_at in data
                if last:
                    self._cut_at = None
                    self.cut()
                if not (last and self._arrives):
                    self._whole.wait()
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
