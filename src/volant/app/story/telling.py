"""Telling: the story's stages, one method each. Drives the server from outside, as its users would."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from volant.app.story import people
from volant.app.story.agents import Agents
from volant.app.story.book import Book, Json
from volant.app.story.crowd import Crowd, Round
from volant.app.story.customers import Customers, Question
from volant.app.story.scale import Scale
from volant.app.story.server import Api, Server
from volant.app.story.teller import Teller, share
from volant.core.errors import VolantError

TASK = "helpdesk-intent"
STANDBY = "standby"
WRONG_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}<|im_start|>assistant\n"
)
POLL_S = 0.3


class StoryFailed(Exception):
    """The story came to an end that it should not have."""


class Telling:
    """One telling of the story on one running server."""

    def __init__(self, place: Path, book: Book, scale: Scale, teller: Teller, server: Server, api: Api) -> None:
        self.place = place
        self.book = book
        self.scale = scale
        self.say = teller
        self.server = server
        self.api = api
        self._texts: dict[int, str] | None = None
        self._keys: list[str] = []

    # ------------------------------------------------------------ 1. data
    def data(self) -> Json:
        book, scale = self.book, self.scale
        options = {
            "dataset": TASK,
            "shares": scale.shares,
            "seed": scale.seed,
            "known_share": scale.known_share,
            "language": "en",
        }
        files = [("data", Path(book.data))] + ([("test", Path(book.test))] if book.test else [])
        with self.say.progress(None, "cleaning, redacting, looking for duplicates and leaks …"):
            version = self.api.upload("/api/v1/datasets/import", files, options)
        funnel = self.api.get(f"/api/v1/dataset-versions/{version['id']}/funnel")["funnel"]
        return {
            "version_id": version["id"],
            "counts": {name: count["records"] for name, count in version["counts"].items()},
            "rows_in": funnel["rows_in"],
            "test_rows_in": funnel["test_rows_in"],
            "removed": funnel["removed"],
            "changed": funnel["changed"],
            "leaks": version["leaks"],
            "labels": len(funnel["labels"]),
            "known_labels": len(funnel["known_labels"]),
            "came_later": funnel["came_later"],
            "users": funnel["users"],
            "users_drawn": funnel["users_drawn"],
            "correlation": funnel["intra_user_correlation"],
        }

    # ------------------------------------------------------------ 2.–4. the first model
    def first_model(self) -> Json:
        version_id = self.facts("data")["version_id"]
        self.apply(version_id)
        body = {
            "dataset_version_id": version_id,
            "recipe": self.scale.first_recipe,
            "recipe_options": self.scale.first_options,
            "known_only": True,
            "key": "first",
        }
        started = self.api.post(f"/api/v1/loop/{TASK}/train", body)
        done = self.workflow(started["workflow_id"], "the first model")
        if done.get("outcome") != "pass":
            raise StoryFailed(f"the first model's gate said {done.get('outcome')}: {self.reasons(done['verdict_id'])}")
        return {**done, **self.evidence(done["model_id"], done["report_ids"], done["verdict_id"])}

    # ------------------------------------------------------------ 5. traffic
    def traffic(self) -> Json:
        questions = self.pool("pool_a")
        engine = self.facts("first_model")["variant"]
        kill_at = max(3, len(questions) // 5)
        killed = bool(self.book.notes.get("engine_killed"))

        def watch(done: Round) -> None:
            nonlocal killed
            live.update(
                f"{done.tally.answered:,} answered, {done.reviewed:,} reviewed, {done.corrected:,} corrected, "
                f"{done.bridged} bridged by the fallback",
                done.tally.answered,
            )
            if not killed and done.tally.answered >= kill_at:
                killed = True
                pid = self.server.kill_engine(engine)
                self.book.note(self.place, "engine_killed", pid)

        with self.say.progress(len(questions), "customers ask …") as live:
            done = self.crowd().run(questions, watch=watch)
        return {
            **self._round(done),
            "engine_killed": self.book.notes.get("engine_killed", 0),
            "items": len(self.api.get("/api/v1/inferences/items", prefix="pool_a/")["items"]),
        }

    # ------------------------------------------------------------ 6. monitor
    def monitor(self) -> Json:
        def fired() -> Json | None:
            found = self.api.get("/api/v1/alerts", task=TASK)["data"]
            return next((alert for alert in found if alert["workflow_id"]), None)

        with self.say.progress(None, "waiting for the monitor …"):
            alert = self.wait(fired, 60, "no monitor fired")
        metrics = self.api.get("/api/v1/metrics", task=TASK, by="deployment")
        return {"alert": alert, "metrics": metrics["total"], "by_deployment": metrics["slices"]}

    # ------------------------------------------------------------ 7. retrain
    def retrain(self) -> Json:
        workflow_id = self.facts("monitor")["alert"]["workflow_id"]
        done = self.workflow(workflow_id, "the next model")
        if done.get("outcome") != "pass":
            raise StoryFailed(f"the next model's gate said {done.get('outcome')}: {self.reasons(done['verdict_id'])}")
        version = self.api.get(f"/api/v1/dataset-versions/{done['dataset_version_id']}")
        facts = {**done, **self.evidence(done["model_id"], done["report_ids"], done["verdict_id"])}
        facts["twin"] = self.evidence(done["twin_model_id"], done["twin_report_ids"], "")
        facts["counts"] = {name: count["records"] for name, count in version["counts"].items()}
        return facts

    # ------------------------------------------------------------ 8. rollouts
    def rollout(self) -> Json:
        return self._drive(self.facts("retrain")["rollout_id"], "canary", again=False)

    def broken(self) -> Json:
        body = {
            "task": TASK,
            "model_id": self.facts("retrain")["model_id"],
            "suffix": "-broken",
            "chat_template": WRONG_TEMPLATE,
            # A hurried team leaves the shadow out, which would have caught it: the canary has to.
            "plan": msgspec.to_builtins(msgspec.structs.replace(self.scale.plan, shadow_requests=0)),
            "key": "broken",
        }
        started = self.api.post("/api/v1/rollouts", body)
        return self._drive(started["object_id"], "broken", again=True)

    def _drive(self, rollout_id: str, name: str, *, again: bool) -> Json:
        """Customers of pool B until the rollout has decided."""
        scale = self.scale
        questions = list(
            people.coming_again(self.pool("pool_b"), name, scale.rounds, scale.plan.questions_per_user, again=again)
        )
        seen: Json = {}
        looked = 0.0

        def look() -> Json:
            nonlocal seen, looked
            if time.monotonic() - looked > POLL_S:
                looked = time.monotonic()
                try:
                    seen = self.api.get(f"/api/v1/rollouts/{rollout_id}")
                except VolantError as error:
                    if not error.retry_helps:
                        raise
            return seen

        def over() -> bool:
            return bool(look().get("ended_ms"))

        def watch(done: Round) -> None:
            now = look()
            live.update(
                f"{now.get('state', '')} {share(now.get('share'), 0)}: {done.tally.answered:,} answered, "
                f"{done.reviewed:,} reviewed"
            )

        with self.say.progress(None, "rolling out …") as live:
            self.wait(lambda: look().get("state") not in ("pending", "") or None, 60, "the rollout did not begin")
            done = self.crowd().run(questions, until=over, watch=watch, ask_again=False)
            ended = self.wait(lambda: look() if over() else None, 90, "the rollout did not end")
        customers = len({question.user for question in questions[: done.tally.answered]})
        return {
            **self._round(done),
            "rollout_id": rollout_id,
            "state": ended["state"],
            "reason": ended["reason"],
            "decisions": ended["decisions"],
            "candidate": ended["candidate"],
            "customers": customers,
            "drawn_again": max(0, customers - (0 if again else len({q.user for q in self.pool("pool_b")}))),
        }

    # ------------------------------------------------------------ helpers
    def facts(self, stage: str) -> Json:
        return self.book.chapters[stage].facts

    def pool(self, name: str) -> list[Question]:
        return people.questions_of(self.api, self.facts("data")["version_id"], name, self.originals())

    def originals(self) -> dict[int, str]:
        """Line → text of the imported file."""
        if self._texts is None:
            self._texts = people.originals(Path(self.book.data))
        return self._texts

    def crowd(self) -> Crowd:
        """Customers with keys of their own, and the agents."""
        if not self._keys:
            for number in range(2):
                body = {"name": f"app-{number}", "scopes": ["inference"], "tasks": [TASK]}
                self._keys.append(self.api.post("/api/v1/keys", body)["clear"])
            time.sleep(1.2)  # gateways have a new key within a second
        rows = self.api.get(f"/api/v1/dataset-versions/{self.facts('data')['version_id']}/funnel")["funnel"]
        return Crowd(
            api=self.api,
            customers=Customers(
                base_url=self.api.url + "/v1",
                keys=self._keys,
                task=TASK,
                rate_per_s=self.scale.rate_per_s,
                in_flight=self.scale.in_flight,
                recorded=self._recorded,
                ready=self._ready,
            ),
            agents=self.agents(rows["labels"]),
            standby=STANDBY,
        )

    def agents(self, labels: list[str]) -> Agents:
        scale = self.scale
        return Agents(labels=labels, share=scale.review_share, noise=scale.review_noise, seed=scale.seed)

    async def _recorded(self, item: str) -> bool:
        found = await asyncio.to_thread(self.api.get, "/api/v1/inferences/items", prefix=item)
        return item in found["items"]

    async def _ready(self) -> bool:
        return await asyncio.to_thread(self.api.ready)

    def apply(self, version_id: str) -> None:
        """The project's configuration, as a volant.toml would say it."""
        funnel = self.api.get(f"/api/v1/dataset-versions/{version_id}/funnel")["funnel"]
        reviewer = self.agents(funnel["labels"])
        expected = sum(reviewer.review(q.item, "", q.truth) is not None for q in self.pool("pool_a"))
        self.api.post("/api/v1/documents/apply", documents(self.scale, self.book.standby_port, expected))

    def workflow(self, workflow_id: str, words: str) -> Json:
        """Watch a workflow and its runs to the end; gives what it returned."""
        with self.say.progress(None, words) as live:
            after: dict[str, int] = {}
            shown: dict[str, str] = {}

            def look() -> Json | None:
                found: Json = self.api.get(f"/api/v1/workflows/{workflow_id}")
                if found["state"] in ("failed", "cancelled"):
                    error = found.get("error") or {}
                    raise StoryFailed(f"{words}: {error.get('message', found['state'])}")
                if found["state"] == "done":
                    return found
                for run in self.api.get("/api/v1/runs", state="running")["data"]:
                    if run["workflow_id"] == workflow_id:
                        shown[run["id"]] = self._progress(run, after)
                live.update(" | ".join(shown.values()) or words)
                shown.clear()
                return None

            output: Json = self.wait(look, 3600, f"{words} did not end")["output"]
        return output

    def _progress(self, run: Json, after: dict[str, int]) -> str:
        found = self.api.get(f"/api/v1/runs/{run['id']}/progress", after=after.get(run["id"], 0))
        last = next((line for line in reversed(found["lines"]) if "step" in line and "loss" in line), None)
        if last is None:
            return str(self.book.notes.get(run["id"], f"{run['kind']} …"))
        after[run["id"]] = found["after"]
        words = f"{run['kind']}: step {last['step']}, loss {last['loss']:.3f}, {last.get('tokens_per_s', 0):,} tokens/s"
        self.book.notes[run["id"]] = words
        return words

    def evidence(self, model_id: str, report_ids: list[str], verdict_id: str) -> Json:
        """A model, what its reports say and the verdict, without items."""
        model = self.api.get(f"/api/v1/models/{model_id}")
        kept = ("parameters", "tokens", "wall_s", "chosen_step", "val_exact", "rows", "seed")
        reports = [self.api.get(f"/api/v1/reports/{one}") for one in report_ids]
        return {
            "model": {
                "id": model["id"],
                "label": f"{model['name']}@{model['version']}",
                "weights": model["checkpoint_hash"],
                **{name: model["facts"].get(name, 0) for name in kept},
            },
            "variant": f"{model['name']}-v{model['version']}",
            "reports": [
                {"id": r["report_id"], "suite": r["suite"], "metrics": r["metrics"], "notes": r["notes"]}
                for r in reports
            ],
            "verdict": self.api.get(f"/api/v1/verdicts/{verdict_id}") if verdict_id else {},
        }

    def reasons(self, verdict_id: str) -> str:
        found = self.api.get(f"/api/v1/verdicts/{verdict_id}")["reasons"]
        return "; ".join(reason["sentence"] for reason in found if reason["outcome"] != "pass")

    def wait(self, look: Callable[[], Any], most_s: float, otherwise: str) -> Any:
        """Ask until there is an answer; patient with a server that is on its way back."""
        end = time.monotonic() + most_s
        while time.monotonic() < end:
            try:
                found = look()
            except VolantError as error:
                if not error.retry_helps:
                    raise
                found = None
            if found is not None:
                return found
            time.sleep(POLL_S)
        raise StoryFailed(otherwise)

    def _round(self, done: Round) -> Json:
        latencies = sorted(done.tally.latencies_ms) or [0.0]
        return {
            "questions": done.asked,
            "customers": len({answered.question.user for answered in done.answers}),
            "answered": done.tally.answered,
            "errors": dict(done.tally.errors),
            "seconds": round(done.tally.seconds, 2),
            "bridged": done.bridged,
            "reviewed": done.reviewed,
            "corrected": done.corrected,
            "noisy": done.noisy,
            "accuracy": done.accuracy,
            "p50_ms": latencies[len(latencies) // 2],
            "p95_ms": latencies[int(len(latencies) * 0.95)],
        }


def documents(scale: Scale, standby_port: int, expected_reviews: int) -> Json:
    """What `volant apply` would send: the task, its fallback, the monitor, the gate and the loop."""
    return {
        "deployments": [
            {
                "name": STANDBY,
                "provider": "mock",
                "model": "standby-1",
                "base_url": f"http://127.0.0.1:{standby_port}/v1",
                "usd_per_million_input_tokens": 0.15,
                "usd_per_million_output_tokens": 0.6,
            }
        ],
        "tasks": [
            {
                "name": TASK,
                "description": "a customer's question in, its intent as JSON out",
                "variants": [
                    {
                        "name": STANDBY,
                        "deployments": [STANDBY],
                        "parameters": {"temperature": 0, "max_tokens": 32},
                    }
                ],
                "redact": True,
                "expects": "json",
            }
        ],
        "monitors": [
            {
                "name": "corrections",
                "task": TASK,
                "measure": "corrected_share",
                "threshold": scale.monitor_threshold,
                "window_s": 86400.0,
                "min_count": max(scale.monitor_min_count, expected_reviews),
            }
        ],
        "gates": [
            {"name": "helpdesk", "accuracy_min": scale.accuracy_min, "known_margin": scale.known_margin, **scale.gate}
        ],
        "loops": [
            {
                "task": TASK,
                "monitor": "corrections",
                "recipe": scale.tune_recipe,
                "recipe_options": scale.tune_options,
                "gate": "helpdesk",
                "rollout": msgspec.to_builtins(scale.plan),
                "equal_training": True,
            }
        ],
        "policy": {},
    }
