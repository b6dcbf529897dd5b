"""What every test may use: the real data's folder, a database with keys, an anyio backend, a real server."""

from __future__ import annotations

import io
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from hypothesis import HealthCheck, settings

from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.vault import Vault

# Examples may be slow on a busy machine. CI tries the same ones every time; a developer tries new ones.
settings.register_profile(
    "volant",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("VOLANT_STRICT") == "1",
)
settings.load_profile("volant")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data sets. Skips by name without VOLANT_TEST_DATA; strict under VOLANT_STRICT=1."""
    place = os.environ.get("VOLANT_TEST_DATA", "")
    if place and Path(place).is_dir():
        return Path(place)
    if os.environ.get("VOLANT_STRICT") == "1":
        pytest.fail(f"VOLANT_TEST_DATA={place!r} is not a folder, and VOLANT_STRICT=1 forbids skipping")
    pytest.skip("real data: set VOLANT_TEST_DATA to a folder with the public test sets (docs/test-data.md)")


def missing(what: str, then: str) -> None:
    """A program or package that a test names is not here: skip, saying what to do; under VOLANT_STRICT=1 fail."""
    if os.environ.get("VOLANT_STRICT") == "1":
        pytest.fail(f"{what}, and VOLANT_STRICT=1 forbids skipping: {then}")
    pytest.skip(f"{what}: {then}")


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a migrated database without a row, to be copied: migrating takes longer than most tests."""
    place = tmp_path_factory.mktemp("blank") / "volant.db"
    db = Database.open(f"sqlite:///{place}")
    db.migrate()
    db.checkpoint()
    db.close()
    return place


@pytest.fixture
def database(tmp_path: Path, blank: Path) -> Iterator[Database]:
    """A migrated SQLite database in a real file."""
    shutil.copyfile(blank, tmp_path / "volant.db")
    db = Database.open(f"sqlite:///{tmp_path / 'volant.db'}")
    yield db
    db.close()


@pytest.fixture
def ring(database: Database) -> KeyRing:
    """A key ring with the projects `default` and `other`."""
    made = KeyRing(database, Vault(b"m" * 32))
    with database.begin() as tx:
        made.ensure_project(tx, "default", now_ms=1)
        made.ensure_project(tx, "other", now_ms=1)
    return made


