"""The map of people: a Streamlit component on a canvas, and the message it is sent."""

from dashboard.point_map.component import point_map
from dashboard.point_map.message import Asked, ClusterMark, Legend, Note, People, pack

__all__ = ["Asked", "ClusterMark", "Legend", "Note", "People", "pack", "point_map"]
