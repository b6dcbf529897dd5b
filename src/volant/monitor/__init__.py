"""Monitor: rules over live data, and their firings.

measures   what a window of traffic says about one quantity, with an interval
rules      when a rule fires, and when it is resolved

Both are pure. The loop reads rollups from the store, asks, and keeps the alerts.
"""

from volant.monitor.measures import Measured, Window, measure
from volant.monitor.rules import Firing, Look, look, window_start_ms

__all__ = ["Firing", "Look", "Measured", "Window", "look", "measure", "window_start_ms"]
