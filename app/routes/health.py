"""For whoever watches the server."""

from fastapi import APIRouter

from app.dependencies import HealthServiceDep

router = APIRouter(prefix="/health")


@router.get("/live", name="live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/ready", name="ready")
async def ready(health: HealthServiceDep) -> dict[str, str]:
    """The database answers, and its schema is the one that this code expects; otherwise 503."""
    await health.check()
    return {"status": "ok"}
