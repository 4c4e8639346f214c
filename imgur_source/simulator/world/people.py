"""Who lives in the simulated world, and who is likely to post or comment next."""

from dataclasses import dataclass

from imgur_source.simulator.world import text
from imgur_source.simulator.world.entities import DAY, Person
from imgur_source.simulator.world.rng import Dice
from imgur_source.simulator.world.world import World

_OTHERS = 4  # accounts with a name one may ask for; the second of them hides its favourites
_CROWD = 60  # authors of everything else
_POST_SHARES = (0.30, 0.12, 0.06, 0.04)  # of the posts which are not the owner's, by the others in turn
_COMMENT_SHARES = (0.08, 0.06, 0.03, 0.02)
_OWNER_COMMENT_SHARE = 0.10


@dataclass(frozen=True)
class Cast:
    """The owner of the token, the others with a public profile, and the crowd."""

    owner: Person
    others: tuple[Person, ...]
    crowd: tuple[Person, ...]

    @classmethod
    def from_world(cls, world: World, *, oldest: int) -> "Cast":
        """Let everybody join *world*; *oldest* is when its past begins."""
        dice = Dice(world.seed, "cast")
        names = [text.OWNER_NAME]
        while len(names) < 1 + _OTHERS + _CROWD:
            name = text.user_name(dice)
            if name not in names:
                names.append(name)
        people = [world.add_person(name, joined=oldest - dice.between(1, 1500) * DAY) for name in names]
        people[1].is_pro = True
        people[2].has_private_favorites = True
        return cls(people[0], tuple(people[1 : 1 + _OTHERS]), tuple(people[1 + _OTHERS :]))

    def poster(self, dice: Dice) -> Person:
        """Return who posts next, the owner excepted."""
        return self._one_of(dice, self.others, _POST_SHARES)

    def commenter(self, dice: Dice) -> Person:
        """Return who comments next."""
        return self._one_of(dice, (self.owner, *self.others), (_OWNER_COMMENT_SHARE, *_COMMENT_SHARES))

    def _one_of(self, dice: Dice, people: tuple[Person, ...], shares: tuple[float, ...]) -> Person:
        left = dice.share()
        for person, share in zip(people, shares, strict=True):
            if left < share:
                return person
            left -= share
        return dice.pick(self.crowd)
