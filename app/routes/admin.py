"""The admin panel: every table, by the rights of whoever looks."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from app.admin.editor import KEPT_UP, revertible
from app.admin_dependencies import (
    BegunDep,
    BrowserDep,
    ChosenDep,
    DeletedDep,
    DeletionsDep,
    EditorDep,
    LookDep,
    NewValuesDep,
    PanelDep,
    PictureIdDep,
    Trusted,
    TypedDep,
    ValuesDep,
    ViewDep,
    WithinDep,
    edit_form,
    new_form,
    undo_of,
)
from app.admin_many_dependencies import BesideDep
from app.dependencies import SiteServiceDep
from app.routes.pictures import FOR_SOME, KnownTag, served
from app.visitors import PageDep, RightsDep
from app.webinar_dependencies import PictureServiceDep

router = APIRouter(prefix="/admin")
EntryId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("", name="admin")
async def home(page: PageDep, rights: RightsDep, panel: PanelDep, site: SiteServiceDep) -> Response:
    return page.render("admin/home.html", panel=panel, rights=rights, site=await site.show(rights))


@router.get("/{kind}", name="records")
async def index(
    page: PageDep,
    rights: RightsDep,
    view: ViewDep,
    browser: BrowserDep,
    look: LookDep,
    beside: BesideDep,
    deleted: DeletedDep,
) -> Response:
    listing = await browser.browse(rights, view, look)
    return page.render("admin/list.html", block="rows", listing=listing, rights=rights, deleted=deleted, **beside)


@router.post("/{kind}", name="create_record", dependencies=[Trusted])
async def create(
    page: PageDep, rights: RightsDep, view: ViewDep, editor: EditorDep, values: NewValuesDep, within: WithinDep
) -> Response:
    row = await editor.create(rights, view, values)
    return await within.answer(page) if within else page.redirect(view.path_of(row))


@router.get("/{kind}/new", name="new_record", dependencies=[Depends(new_form)])
async def new(page: PageDep) -> Response:
    return page.show_form(block="fields")


@router.get("/{kind}/suggestions/{field}", name="record_suggestions")
async def suggest(
    page: PageDep,
    rights: RightsDep,
    view: ViewDep,
    browser: BrowserDep,
    field: Annotated[str, Path(max_length=60)],
    typed: BegunDep,
) -> Response:
    """Names for a field that refers to another table."""
    found = await browser.suggestions(rights, view, field, typed)
    return page.render("admin/suggestions.html", names=found)


@router.get("/{kind}/{key}", name="record")
async def show(page: PageDep, chosen: ChosenDep, browser: BrowserDep, deleted: DeletedDep) -> Response:
    shown = await browser.show(*chosen)
    return page.render("admin/show.html", block="record", shown=shown, rights=chosen.rights, deleted=deleted)


@router.get("/{kind}/{key}/edit", name="edit_record", dependencies=[Depends(edit_form)])
async def edit(page: PageDep) -> Response:
    return page.show_form()


@router.post("/{kind}/{key}", name="change_record", dependencies=[Trusted])
async def change(
    page: PageDep, chosen: ChosenDep, editor: EditorDep, values: ValuesDep, typed: TypedDep, within: WithinDep
) -> Response:
    await editor.change(*chosen, values, str(typed.get("version", "")))
    return page.redirect(within.parent.path if within else chosen.path)


@router.get("/{kind}/{key}/deletion", name="record_deletion")
async def ask_deletion(page: PageDep, chosen: ChosenDep, deletions: DeletionsDep, within: WithinDep) -> Response:
    _, view, row = chosen
    asked = await deletions.ask(*chosen)
    return page.render("admin/deletion.html", block="act", view=view, row=row, asked=asked, within=within)


@router.post("/{kind}/{key}/deletion", name="delete_record", dependencies=[Trusted])
async def delete(page: PageDep, chosen: ChosenDep, deletions: DeletionsDep, within: WithinDep) -> Response:
    path = within.parent.path if within else f"/admin/{chosen.view.identity}"
    job = await deletions.delete(*chosen, path)
    return await within.answer(page, job) if within else page.redirect(f"{path}{undo_of(job)}")


@router.get("/{kind}/{key}/history", name="record_history")
async def history(page: PageDep, chosen: ChosenDep, browser: BrowserDep) -> Response:
    entries = await browser.history(chosen.view, chosen.view.key_of(chosen.row))
    allowed = await browser.allowed(chosen.rights, chosen.view, [chosen.row], ("change",))
    return page.render(
        "admin/history.html",
        view=chosen.view,
        row=chosen.row,
        allowed=allowed,
        entries=entries,
        revertible=revertible,
        kept_up=KEPT_UP,
        names=await browser.names_in(chosen.rights, chosen.view, entries),
    )


@router.get("/{kind}/{key}/pictures/{field}", name="record_picture")
async def picture(page: PageDep, shown: PictureIdDep, pictures: PictureServiceDep, known: KnownTag = "") -> Response:
    """The picture that a row shows, for whoever sees the row."""
    return page.finish(served(await pictures.shown(shown), known, FOR_SOME))


@router.post("/{kind}/{key}/history/{entry_id}/reversal", name="revert_record", dependencies=[Trusted])
async def revert(page: PageDep, chosen: ChosenDep, editor: EditorDep, entry_id: EntryId) -> Response:
    await editor.revert(*chosen, entry_id)
    return page.redirect(f"{chosen.path}/history")
