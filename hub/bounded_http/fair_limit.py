"""A limit on something that clients share: when it is exceeded, whoever holds most gives way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

Holder = TypeVar("Holder", bound=Hashable)


class Client(NamedTuple):
    """Who holds something.

    Attributes:
        peer: The address at the other end.
        forwarded_for: Whom the peer forwards for, as it says. Made-up ones all count for the peer's address.
    """

    peer: str
    forwarded_for: str = ""

    def __str__(self) -> str:
        return f"{self.peer} for {self.forwarded_for}" if self.forwarded_for else self.peer


class FairLimit(Generic[Holder]):
    """Who holds how much of something that has a limit, `most`.

    1. First among addresses, then among those behind one, the one that holds most in all gives way.
    2. Of what that one holds, the oldest.

    So nobody who holds little loses it to one who holds much, however much is asked for.
    """

    def __init__(self, most: int) -> None:
        self.most, self.total = most, 0
        self._amounts: dict[Holder, tuple[Client, int]] = {}

    def holders(self) -> list[Holder]:
        """Returns who holds something."""
        return list(self._amounts)

    def hold(self, holder: Holder, client: Client, amount: int) -> None:
        """Sets how much a holder has from now on."""
        before = self._amounts[holder][1] if holder in self._amounts else 0
        self._amounts[holder] = (client, amount)
        self.total += amount - before

    def release(self, holder: Holder) -> None:
        """Sets that a holder has nothing any more."""
        if holder in self._amounts:
            self.total -= self._amounts.pop(holder)[1]

    def client(self, holder: Holder) -> Client:
        """Returns the client of a holder; an empty one if it holds nothing."""
        return self._amounts[holder][0] if holder in self._amounts else Client("")

    def next_to_drop(self) -> Holder | None:
        """Returns the holder that has to give way, None while the limit is kept."""
        if self.total <= self.most:
            return None
        of_peers: Counter[str] = Counter()
        of_clients: Counter[Client] = Counter()
        for client, amount in self._amounts.values():
            of_peers[client.peer] += amount
            of_clients[client] += amount
        peer = max(of_peers, key=of_peers.__getitem__)
        most = max((client for client in of_clients if client.peer == peer), key=of_clients.__getitem__)
        return next(holder for holder, (client, _) in self._amounts.items() if client == most)
