"""Views: what one page of the console shows, in one request. One module per page; a module's `router` is found by name.

A view reads and rolls up; it changes nothing and holds no text of a person: that stands behind the routes that need
the permission `content`. Lists have pages, series have at most so many points, and every query is bounded.
Modules whose name begins with an underscore hold what several pages share.
"""

from __future__ import annotations

import importlib
import pkgutil

from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """The router of every page here, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    return [importlib.import_module(f"{__name__}.{name}").router for name in names]
