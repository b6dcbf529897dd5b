"""deploy/: what can be tried without a container runtime: nginx in front of a real server over TLS, the unit by
systemd's own checker, the compose file's promises, the Dockerfile's health check."""

from __future__ import annotations

import datetime
import ipaddress
import json
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.conftest import _start_server, missing

from volant.cli.client import Client

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
ROOT = DEPLOY.parent
NAME = "volant.example.com"
pytestmark = pytest.mark.timeout(600)


# ---------------------------------------------------------------- nginx
@dataclass
class Front:
    """nginx on loopback, the server behind it, and a stand-in upstream behind that."""

    port: int
    server: Any
    context: ssl.SSLContext

    def send(self, raw: bytes) -> ssl.SSLSocket:
        one = self.context.wrap_socket(
            socket.create_connection(("127.0.0.1", self.port), timeout=20), server_hostname=NAME
        )
        one.sendall(raw)
        return one

    def ask(
        self, method: str, path: str, body: Any = None, key: str | None = None, **headers: str
    ) -> tuple[str, bytes]:
        data = b"" if body is None else json.dumps(body).encode()
        lines = {"host": NAME, "connection": "close", "content-length": str(len(data)), **headers}
        if key != "":
            lines["authorization"] = f"Bearer {key or self.server.key}"
        if data:
            lines["content-type"] = "application/json"
        head = (
            f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
        )
        with self.send(head.encode() + data) as one:
            whole = b""
            while piece := one.recv(65536):
                whole += piece
        found, _, rest = whole.partition(b"\r\n\r\n")
        return found.decode("latin-1").lower(), rest


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    if shutil.which("nginx") is None:
        missing("nginx is not installed", "apt-get install nginx-light")

    place = tmp_path_factory.mktemp("nginx")
    mock = subprocess.Popen(
        [sys.executable, "-m", "volant.providers.mock", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    environment = {"VOLANT_TRUSTED_PROXIES": "127.0.0.1", "VOLANT_PUBLIC_URL": f"https://{NAME}"}
    server = _start_server(place / "data", env=environment)
    assert mock.stdout is not None
    documents = {
        "deployments": [{"name": "d", "provider": "mock", "model": "m", "base_url": mock.stdout.readline().strip()}],
        "tasks": [{"name": "help", "variants": [{"name": "v", "deployments": ["d"]}]}],
    }
    Client(server.url, server.key).post("/api/v1/documents/apply", documents)
    authority = certificate(place)
    port, plain = free_port(), free_port()
    config = nginx_config(place, server.url.rpartition(":")[2], port, plain)
    nginx = subprocess.Popen(
        ["nginx", "-p", str(place), "-c", str(config), "-g", "daemon off;"], stderr=subprocess.PIPE
    )
    context = ssl.create_default_context(cafile=str(authority))
    made = Front(port=port, server=server, context=context)
    end = time.monotonic() + 60
    while True:
        try:
            if b"help" in made.ask("GET", "/v1/models")[1]:
                break
        except OSError:
            assert nginx.poll() is None, nginx.stderr.read() if nginx.stderr else ""
        assert time.monotonic() < end
        time.sleep(0.1)
    yield made
    for process in (nginx, mock):
        process.terminate()
        process.communicate(timeout=20)
    code, said = server.stop()
    assert code == 0, said


def nginx_config(place: Path, upstream: str, port: int, plain: int) -> Path:
    """deploy/nginx.conf as it is, but for ports, certificate and what nginx needs to run as anybody."""
    text = (DEPLOY / "nginx.conf").read_text()
    for old, new in [
        ("127.0.0.1:8321", f"127.0.0.1:{upstream}"), ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("listen 80;", f"listen 127.0.0.1:{plain};"), ("/etc/ssl/volant/fullchain.pem", str(place / "cert.pem")),
        ("/etc/ssl/volant/privkey.pem", str(place / "key.pem")),
    ]:  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    text = re.sub(r"^\s*listen \[::\].*\n", "", text, flags=re.MULTILINE)
    folders = "".join(
        f"{name}_temp_path {place}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = place / "nginx.conf"
    config.write_text(
        f"user root;\npid {place}/nginx.pid;\nerror_log {place}/error.log;\nevents {{}}\nhttp {{\n{folders}{text}}}\n"
    )
    return config


def certificate(place: Path) -> Path:
    """A self-signed certificate for NAME."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=2)).add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    (place / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (place / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return place / "cert.pem"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def chat(text: str, stream: bool = False) -> dict[str, Any]:
    return {"model": "help", "stream": stream, "messages": [{"role": "user", "content": text}]}


def test_a_question_is_answered_through_tls(front: Front) -> None:
    head, body = front.ask("POST", "/v1/chat/completions", chat("chunks=4"))
    assert head.startswith("http/1.1 200")
    assert json.loads(body)["choices"][0]["message"]["content"] == "the quick brown fox"


def test_a_stream_comes_as_it_is_made(front: Front) -> None:
    data = json.dumps(chat("chunks=8 delay_ms=300", stream=True)).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: {NAME}\r\nauthorization: Bearer {front.server.key}\r\n"
        f"content-type: application/json\r\nconnection: close\r\ncontent-length: {len(data)}\r\n\r\n"
    )
    times = []
    with front.send(head.encode() + data) as one:
        while piece := one.recv(65536):
            if b"data:" in piece:
                times.append(time.monotonic())
    assert len(times) >= 3, "the pieces came apart"
    assert times[-1] - times[0] > 0.6, "and when they were made"


def test_the_api_knows_of_https_and_the_cookie_is_secure(front: Front) -> None:
    head, _ = front.ask("GET", "/api/v1/keys")
    assert "strict-transport-security" in head
    assert "content-security-policy" in head
    assert "server: nginx\r\n" in head + "\r\n", "without a version"
    link = front.server.said["setup_url"]
    assert link.startswith(f"https://{NAME}/invite/")
    accept = {
        "token": link.rpartition("/")[2],
        "name": "Ada",
        "email": "ada@example.com",
        "password": "a long password 1",
    }
    head, body = front.ask("POST", "/api/v1/session/accept", accept, key="", origin=f"https://{NAME}")
    assert head.startswith("http/1.1 20"), (head, body)
    cookie = next(line for line in head.splitlines() if line.startswith("set-cookie:"))
    assert "; secure" in cookie
    assert "httponly" in cookie


def test_a_foreign_host_name_is_refused_behind_the_proxy_too(front: Front) -> None:
    head, body = front.ask("GET", "/api/v1/keys", host="evil.example")
    assert head.startswith("http/1.1 421")
    assert b"host_refused" in body


def test_large_requests_end_at_nginx_and_files_may_be_larger(front: Front) -> None:
    for path, status in [("/v1/chat/completions", 413), ("/api/v1/datasets/import", 401)]:
        with front.send(
            f"POST {path} HTTP/1.1\r\nhost: {NAME}\r\nconnection: close\r\ncontent-length: 20000000\r\n\r\n".encode()
        ) as one:
            if status == 413:
                assert b" 413 " in one.recv(4096)


# ---------------------------------------------------------------- systemd
def test_the_unit_is_one_that_systemd_takes_and_calls_safe(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        missing("systemd-analyze is not installed", "apt-get install systemd")
    unit = tmp_path / "volant.service"
    unit.write_text((DEPLOY / "volant.service").read_text().replace("/opt/volant/bin/volant", sys.executable))
    verified = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
    assert verified.returncode == 0, verified.stderr
    assert "volant.service" not in verified.stderr, verified.stderr
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(unit)], capture_output=True, text=True
    ).stdout
    level = re.search(r"Overall exposure level for volant.service: ([\d.]+)", rated)
    assert level is not None, rated[-500:]
    assert float(level[1]) <= 2.0


# ---------------------------------------------------------------- containers
def test_the_compose_file_gives_nothing_away() -> None:
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["volant"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["user"] == "10001:10001"
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert {"mem_limit", "cpus", "pids_limit", "healthcheck", "stop_grace_period"} <= set(service)
    assert service["volumes"] == ["volant-data:/data"]
    for value in service["environment"].values():
        assert not re.search(r"sk-|vk_|[0-9a-f]{32}", str(value)), "a secret stands in the file"


def test_every_setting_that_deploy_names_is_one() -> None:
    from volant.core import settings

    known = {f"VOLANT_{name.upper()}" for name in settings.ServerSettings.__struct_fields__} | settings._NOT_SETTINGS
    for place in DEPLOY.iterdir():
        named = set(re.findall(r"VOLANT_[A-Z_]*[A-Z]", place.read_text()))
        assert named <= known, (place.name, named - known)


def test_the_dockerfile_is_unprivileged_and_its_health_check_is_python() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    last = text.rpartition("\nFROM ")[2]
    assert "USER 10001:10001" in last
    assert last.index("USER 10001") < last.index("ENTRYPOINT")
    assert "/readyz" in last
    assert "curl" not in text
    assert not re.search(r"^(?:ARG|ENV).*(?:KEY|TOKEN|SECRET|PASSWORD)", text, flags=re.MULTILINE)
    for image in re.findall(r"^ARG \w+_IMAGE=(\S+)", text, flags=re.MULTILINE):
        assert ":" in image, f"{image} has no tag"
        assert not image.endswith(":latest")
    check = re.search(r"HEALTHCHECK.*?CMD (\[.*?\])\n", text, flags=re.DOTALL)
    assert check is not None
    compile(json.loads(check[1])[2], "healthcheck", "exec")


def test_the_image_holds_only_what_it_is_made_of() -> None:
    kept = [line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = {
        word.rstrip("/")
        for line in re.findall(r"^COPY (?!--from)(.*)$", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
        for word in line.split()[:-1]
    }  # fmt: skip
    assert {word.split("/")[0] for word in copied} == set(kept)


def test_the_images_health_check_works_on_a_real_server(front: Front) -> None:
    check = re.search(r"HEALTHCHECK.*?CMD (\[.*?\])\n", (DEPLOY / "Dockerfile").read_text(), flags=re.DOTALL)
    assert check is not None
    program = json.loads(check[1])[2]
    port = front.server.url.rpartition(":")[2]
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, env={"VOLANT_PORT": port}, timeout=20).returncode == 0
    assert subprocess.run(command, env={"VOLANT_PORT": "9"}, timeout=20, capture_output=True).returncode != 0
    with urllib.request.urlopen(f"{front.server.url}/readyz") as answer:
        assert json.loads(answer.read())["parts"]["database"] == "ok"
