"""Sharing registrants out among the people of sales."""

from collections.abc import Sequence
from uuid import UUID

from app.errors import Conflict
from app.models.user import User


class Turns:
    """Whose turn it is: always somebody who has the fewest."""

    def __init__(self, reps: Sequence[tuple[User, int]]) -> None:
        self.counts = {rep.id: count for rep, count in reps}

    def next(self) -> UUID:
        if not self.counts:
            raise Conflict("There is nobody to whom registrations can be assigned.")
        id = min(self.counts, key=self.counts.__getitem__)
        self.counts[id] += 1
        return id
