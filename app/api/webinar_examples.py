"""Examples of what staff send and get about webinars, by the names of their schemas."""

from typing import Any

ID = "0b0f7a52-6f0e-4a6e-8a86-3d8a3f2f8f10"
MOMENT = "2026-03-01T09:30:00Z"
LETTER = {"subject": "About Herons of the delta", "text": "Dear Vera,\n\nhere is the list of trees that you asked for."}
MESSAGE = {
    "kind": "reminder",
    "amount": 2,
    "unit": "hours",
    "audience": "seat",
    "subject": "Soon: {title}",
    "text": "Hello {name}, we begin at {start}.",
    "is_active": True,
}
MESSAGE_SHOWN = {
    "id": 7,
    **MESSAGE,
    "due_at": "2026-05-01T14:00:00Z",
    "is_over": False,
    "sent": 0,
    "created_at": MOMENT,
    "updated_at": MOMENT,
}
JOB = {
    "id": ID,
    "kind": "registrations.bulk",
    "title": "Check in 12 of “Herons of the delta”",
    "state": "running",
    "undoing": False,
    "total": 12,
    "done": 5,
    "counts": {"changed": 4, "refused": 1},
    "error": "",
    "can_undo": False,
    "undoable_until": "2026-03-02T09:30:00Z",
    "created_at": MOMENT,
    "started_at": MOMENT,
    "finished_at": None,
}
PROBLEM = {"number": 3, "key": "otto@example.com", "problem": "This person has no seat."}
TALLY = {"seats": 88, "attended": 60, "absent": 28, "waiting": 4, "pending": 0, "cancelled": 7, "declined": 1}
CHART = {
    "id": "by-source",
    "title": "Registrations by source",
    "head": "Source",
    "labels": ["newsletter", "(none)"],
    "series": [{"name": "Attended", "values": [40.0, 20.0]}, {"name": "No-show", "values": [18.0, 10.0]}],
}
WEBINAR_EXAMPLES: dict[str, dict[str, Any]] = {
    "NoteForm": {"text": "Wants to know more about nests."},
    "NoteAnswer": {
        "id": 7,
        "registration_id": ID,
        "text": "Wants to know more about nests.",
        "author": "Mia Marketing",
        "author_id": ID,
        "created_at": MOMENT,
    },
    "FollowUpForm": LETTER,
    "FollowUpAnswer": {
        "registration_id": ID,
        **LETTER,
        "status": "draft",
        "error": "",
        "author": "Mia Marketing",
        "sent_at": None,
    },
    "MessageForm": MESSAGE,
    "WebinarMessageAnswer": MESSAGE_SHOWN,
    "WebinarMessages": {"items": [MESSAGE_SHOWN]},
    "TestMail": {"recipient": "mia@example.com"},
    "Reps": {"items": [{"id": ID, "name": "Sam Sales"}]},
    "PreviewForm": {"subject": MESSAGE["subject"], "text": MESSAGE["text"]},
    "MessagePreview": {
        "name": "Vera Visitor",
        "subject": "Soon: Herons of the delta",
        "text": "Hello Vera Visitor, we begin at Friday, 01 May 2026, 18:00 (Europe/Berlin).",
        "html": "Hello Vera Visitor, we begin at Friday, 01 May 2026, 18:00 (Europe/Berlin).",
        "unknown": [],
    },
    "BulkForm": {"act": "check-in", "ids": [ID]},
    "JobSummary": JOB,
    "JobAnswer": JOB | {"problems": [PROBLEM], "problem_count": 1},
    "ImportForm": {"duplicates": "merge", "consent": True, "tell": False},
    "ImportAnswer": {
        "job": JOB | {"kind": "registrations.import", "state": "ready", "done": 0, "counts": {}, "started_at": None},
        "note": "",
        "unknown": ["Phone"],
        "rows": [
            {
                "number": 2,
                "email": "vera@example.com",
                "name": "Vera Visitor",
                "group": "press",
                "status": None,
                "source": "",
                "answers": {},
            }
        ],
        "problems": [{"number": 3, "key": "otto", "problem": "Email: this is not an e-mail address."}],
        "problem_count": 1,
        "known": [
            {"number": 2, "email": "vera@example.com", "changes": {"group": {"before": "", "after": "press"}}},
        ],
        "known_count": 1,
    },
    "NumbersAnswer": {
        "webinar": "herons-of-the-delta",
        "source": "",
        "since": None,
        "until": None,
        "sources": ["newsletter", "(none)"],
        "total": TALLY | {"all": 100},
        "charts": [CHART],
    },
    "ContactForm": {"email": "vera@example.com"},
    "ContactData": {
        "email": "vera@example.com",
        "registrations": [{"webinar": "Herons of the delta", "name": "Vera Visitor", "status": "registered"}],
        "mails": [{"subject": "You have a seat", "text": "Hello Vera", "status": "sent", "created_at": MOMENT}],
    },
    "Erasure": {"webinars": 2},
}
