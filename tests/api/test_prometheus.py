"""GET /metrics: with a key, in Prometheus' format, and nobody else's series."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families
from tests.api.conftest import Api
from tests.traces.test_meter import record

from volant.api.services import Services


def test_a_key_reads_its_projects_series(api: Api) -> None:
    services: Services = api.inner.state.services
    services.meter.observe([record(), record(project="other", task="theirs")])
    whole = api.call("GET", "/metrics")
    assert whole.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = whole.body.decode()
    families = {family.name for family in text_string_to_metric_families(text)}
    assert {"volant_requests", "gen_ai_server_request_duration_seconds", "volant_gateway_workers"} <= families
    assert "theirs" in text, "the root key sees the installation"
    assert "theirs" not in api.call("GET", "/metrics?project=default").body.decode()
    made = api.call("POST", "/api/v1/keys", {"name": "prometheus", "scopes": ["read"]}).json()
    assert api.call("GET", "/metrics?project=other", key=made["clear"]).status == 404
    own = api.call("GET", "/metrics", key=made["clear"]).body.decode()
    assert 'gen_ai_request_model="t1"' in own
    assert "theirs" not in own
    assert "volant_gateway_workers" not in own


def test_without_a_key_or_its_scope_nothing_is_told(api: Api) -> None:
    assert api.call("GET", "/metrics", key="").status == 401
    made = api.call("POST", "/api/v1/keys", {"name": "app", "scopes": ["inference"]}).json()
    assert api.call("GET", "/metrics", key=made["clear"]).status == 403
