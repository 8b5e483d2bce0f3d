"""A person's API tokens."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Response

from app.dependencies import ApiTokenServiceDep
from app.models.api_token import TokenForm
from app.models.user import Visit
from app.visitors import ConfirmedDep, PageDep, PersonDep

router = APIRouter(prefix="/account/tokens")
TokenId = Annotated[int, Path(ge=1, le=2**31 - 1)]


async def get_token_maker(page: PageDep, person: ConfirmedDep, tokens: ApiTokenServiceDep) -> Visit:
    page.form("account/tokens.html", tokens=await tokens.list(person.user), new="")
    return person


TokenMakerDep = Annotated[Visit, Depends(get_token_maker)]


@router.get("", name="tokens")
async def index(page: PageDep, _person: TokenMakerDep) -> Response:
    return page.show_form()


@router.post("", name="make_token")
async def make(
    page: PageDep, person: TokenMakerDep, tokens: ApiTokenServiceDep, form: Annotated[TokenForm, Form()]
) -> Response:
    new = await tokens.make(person.user, form)
    return page.show_form(new=new, tokens=await tokens.list(person.user))


@router.post("/{token_id}/deletion", name="delete_token")
async def delete(page: PageDep, person: PersonDep, tokens: ApiTokenServiceDep, token_id: TokenId) -> Response:
    await tokens.delete(person.user, token_id)
    return page.redirect("/account/tokens")
