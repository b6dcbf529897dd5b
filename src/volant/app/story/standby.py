"""Standby: the provider that bridges an outage: a loopback stand-in, as a process of the story."""

from __future__ import annotations

import json
import subprocess
import sys

ANSWER = json.dumps({"intent": "ask_a_person"})


class Standby:
    """`python -m volant.providers.mock` with one fixed answer."""

    def __init__(self, port: int) -> None:
        command = [sys.executable, "-m", "volant.providers.mock", "--port", str(port), "--answer", ANSWER]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.base_url = self.process.stdout.readline().strip()
        if not self.base_url:
            raise RuntimeError(f"the standby provider did not start on port {port}")

    @property
    def port(self) -> int:
        return int(self.base_url.rsplit(":", 1)[1].split("/")[0])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        if self.process.stdout:
            self.process.stdout.close()
