"""Whether the process lives, and whether it may be sent requests."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from serving.context import Serving, serving

router = APIRouter(tags=["operation"])


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> dict[str, str]:
    """Answer as long as the process can."""
    return {"status": "ok"}


@router.get("/readyz", summary="May requests be sent here?", responses={503: {}})
async def readyz(
    response: Response, shared: Annotated[Serving, Depends(serving)]
) -> dict[str, str | dict[str, bool]]:
    """Answer 200 once everything is at hand, and 503 before that and while the process ends."""
    ready = all(shared.ready.values()) and not shared.stopping
    response.status_code = 200 if ready else 503
    return {"status": "ready" if ready else "not ready", "checks": dict(shared.ready)}
