"""In development only: the browser's view follows the code."""

from fastapi import APIRouter, Response

from app.dependencies import BootIdDep

router = APIRouter(prefix="/dev")


@router.get("/boot/{boot_id}", name="dev_boot")
async def boot(boot_id: str, current: BootIdDep) -> Response:
    """Pages ask every second; one that an older process rendered is told to load itself again.

    Polled and not streamed: browsers open six connections to a host, and a reload waits for no stream.
    """
    return Response(status_code=204, headers={} if boot_id == current else {"HX-Refresh": "true"})
