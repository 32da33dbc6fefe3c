"""Something scarce, shared between clients: when it is used up, whoever holds most gives way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

Holder = TypeVar("Holder", bound=Hashable)


class Client(NamedTuple):
    """Who holds something.

    Attributes:
        peer: The address at the other end.
        behind: Whom the peer forwards for, as it says. Whoever makes up many has them all at one address.
    """

    peer: str
    behind: str = ""

    def __str__(self) -> str:
        return f"{self.peer} for {self.behind}" if self.behind else self.peer


class Shares(Generic[Holder]):
    """Who holds how much of what there is `most` of.

    1. First among addresses, then among those behind one, the one that holds most in all gives way.
    2. Of what that one holds, the oldest.

    So nobody who holds little loses it to one who holds much, however much is asked for.
    """

    def __init__(self, most: int) -> None:
        self.most, self.total = most, 0
        self._held: dict[Holder, tuple[Client, int]] = {}

    def holders(self) -> list[Holder]:
        """Returns who holds something."""
        return list(self._held)

    def hold(self, holder: Holder, client: Client, amount: int) -> None:
        """Says what a holder has from now on."""
        before = self._held[holder][1] if holder in self._held else 0
        self._held[holder] = (client, amount)
        self.total += amount - before

    def release(self, holder: Holder) -> None:
        """Says that a holder has nothing any more."""
        if holder in self._held:
            self.total -= self._held.pop(holder)[1]

    def client(self, holder: Holder) -> Client:
        """Returns whose a holder is; nobody's if it has nothing."""
        return self._held[holder][0] if holder in self._held else Client("")

    def gives_way(self) -> Holder | None:
        """Returns who has to give way, None while there is enough."""
        if self.total <= self.most:
            return None
        of_peers: Counter[str] = Counter()
        of_clients: Counter[Client] = Counter()
        for client, amount in self._held.values():
            of_peers[client.peer] += amount
            of_clients[client] += amount
        peer = max(of_peers, key=of_peers.__getitem__)
        most = max((client for client in of_clients if client.peer == peer), key=of_clients.__getitem__)
        return next(holder for holder, (client, _) in self._held.items() if client == most)
