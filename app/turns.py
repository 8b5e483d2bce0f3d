"""Turns: what only so many may do at a time, in the order in which they came."""

import asyncio


class Turn:
    """One's turn, taken once and given back once, however often it is asked for; without a queue it is always there."""

    def __init__(self, queue: asyncio.Lock | asyncio.Semaphore | None) -> None:
        self.queue = queue
        self.taken = False

    async def take(self) -> None:
        if self.queue and not self.taken:
            await self.queue.acquire()
        self.taken = True

    def give_back(self) -> None:
        if self.queue and self.taken:
            self.queue.release()
        self.taken = False
