"""Standby: the provider that bridges an outage: a loopback stand-in, as a process of the story."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from volant.app.story.leash import start
from volant.core.errors import Unavailable

ATTEMPTS = 20
ANSWER = json.dumps({"intent": "ask_a_person"})


class Standby:
    """`python -m volant.providers.mock` with one fixed answer."""

    def __init__(self, port: int) -> None:
        command = [sys.executable, "-m", "volant.providers.mock", "--port", str(port), "--answer", ANSWER]
        self.base_url = ""
        for _ in range(ATTEMPTS):  # a killed story's standby may still be leaving the port
            self.process = start(command, stdout=subprocess.PIPE, text=True)
            assert self.process.stdout is not None
            self.base_url = self.process.stdout.readline().strip()
            if self.base_url:
                return
            self.process.wait()
            time.sleep(0.3)
        raise Unavailable(
            "standby_not_started", f"the stand-in provider did not start on port {port}",
            hint="another program has that port; begin anew with --fresh",
        )  # fmt: skip

    @property
    def port(self) -> int:
        return int(self.base_url.rsplit(":", 1)[1].split("/")[0])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        if self.process.stdout:
            self.process.stdout.close()
