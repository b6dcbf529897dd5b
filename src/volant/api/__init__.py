"""API: HTTP in control, for everything but the hot path. Each route parses, calls one stage, presents.

app        the FastAPI application, put together
access     keys and scopes: no route answers without one but the health checks
structs    core's nouns as request and response models, and in openapi.json
problems   errors as JSON, OpenAI-shaped where an OpenAI client asks
limits     how large a body may be
paging     limit and cursor
services   what a route may use
internal   what gateways ask control over its Unix socket
openai     GET /v1/models
health     /healthz, /readyz
live       what changed, for the pages that are open
console    the built web application, at every address that no route has
manage/    one module per noun under /api/v1
"""
