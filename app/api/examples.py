"""Examples of what is sent and answered, by the names of their schemas."""

from typing import Any

from app.api.webinar_examples import WEBINAR_EXAMPLES

ID = "0b0f7a52-6f0e-4a6e-8a86-3d8a3f2f8f10"
MOMENT = "2026-03-01T09:30:00Z"
WEBINAR = {"title": "Herons of the delta", "starts": "2026-05-01T18:00", "ends": "2026-05-01T19:00", "capacity": 100}
REGISTRANT = {"name": "Vera Visitor", "email": "vera@example.com"}
QUESTION: dict[str, Any] = {
    "id": 7,
    "parent_id": None,
    "role": "user",
    "text": "Where do herons sleep?",
    "status": "complete",
    "model": "",
    "error": "",
    "prompt_tokens": None,
    "completion_tokens": None,
    "created_at": MOMENT,
    "sources": [],
}
CONVERSATION = {
    "id": ID,
    "title": "Where do herons sleep?",
    "instructions": "",
    "model": "gpt-5-mini",
    "created_at": MOMENT,
    "updated_at": MOMENT,
}
ANSWER = QUESTION | {"id": 8, "parent_id": 7, "role": "assistant", "model": "gpt-5-mini"}
PRODUCT: dict[str, Any] = {"name": "Brass lamp", "price": "49.50", "currency": "EUR", "category": "Lighting"}
PRODUCT_SHOWN = PRODUCT | {
    "slug": "brass-lamp",
    "stock": 7,
    "picture": f"/products/brass-lamp/picture/{ID}",
    "picture_alt": "A lamp on a table",
    "created_at": MOMENT,
    "updated_at": MOMENT,
}
DOCUMENT = {"slug": "herons", "title": "Herons", "updated_at": MOMENT}
EXAMPLES: dict[str, dict[str, Any]] = {
    **WEBINAR_EXAMPLES,
    "WebinarForm": WEBINAR | {"time_zone": "Europe/Berlin", "questions": "How did you hear of us?"},
    "WebinarAnswer": {
        **WEBINAR,
        "slug": "herons-of-the-delta",
        "description": "An evening at the **water**.",
        "speakers": "Olga Owner",
        "opens": None,
        "closes": None,
        "time_zone": "Europe/Berlin",
        "starts_at": "2026-05-01T16:00:00Z",
        "ends_at": "2026-05-01T17:00:00Z",
        "opens_at": None,
        "closes_at": None,
        "taken": 12,
        "free": 88,
        "is_open": True,
        "needs_approval": False,
        "shares_out": False,
        "questions": ["How did you hear of us?"],
        "status": "published",
        "join_url": None,
        "cover": None,
        "cover_alt": "",
        "created_at": MOMENT,
        "updated_at": MOMENT,
    },
    "RegistrationForm": {**REGISTRANT, "answers": ["From a friend"], "consent": True, "source": "newsletter"},
    "RegistrantForm": {"status": "registered", "group": "press"},
    "RegistrationAnswer": {
        **REGISTRANT,
        "id": ID,
        "webinar": "herons-of-the-delta",
        "number": 13,
        "answers": {"How did you hear of us?": "From a friend"},
        "status": "registered",
        "group": None,
        "rep_id": None,
        "photo": None,
        "source": "newsletter",
        "consented_at": MOMENT,
        "confirmed_at": None,
        "attended_at": None,
        "unsubscribed_at": None,
        "join_url": None,
        "created_at": MOMENT,
        "updated_at": MOMENT,
    },
    "ProductForm": PRODUCT | {"description": "Of *brass*.", "stock": 7},
    "ProductSummary": PRODUCT_SHOWN,
    "ProductAnswer": PRODUCT_SHOWN | {"description": "Of *brass*."},
    "FirstQuestionForm": {"content": "Where do herons sleep?", "instructions": "Answer in one sentence."},
    "QuestionForm": {"content": "And in winter?"},
    "ConversationAnswer": CONVERSATION,
    "MessageAnswer": ANSWER | {"text": "In trees [1]."},
    "Asked": {
        "conversation": CONVERSATION,
        "question": QUESTION,
        "answer": ANSWER | {"text": "", "status": "streaming"},
    },
    "DocumentSummary": DOCUMENT,
    "DocumentAnswer": DOCUMENT | {"text": "# Herons\n\nHerons sleep in trees."},
    "Passages": {
        "items": [
            {
                "slug": "herons",
                "title": "Herons",
                "heading": "",
                "start": 10,
                "end": 32,
                "quote": "Herons sleep in trees.",
                "relevance": 2.5,
            }
        ]
    },
    "Me": {
        "id": ID,
        "email": "mia@example.com",
        "name": "Mia Marketing",
        "is_guest": False,
        "scopes": ["read", "write"],
        "permissions": ["product.change", "product.view"],
    },
    "MyData": {
        "account": {"id": ID, "email": "mia@example.com", "name": "Mia Marketing", "created_at": MOMENT},
        "sessions": [{"device": "Firefox", "address": "192.0.2.7", "created_at": MOMENT, "seen_at": MOMENT}],
        "api_tokens": [{"name": "Stock", "prefix": "fo_7hK04puB", "scopes": ["read"], "created_at": MOMENT}],
        "history": [{"act": "sign_in.accepted", "actor": "mia@example.com", "at": MOMENT}],
        "conversations": [{**CONVERSATION, "messages": [QUESTION]}],
    },
    "ProductsChange": {"price": "44.00", "stock": 5},
    "WebinarsChange": {"capacity": 120},
    "ConversationsChange": {"title": "Herons at night"},
    "WebinarMessagesChange": {"amount": 3},
}
# A page of a list is made of them.
EXAMPLES |= {
    f"Page_{name}_": {"items": [EXAMPLES[name]], "next": None}
    for name in (
        *("WebinarAnswer", "RegistrationAnswer", "NoteAnswer", "ProductSummary", "ConversationAnswer"),
        *("MessageAnswer", "DocumentSummary", "JobSummary"),
    )
}