@pytest.fixture
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL of this test's own, on loopback."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))  # Debian keeps them off the path
    search = os.pathsep.join([os.environ.get("PATH", ""), *map(str, reversed(programs))])
    initdb, pg_ctl = shutil.which("initdb", path=search), shutil.which("pg_ctl", path=search)
    if initdb is None or pg_ctl is None:
        missing("PostgreSQL is not installed", "apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="volant-pg-"))
    user = None
    if os.geteuid() == 0:  # it refuses to run as root
        user = "nobody"
        shutil.chown(folder, user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data, options = str(folder / "db"), f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    quiet = {"stdout": subprocess.DEVNULL, "user": user, "cwd": folder, "check": True}
    subprocess.run([initdb, "-D", data, "-U", "volant", "--auth=trust"], **quiet)
    subprocess.run([pg_ctl, "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start"], **quiet)
    try:
        yield f"postgresql+psycopg://volant@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([pg_ctl, "-D", data, "-m", "immediate", "-w", "stop"], **quiet)
        shutil.rmtree(folder, ignore_errors=True)


RELEASED = Path(__file__).parent / "store" / "released"


@pytest.fixture
def released(tmp_path: Path) -> Callable[[str], Path]:
    """A data directory as the released code of a schema revision wrote it (scripts/keep_release.py)."""

    def unpack(revision: str) -> Path:
        data = tmp_path / f"released-{revision}"
        data.mkdir(mode=0o700)
        packed = zstd.decompress((RELEASED / revision / "data.tar.zst").read_bytes())
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(data, filter="data")
        return data

    return unpack


LIVE = ("app", "clients", "console", "lifecycle")  # folders whose tests drive a browser or running servers
SERVERS = {"server", "start_server", "volant", "browser"}


def runs_again(place: Path, fixtures: Collection[str]) -> bool:
    """Whether a test that failed runs a second time: it drives live processes, which a busy machine may have held up.

    The closing line counts every rerun, and the summary names it; a test that fails twice has failed.
    """
    folder = place.relative_to(Path(__file__).parent).parts[0]
    return folder in LIVE and not SERVERS.isdisjoint(fixtures)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if runs_again(item.path, getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.flaky(reruns=1))
        if "test_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.real_data)
    # Playwright's driver keeps an event loop in this thread as long as its browser lives, and `asyncio.run` refuses to
    # stand beside one: whoever shares a browser for the session comes last.
    console = Path(__file__).parent / "console"
    items.sort(key=lambda item: console in item.path.parents)


MOST_RERUNS = 3  # more in one run is no busy machine


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Too many second chances are a failure of their own."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus == 0 and reporter is not None and len(reporter.stats.get("rerun", ())) > MOST_RERUNS:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Why the first of two runs failed: a rerun is counted in the closing line, and told here."""
    again = terminalreporter.stats.get("rerun", ())
    if len(again) > MOST_RERUNS:
        terminalreporter.section(f"{len(again)} tests ran again, at most {MOST_RERUNS} may: the run has failed", "!")
    for report in again:
        terminalreporter.section(f"ran again: {report.nodeid}", "=")
        terminalreporter.write_line(report.longreprtext)


def within_one_day(seconds: float) -> None:
    """Wait for the next day (UTC) where this one ends sooner: budgets of a day begin anew at midnight."""
    left = 86_400 - time.time() % 86_400
    if left < seconds:
        time.sleep(left + 0.5)


READY_WITHIN_S = 180.0


@dataclass
class ServerUnderTest:
    """A real `volant up` on a free port and a directory of its own."""

    data: Path
    process: subprocess.Popen[str]
    url: str
    key: str
    said: dict[str, Any]

    def actual(self) -> dict[str, Any]:
        """The supervisor's children as it last wrote them."""
        return dict(json.loads((self.data / "run" / "actual.json").read_text()))

    def stop(self) -> tuple[int, str]:
        """Exit code and what stderr said."""
        self.process.terminate()
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said


StartServer = Callable[..., ServerUnderTest]


def _start_server(
    data: Path, *flags: str, cwd: Path | None = None, env: dict[str, str] | None = None
) -> ServerUnderTest:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VOLANT_")}
    environment = inherited | {"PYTHONWARNINGS": "error"} | (env or {})
    command = [sys.executable, "-m", "volant.cli", "up", "--data-dir", str(data), "--port", "0", "--json", *flags]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=cwd or data.parent
    )
    assert process.stdout is not None
    answered, _, _ = select.select([process.stdout], [], [], READY_WITHIN_S)
    line = process.stdout.readline() if answered else ""
    if not line:
        process.terminate()
        _, said = process.communicate(timeout=30)
        logs = "".join(place.read_text()[-2000:] for place in data.glob("logs/*.log"))
        raise AssertionError(f"volant up ended with {process.returncode}: {said}\n{logs}")
    facts = json.loads(line)
    key = (data / "root.key").read_text().strip()
    return ServerUnderTest(data=data, process=process, url=facts["url"], key=key, said=facts)


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Starts servers that are stopped at the test's end."""
    started: list[ServerUnderTest] = []

    def start(
        data: Path | None = None, *flags: str, cwd: Path | None = None, env: dict[str, str] | None = None
    ) -> ServerUnderTest:
        one = _start_server(data or tmp_path / "data", *flags, cwd=cwd, env=env)
        started.append(one)
        return one

    yield start
    for one in started:
        if one.process.poll() is None:
            one.stop()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """One server for all tests that leave it as it was."""
    one = _start_server(tmp_path_factory.mktemp("server") / "data")
    yield one
    code, said = one.stop()
    assert code == 0, said
