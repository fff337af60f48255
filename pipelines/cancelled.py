"""How a run ends when somebody has asked for its end."""


class Cancelled(Exception):
    """Raised inside a job's step once somebody has asked for the run to end."""
