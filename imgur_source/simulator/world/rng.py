"""Numbers out of a key: the same key gives the same numbers, whoever asks and whenever.

Everything in the simulated world that looks random comes from here, so that a world
follows from its seed alone. The standard ``random`` would do, but seeding one generator
for each of 60,000 images costs a second.
"""

import hashlib
import math
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15  # the increment of splitmix64


class Dice:
    """A stream of numbers that follows from its key."""

    __slots__ = ("_state",)

    def __init__(self, *key: int | str) -> None:
        digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
        self._state = int.from_bytes(digest, "big")

    def number(self) -> int:
        """Return the next 64 bits."""
        self._state = (self._state + _STEP) & _MASK
        bits = self._state
        bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
        return bits ^ (bits >> 31)

    def below(self, limit: int) -> int:
        """Return an integer from 0 up to, not including, *limit*."""
        return self.number() % limit

    def between(self, low: int, high: int) -> int:
        """Return an integer from *low* to *high*, both included."""
        return low + self.number() % (high - low + 1)

    def share(self) -> float:
        """Return a number from 0 up to, not including, 1."""
        return (self.number() >> 11) / (1 << 53)

    def chance(self, share: float) -> bool:
        """Say yes in *share* of all cases."""
        return self.share() < share

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of *choices*."""
        return choices[self.number() % len(choices)]

    def around(self, median: float, *, spread: float) -> float:
        """Return a log-normal number: most near *median*, a few far above it."""
        distance = math.sqrt(-2.0 * math.log(1.0 - self.share()))
        return median * math.exp(spread * distance * math.cos(2.0 * math.pi * self.share()))

    def waiting(self, mean: float) -> float:
        """Return an exponential waiting time of *mean*, in its unit."""
        return -mean * math.log(1.0 - self.share())

    def about(self, rate: float) -> int:
        """Return the integer below or above *rate*, so that the mean of many is *rate*."""
        whole = int(rate)
        return whole + self.chance(rate - whole)

    def text(self, alphabet: str, length: int) -> str:
        """Return *length* characters of *alphabet*."""
        found = []
        bits = 0
        for _ in range(length):
            if bits < 1 << 16:  # too few left to be even
                bits = self.number()
            bits, place = divmod(bits, len(alphabet))
            found.append(alphabet[place])
        return "".join(found)
