"""One contact's data, given out and erased, for those who answer such requests.

The address is in the body, because those of requests are logged. Nothing here takes an `Idempotency-Key`: answers to
those are kept for a day.
"""

from typing import Annotated

from fastapi import Depends, Response

from app.api.bodies import JSON
from app.api.callers import RightsDep, SureReaderDep, SureWriterDep
from app.api.replies import plain
from app.api.routing import ApiRouter
from app.api.staff_answers import ContactData, Erasure
from app.models.registrant_forms import ContactForm
from app.webinar_dependencies import ContactServiceDep


async def check_eraser(rights: RightsDep) -> None:
    rights.check("registration.delete")


router = ApiRouter("/contacts")
router.dependencies.append(Depends(check_eraser))


@router.post("/export", name="contacts_export", response_model=ContactData, summary="Export a contact")
async def export(
    _reader: SureReaderDep, rights: RightsDep, contacts: ContactServiceDep, form: Annotated[ContactForm, JSON]
) -> Response:
    """All that is stored of an address: registrations with answers, notes, photos and follow-ups, and mails."""
    return plain(ContactData.model_validate(await contacts.export(rights, form.email)))


@router.post("/erasure", name="contacts_erase", response_model=Erasure, summary="Erase a contact")
async def erase(
    _writer: SureWriterDep, rights: RightsDep, contacts: ContactServiceDep, form: Annotated[ContactForm, JSON]
) -> Response:
    """Erase all of it for good. Seats go to those who wait, and nobody is written to any more."""
    return plain(Erasure(webinars=await contacts.erase(rights, form.email)))
