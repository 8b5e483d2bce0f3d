"""Who asks, and all that is theirs."""

from fastapi import Response

from app.api.answers import Me, MyData
from app.api.callers import MaybeRightsDep, OwnerDep, ReaderDep
from app.api.replies import one, plain
from app.api.routing import ApiRouter
from app.dependencies import PersonalDataDep

router = ApiRouter("/me")


@router.get("", name="me_get", response_model=Me, summary="Who asks")
async def show(reader: ReaderDep, rights: MaybeRightsDep) -> Response:
    """Whose token or session this is, and what it is good for."""
    return one(Me.of(reader, rights))


@router.get("/data", name="me_data", response_model=MyData, summary="All that is stored of you")
async def data(owner: OwnerDep, personal: PersonalDataDep) -> Response:
    """The account, its sessions and tokens, its history and its conversations: what the page of the account gives.

    In a browser's session the password must have been given within ten minutes.
    """
    return plain(MyData.model_validate(await personal.of(owner.user)))
