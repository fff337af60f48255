"""The HTTP API: collect, evaluate, health and metrics; `serving.app` puts its parts together."""
