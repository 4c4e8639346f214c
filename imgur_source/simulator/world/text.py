"""The words of the simulated world: user names, titles, captions, comments, tags.

All invented. Some carry emoji, other scripts, quotes and line breaks, because real
captions do and a loader has to bring them through whole.
"""

from imgur_source.simulator.world.rng import Dice

OWNER_NAME = "marmalade_fox"


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


_ADJECTIVES = _listed(
    "amber, autumn, bashful, brave, breezy, bright, brisk, calm, cheerful, clever, copper, cosy, crisp, "
    "curious, dapper, dusty, eager, early, fancy, fearless, fluffy, gentle, giddy, golden, grumpy, "
    "happy, hasty, humble, icy, jolly, kind, lazy, lively, lucky, mellow, merry, midnight, misty, "
    "modest, nimble, noble, patient, plucky, polite, proud, quiet, rapid, rusty, salty, shiny, silent, "
    "sleepy, snowy, solemn, spotted, sturdy, sunny, tiny, velvet, wandering, warm, windy, witty"
)
_ANIMALS = _listed(
    "badger, beaver, bison, bumblebee, camel, capybara, cat, caterpillar, crow, dachshund, dolphin, "
    "donkey, duckling, falcon, ferret, finch, frog, gecko, goat, goose, hamster, hare, hedgehog, heron, "
    "kestrel, kitten, lemur, lynx, magpie, marmot, mole, moose, moth, newt, octopus, otter, owl, panda, "
    "parrot, pelican, penguin, pigeon, pony, puffin, puppy, quail, rabbit, raccoon, raven, robin, "
    "salamander, seal, sloth, snail, sparrow, squid, squirrel, stork, tapir, toad, tortoise, walrus, "
    "weasel, wombat"
)
_THINGS = _listed(
    "bicycle, bookshelf, bread oven, camera, canal, cardboard box, chessboard, compost heap, cuckoo "
    "clock, doorbell, espresso machine, ferry, fountain pen, garden gate, greenhouse, hammock, kite, "
    "lighthouse, mailbox, model railway, observatory, paper plane, piano, pumpkin, record player, "
    "sewing machine, skylight, snowman, sourdough starter, teapot, telescope, toaster, tram, treehouse, "
    "typewriter, umbrella, violin, washing machine, weather vane, wind turbine"
)
_PLACES = _listed(
    "the allotment, the attic, the back yard, the bakery, the bus stop, the office, the harbour, the "
    "kitchen, the library, the market, the mountains, the night train, the old bridge, the park, the "
    "station, my desk, Gdańsk, Kyoto (京都), Lisbon, Reykjavík, São Paulo, Tromsø, Αθήνα, Київ"
)
_TITLES = (
    "My {adjective} {animal} discovered the {thing}",
    "Found this {thing} at {place}",
    "The {animal} who owns {place}",
    "Three years of restoring a {adjective} {thing}",
    "Before and after: one {adjective} {thing}",
    "I built a {thing} for my {animal}",
    "View from {place} this morning",
    "POV: you are a {adjective} {animal}",
    "A {animal} a day keeps the Monday away 🐾",
    "Rate my {thing}, please",
    'They said "no more {thing}s". They were wrong.',
    "{adjective} {animal} dump",
    "Today I learned how a {thing} works",
    "Rescued at {place}, now runs the household ❤️",
    "Sunset over {place} 🌅",
    "How it started / how it's going: {thing} edition",
    "Ein {adjective}er Tag… and a {animal}",
    "猫と{thing}",
    "It's not much, but it's an honest {thing}",
    "50% {animal}, 50% {adjective}, 100% <chaos> & crumbs",
)
_CAPTIONS = (
    "Taken at {place}. No {animal}s were disturbed.",
    "First attempt, be kind.",
    'She looked at me and thought: "mine".',
    "Edit: thank you all! 🎉\nEdit 2: the {animal} is fine.\n\nMore tomorrow.",
    "Camera: an old phone; light: a {thing}.",
    "Day {day} of asking the {animal} to move.",
    "Cost so far: €{day}.50, one thumb, no regrets.",
    "The {adjective} one is called Žofie.",
    "Spotted near {place}; the {thing} belongs to a neighbour.",
    "Recipe\t(serves {day}): butter, patience, a {adjective} {animal} watching.",
    "\u201cOnly one more {thing}\u201d \u2014 me, {day} {thing}s ago",
    "C:\\photos\\{animal}\\{day}.jpg",
)
_COMMENTS = (
    "This made my day.",
    "That {animal} has seen things.",
    "I would die for this {animal} 😭",
    "Source? Asking for a {animal}.",
    "+1 for the {thing}",
    "Nice try, {animal}. Nice try.",
    "My {adjective} uncle has the same {thing}. It hums.",
    "@OP how long did the {thing} take?",
    "Instructions unclear, {animal} stuck in {thing}",
    "We have one of those at {place}!",
    "Username checks out",
    "Take my upvote and leave 🫡",
    "It's {adjective} all the way down",
    "Can confirm: lived at {place} for {day} years.\nNever saw a {thing} this clean.",
    'The {animal} said "no thank you" in three languages',
    "¡Qué maravilla!",
    "Très {adjective}, merci",
    "すごい!",
    "10/10, would {thing} again",
    "Counterpoint: two {animal}s",
    "Saved for later, along with {day} others I'll never open",
    "Came for the {animal}, stayed for the {thing}",
    "Ok.",
    "…",
)
_BIOS = (
    "Keeper of one {adjective} {animal}. Opinions are the {animal}'s.",
    "Photos from {place}, mostly {thing}s.",
    "I came for the {animal}s.\nStill here.",
    "🌧️ {place} · {thing} enthusiast",
)
_FILE_NAMES = (
    "IMG_{number:04d}",
    "DSC{number:05d}",
    "scan-{number}",
    "{animal}_{number:03d}",
    "Screenshot {number}",
)

TAGS = _listed(
    "cats, dogs, rescue_animals, photography, landscapes, woodworking, restoration, baking, gardening, "
    "trains, night_sky, miniatures, knitting, bicycles, birds, funny, wholesome, before_and_after, "
    "the_long_story, handmade, weather, architecture, maps, old_computers"
)
SUBREDDITS = ("aww", "landscapes", "woodworking", "trains", "cats", "museum")
PLATFORMS = ("desktop", "iphone", "android", "mweb", "api")


def _filled(dice: Dice, pattern: str) -> str:
    return pattern.format(
        adjective=dice.pick(_ADJECTIVES),
        animal=dice.pick(_ANIMALS),
        thing=dice.pick(_THINGS),
        place=dice.pick(_PLACES),
        day=dice.between(2, 99),
        number=dice.between(1, 9999),
    )


def user_name(dice: Dice) -> str:
    """Return a user name; two calls may return the same."""
    return f"{dice.pick(_ADJECTIVES)}_{dice.pick(_ANIMALS)}"


def title(dice: Dice) -> str:
    """Return a title of one line."""
    text = _filled(dice, dice.pick(_TITLES))
    return text[0].upper() + text[1:]


def caption(dice: Dice) -> str:
    """Return a description, which may have several lines."""
    return _filled(dice, dice.pick(_CAPTIONS))


def comment(dice: Dice) -> str:
    """Return what somebody writes under a post."""
    return _filled(dice, dice.pick(_COMMENTS))


def bio(dice: Dice) -> str:
    """Return what an account says about itself."""
    return _filled(dice, dice.pick(_BIOS))


def file_name(dice: Dice) -> str:
    """Return the name an upload had on its owner's disk, without extension."""
    return _filled(dice, dice.pick(_FILE_NAMES))
