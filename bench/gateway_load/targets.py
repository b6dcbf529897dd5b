"""The gateways under test, each before the same stand-in, started and stopped: nginx, a real `volant up`, LiteLLM.

A `Target` says where it listens, which task and key to send, and whose CPU counts. Volant runs as people run it: key
with limits and a budget, plan, balance, usage, cost, and an encrypted record of every request that control drains.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway_load import processes

LITELLM_KEY = "sk-bench"
CEILING_USD = 1_000_000.0  # a budget that is kept and never reached

TOML = """
[[deployments]]
name = "plain"
provider = "openai"
model = "mock-model"
base_url = "http://127.0.0.1:{upstream}/v1"
usd_per_million_input_tokens = 0.01
usd_per_million_output_tokens = 0.02

[[deployments]]
name = "tls"
provider = "openai"
model = "mock-model"
base_url = "https://127.0.0.1:{tls}/v1"
ca_file = "{ca}"
usd_per_million_input_tokens = 0.01
usd_per_million_output_tokens = 0.02

[[tasks]]
name = "bench"
variants = [{{ name = "v1", deployments = ["plain"] }}]

[[tasks]]
name = "bench-tls"
variants = [{{ name = "v1", deployments = ["tls"] }}]

[[tasks]]
name = "bench-checks"
variants = [{{ name = "v1", deployments = ["plain"] }}]
guards = [
  {{ name = "pii", check = "pii", on = ["input", "output"], action = "redact" }},
  {{ name = "secrets", check = "secrets", action = "redact" }},
  {{ name = "injection", check = "injection", action = "block" }},
]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A gateway that listens. `pids` are the processes on the request's path, `tree` all that belong to it."""

    name: str
    url: str  # ends in /v1
    key: str
    pids: Callable[[], list[int]]
    tree: int
    settle: Callable[[], None] = lambda: None  # wait until nothing is left to do for what was answered
    tasks: frozenset[str] = frozenset({"bench"})


@contextlib.contextmanager
def volant(
    upstream: int, tls: int, ca: Path, folder: Path, *, workers: int = 1, pinned: bool = True
) -> Iterator[Target]:
    """A real server in `folder` with a key that has a rate limit and a budget. `pinned`: the gateway has one core for
    itself, and the rest of the server runs beside the client and the stand-in."""
    folder.mkdir(exist_ok=True)
    data, config = folder / "data", folder / "volant.toml"
    config.write_text(TOML.format(upstream=upstream, tls=tls, ca=ca))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VOLANT_")}
    environment = inherited | {"VOLANT_LOG_LEVEL": "error"}
    flags = ["--data-dir", str(data), "--config", str(config), "--port", "0", "--workers", str(workers), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "volant.cli", "up", *flags], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit("volant up did not start; its stderr says why")
        url = json.loads(line)["url"]
        key = _key(url, (data / "root.key").read_text().strip())
        pids = _gateways(process.pid, workers)
        own, others = processes.cores()
        for pid in processes.tree(process.pid):
            os.sched_setaffinity(pid, own | others if not pinned else own if pid in pids else others)
        yield Target(
            name="volant", url=f"{url}/v1", key=key, pids=lambda: pids, tree=process.pid,
            settle=lambda: _drained(data / "spool"), tasks=frozenset({"bench", "bench-tls", "bench-checks"}),
        )  # fmt: skip
    finally:
        process.terminate()
        process.wait(60)


def _key(url: str, root: str) -> str:
    command = [
        sys.executable, "-m", "volant.cli", "key", "create", "bench", "--scope", "inference",
        "--rpm", "60000000", "--usd-per-day", str(CEILING_USD), "--json",
    ]  # fmt: skip
    environment = os.environ | {"VOLANT_URL": url, "VOLANT_API_KEY": root}
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if answer.returncode:
        raise SystemExit(f"no key could be made: {answer.stdout}{answer.stderr}")
    clear = str(json.loads(answer.stdout)["clear"])
    time.sleep(1.5)  # until every worker has heard of it
    return clear


def _gateways(root: int, workers: int) -> list[int]:
    found: list[int] = []
    end = time.monotonic() + 30
    while len(found) < workers and time.monotonic() < end:
        time.sleep(0.1)
        found = [pid for pid in processes.tree(root) if "volant.app.gateway" in processes.command(pid)]
    return found


def _drained(spool: Path) -> None:
    """Wait until control has taken every record: it moves its mark to the end of the open segment."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        sizes = [(one, one.stat().st_mtime) for one in spool.rglob("*") if one.is_file()]
        time.sleep(0.6)  # longer than control's pause between two looks
        if [(one, one.stat().st_mtime) for one in spool.rglob("*") if one.is_file()] == sizes:
            return


@contextlib.contextmanager
def nginx(upstream: int, folder: Path, pinned: set[int], *, tls_upstream: bool = False) -> Iterator[Target]:
    """nginx as a plain proxy. Raises FileNotFoundError where it is not installed."""
    port = processes.free_port()
    scheme = "https" if tls_upstream else "http"
    config = processes.NGINX.format(folder=folder, upstream=upstream, port=port, scheme=scheme, listen="", more="")
    with processes.nginx(config, port, folder, pinned) as pid:
        url = f"http://127.0.0.1:{port}/v1"
        yield Target(name="nginx", url=url, key="none", pids=lambda: list(processes.tree(pid)), tree=pid)


@contextlib.contextmanager
def tls_before(upstream: int, folder: Path, pinned: set[int]) -> Iterator[tuple[int, Path]]:
    """The stand-in behind TLS: gives the port and the certificate to trust."""
    certificate, key = folder / "ca.pem", folder / "key.pem"
    _certify(certificate, key)
    port = processes.free_port()
    more = f"ssl_certificate {certificate}; ssl_certificate_key {key};"
    config = processes.NGINX.format(folder=folder, upstream=upstream, port=port, scheme="http", listen="ssl", more=more)
    with processes.nginx(config, port, folder, pinned):
        yield port, certificate


def _certify(certificate: Path, key: Path) -> None:
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(secret, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        secret.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


@contextlib.contextmanager
def litellm(program: str, upstream: int, folder: Path, pinned: set[int]) -> Iterator[Target]:
    """LiteLLM's proxy in an environment of its own: one key, no database, no telemetry."""
    config = folder / "litellm.yaml"
    config.write_text(
        f"""
model_list:
  - model_name: bench
    litellm_params:
      model: openai/mock-model
      api_base: http://127.0.0.1:{upstream}/v1
      api_key: sk-up
general_settings:
  master_key: {LITELLM_KEY}
litellm_settings:
  telemetry: false
  set_verbose: false
"""
    )
    port = processes.free_port()
    argv = [program, "--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VOLANT_")}
    environment |= {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "DISABLE_ADMIN_UI": "True"}
    said = (folder / "litellm.log").open("wb")
    with processes.running(
        argv, port, pinned, within_s=180, stdout=said, stderr=said, env=environment, cwd=folder
    ) as pid:
        url = f"http://127.0.0.1:{port}/v1"
        yield Target(name="litellm", url=url, key=LITELLM_KEY, pids=lambda: list(processes.tree(pid)), tree=pid)


def find_litellm(named: str) -> str:
    """The program: as named, else on the PATH; empty where there is none."""
    return named or shutil.which("litellm") or ""
