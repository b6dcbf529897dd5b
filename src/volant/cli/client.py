"""Client: the command line's way to the server. HTTP/1.1 on the standard library, so that commands start fast.

Finds the server by --url, VOLANT_URL or DATA/run/server.json, and the key by VOLANT_API_KEY or DATA/root.key.
VOLANT_PROJECT names a project for the root key, which may work in each; any other key has its own.
"""

from __future__ import annotations

import http.client
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from volant.core import errors
from volant.core.errors import BadInput, NotFound, Unauthenticated, Unavailable, VolantError

Json = dict[str, Any]
TIMEOUT_S = 60.0
_CHUNK = 1 << 16


class Client:
    """One server and one key."""

    def __init__(self, url: str, key: str, *, project: str = "", timeout_s: float = TIMEOUT_S) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInput("bad_url", f"{url!r} is no http URL", where="--url", hint="e.g. http://127.0.0.1:8321")
        self.url = url.rstrip("/")
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port or (443 if self._secure else 80)
        self._base = parts.path.rstrip("/")
        self._key = key
        self._project = project
        self._timeout_s = timeout_s

    def get(self, path: str, **query: object) -> Json:
        """A JSON answer. `query` values that are None or empty are left out."""
        return self.ask("GET", path, query=query)

    def post(self, path: str, body: object = None, **query: object) -> Json:
        return self.ask("POST", path, body, query=query)

    def delete(self, path: str) -> Json:
        return self.ask("DELETE", path)

    def ask(self, method: str, path: str, body: object = None, *, query: Mapping[str, object] | None = None) -> Json:
        """Raises the server's error as it was there, or Unavailable when nobody answers."""
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"} if body is not None else {}
        with self._send(method, _with_query(path, query), headers, content) as answer:
            return _decoded(answer.status, answer.read())

    def lines(self, path: str, **query: object) -> Iterator[bytes]:
        """The lines of a streamed answer, e.g. JSONL."""
        with self._send("GET", _with_query(path, query), {}, b"") as answer:
            if answer.status >= 400:
                _decoded(answer.status, answer.read())
            yield from answer

    def upload(
        self,
        path: str,
        fields: Mapping[str, str],
        files: Sequence[tuple[str, Path]],
        progress: Callable[[int], None] = lambda count: None,
    ) -> Json:
        """Send files as multipart/form-data, streamed; `progress` hears how many bytes went out since the last."""
        boundary = uuid.uuid4().hex
        heads = [_part_head(boundary, name, value=value) for name, value in fields.items()]
        file_heads = [_part_head(boundary, name, file=place) for name, place in files]
        end = f"--{boundary}--\r\n".encode()
        size = sum(map(len, heads)) + len(end)
        size += sum(len(head) + place.stat().st_size + 2 for head, (_, place) in zip(file_heads, files, strict=True))

        def content() -> Iterator[bytes]:
            yield from heads
            for head, (_, place) in zip(file_heads, files, strict=True):
                yield head
                with place.open("rb") as file:
                    while chunk := file.read(_CHUNK):
                        progress(len(chunk))
                        yield chunk
                yield b"\r\n"
            yield end

        headers = {"content-type": f"multipart/form-data; boundary={boundary}", "content-length": str(size)}
        with self._send("POST", path, headers, content(), timeout_s=600.0) as answer:
            return _decoded(answer.status, answer.read())

    @contextmanager
    def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        content: bytes | Iterator[bytes],
        *,
        timeout_s: float = 0.0,
    ) -> Iterator[http.client.HTTPResponse]:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=timeout_s or self._timeout_s)
        authorization = {"authorization": f"Bearer {self._key}"} if self._key else {}
        chosen = {"x-volant-project": self._project} if self._project else {}
        try:
            connection.request(method, self._base + path, content or None, {**headers, **authorization, **chosen})
            yield connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(
                "server_unreachable",
                f"no Volant server answers: {error}",
                where=self.url,
                hint="start one with `volant up`, or say where it is with --url or VOLANT_URL",
            ) from None
        finally:
            connection.close()


def find(
    url: str, data_dir: str, environment: Mapping[str, str], *, key_needed: bool = True, project: str = ""
) -> Client:
    """The server and key that a command means. Raises NotFound or Unauthenticated, saying what to give."""
    data = Path(data_dir or "volant-data")
    place = url or environment.get("VOLANT_URL", "") or _server_of(data)
    key = environment.get("VOLANT_API_KEY", "")
    if not key:
        try:
            key = (data / "root.key").read_text().strip()
        except OSError:
            if key_needed:
                raise Unauthenticated(
                    "key_missing",
                    "there is no API key to use",
                    where=str(data / "root.key"),
                    hint="set VOLANT_API_KEY, or give the server's folder with --data-dir",
                ) from None
    return Client(place, key, project=project or environment.get("VOLANT_PROJECT", ""))


def _server_of(data: Path) -> str:
    try:
        facts = json.loads((data / "run" / "server.json").read_text())
    except (OSError, json.JSONDecodeError):
        raise NotFound(
            "server_unknown",
            f"no server was started on {data}",
            where=str(data / "run" / "server.json"),
            hint="start one with `volant up`, or name it with --data-dir, --url or VOLANT_URL",
        ) from None
    host = f"[{facts['host']}]" if ":" in facts["host"] else facts["host"]
    return f"http://{host}:{facts['port']}"


def _decoded(status: int, body: bytes) -> Json:
    try:
        value = json.loads(body) if body else {}
    except json.JSONDecodeError:
        value = {}
    if status < 400:
        return value if isinstance(value, dict) else {"data": value}
    facts = value.get("error", {}) if isinstance(value, dict) else {}
    raise _error(status, facts if isinstance(facts, dict) else {})


def _error(status: int, facts: Json) -> VolantError:
    """The server's error as the same class, so that exit codes are the same on both sides."""
    kind = next((kind for kind in _tree(VolantError) if kind.status == status), VolantError)
    return kind(
        str(facts.get("code") or f"http_{status}"),
        str(facts.get("message") or f"the server answered {status}"),
        where=str(facts.get("where") or ""),
        hint=str(facts.get("hint") or ""),
    )


def _tree(kind: type[VolantError]) -> list[type[VolantError]]:
    below = [one for child in kind.__subclasses__() for one in _tree(child) if one.__module__ == errors.__name__]
    return [*below, kind]


def _with_query(path: str, query: Mapping[str, object] | None) -> str:
    path = quote(path, safe="/%:@!$&'()*+,;=?~")  # names as people type them: blanks, letters of any script
    kept = {name: value for name, value in (query or {}).items() if value not in (None, "", [])}
    return f"{path}?{urlencode(kept, doseq=True)}" if kept else path


def _part_head(boundary: str, name: str, *, value: str | None = None, file: Path | None = None) -> bytes:
    head = f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"'
    if file is None:
        return f"{head}\r\n\r\n{value}\r\n".encode()
    safe = file.name.replace('"', "_").replace("\r", "_").replace("\n", "_")
    return f'{head}; filename="{safe}"\r\ncontent-type: application/octet-stream\r\n\r\n'.encode()
