"""Every page runs: its shell and Python blocks in order, against a real server, and what it shows is what is printed.

A note in a comment right before a block changes how it runs:

- `<!-- run: no, REASON -->`: it does not; it is parsed, counted and printed by this test.
- `<!-- run: background -->`: in a terminal of its own, until the page ends.
- `<!-- run: exit 5 -->`: it ends with this exit code.
- `<!-- run: output -->`, before a text or JSON block: what the block before printed. Without a note this holds for a
  text or JSON block that stands right behind one that runs. `…` stands for anything.

A block with a title (`title="volant.toml"`) is that file. At a page's top, `<!-- page: server=fresh -->` says what it
runs against: `fresh` (an empty server with the stand-in), `finished` (a server that has told the whole story), `none`.
"""

from __future__ import annotations

import io
import sys
import tarfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from tests.conftest import RELEASED, _start_server
from tests.docs.running import PageRun, PageWrong, differs

MOST_THAT_DO_NOT_RUN = 30
READERS = 3  # pages at the same time: most of their time is waiting
SETTINGS = Path(__file__).parent / "server.toml"


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The port of a provider for all pages; it keeps nothing."""
    run = PageRun(folder=tmp_path_factory.mktemp("stand-in"))
    try:
        run.background("python -m volant.providers.mock --port 9101", "the stand-in")
        yield run.ports["9101"]
    finally:
        run.close()


@pytest.fixture(scope="session")
def worked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, stand_in: str
) -> Iterator[dict[str, Future[None]]]:
    """Every chosen page, being worked through by one of a few readers, in order."""
    chosen = [item.callspec.params["runs"] for item in request.session.items
              if isinstance(item, pytest.Function) and item.originalname == "test_page_runs"]  # fmt: skip
    pool = ThreadPoolExecutor(READERS)
    try:
        yield {page.name: pool.submit(work_through, page, tmp_path_factory.mktemp("page"), stand_in) for page in chosen}
    finally:
        pool.shutdown(cancel_futures=True)


def work_through(page: Any, place: Path, stand_in: str) -> None:
    """As somebody would who has just begun, with the server that the page speaks of. Raises PageWrong."""
    folder = place / "here"
    folder.mkdir()
    server = None
    if page.server == "none":
        run = PageRun(folder=folder)
    else:
        data = _data(page.server, folder)
        (folder / "volant.toml").write_text(SETTINGS.read_text().replace("9101", stand_in))
        server = _start_server(data, cwd=folder)
        run = PageRun(folder=folder, url=server.url, key=server.key, data=str(data))
        run.ports["9101"] = stand_in
    try:
        _read(page, run)
    finally:
        run.close()
        ended = server.stop() if server is not None else (0, "")
    if ended[0]:
        raise PageWrong(f"{page.name}: its server ended with {ended[0]}: {ended[1]}")


def _data(kind: str, place: Path) -> Path:
    data = place / "volant-data"
    if kind == "finished":
        data.mkdir(mode=0o700)
        newest = max(RELEASED.iterdir(), key=lambda one: one.name)
        with tarfile.open(fileobj=io.BytesIO(zstd.decompress((newest / "data.tar.zst").read_bytes()))) as archive:
            archive.extractall(data, filter="data")
    else:
        assert kind == "fresh", f"no such server: {kind}"
    return data


@pytest.mark.timeout(900)  # a page may wait for its reader
def test_page_runs(runs: Any, worked: dict[str, Future[None]]) -> None:
    worked[runs.name].result()


def _read(page: Any, reader: PageRun) -> None:
    before = None
    for block in page.blocks:
        if block.title:
            reader.write(block.title, block.text)
        elif block.note.startswith("no,"):
            continue
        elif block.language == "sh" and block.note == "background":
            reader.background(block.text, str(block))
        elif block.language == "sh":
            code = int(block.note.removeprefix("exit ")) if block.note.startswith("exit ") else 0
            reader.shell(block.text, str(block), code=code)
            before = block
        elif block.language == "python":
            reader.run_python(block.text, page.name, block.line)
            before = block
        elif block.language in ("text", "json") and (block.note == "output" or block.follows):
            if before is None:
                raise PageWrong(f"{block} shows an output, and nothing ran before")
            if wrong := differs(block.text, reader.last, block.language):
                raise PageWrong(f"{block}: {wrong}")


def test_few_blocks_do_not_run(pages: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    still = [
        block for page in pages.values() for block in page.blocks
        if block.language in ("sh", "python") and block.note.startswith("no,")
    ]  # fmt: skip
    with capsys.disabled():
        lines = [f"  {block}: {block.note.removeprefix('no, ')}" for block in still]
        sys.stdout.write("\n".join([f"\n{len(still)} blocks are parsed and do not run:", *lines, ""]))
    assert len(still) <= MOST_THAT_DO_NOT_RUN


# ---------------------------------------------------------------- these tests can fail
@pytest.mark.parametrize(
    ("shown", "said", "language", "holds"),
    [
        ("a\nb\n", "a\nb\n", "text", True),
        ("a\n", "a\nb\n", "text", False),
        ("a\n…\n", "a\nb\nc\n", "text", True),
        ("…\nc\n", "a\nb\nc\n", "text", True),
        ("inf_… 200\n", "inf_0123 200\n", "text", True),
        ("inf_… 200\n", "inf_0123 500\n", "text", False),
        ('{"a": "…"}', '{"a": 1, "b": 2}', "json", True),
        ('{"a": 2}', '{"a": 1}', "json", False),
        ('{"a": [1, "…"]}', '{"a": [1, 2, 3]}', "json", True),
        ('{"a": [1]}', '{"a": [1, 2]}', "json", False),
        ('{"a": 1}', '{"b": 1}', "json", False),
    ],
)
def test_wrong_output_is_noticed(shown: str, said: str, language: str, holds: bool) -> None:
    assert (differs(shown, said, language) == "") is holds


def test_wrong_block_is_noticed(tmp_path: Path) -> None:
    run = PageRun(folder=tmp_path)
    try:
        run.shell("here=1\ncd .tools", "first")
        run.shell('test "$here" = 1 && test -f state && echo kept', "second")
        assert run.last == "kept\n"
        with pytest.raises(PageWrong, match=r"third ended with 3"):
            run.shell("exit 3", "third")
        run.run_python("n = 1", "page.md", 1)
        run.run_python("print(n)", "page.md", 4)
        assert run.last == "1\n"
        with pytest.raises(PageWrong, match=r'page.md", line 9(?s:.*)ZeroDivisionError'):
            run.run_python("n / 0", "page.md", 8)
    finally:
        run.close()
