"""Text from outside, as a person may see it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgur_source.plain_text import LONGEST, plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Over capacity.", "Over capacity."),
        ("two\r\n lines\t and\u2028 more ", "two lines and more"),
        ("\x1b[2Jgone", "[2Jgone"),
        ("\x1b]0;a title\x07text", "]0;a titletext"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("a\u200bb\ufeffc\x9bd", "abcd"),
        ("half \ud83d an emoji", "half an emoji"),
        ("Grüße, 猫 🐈", "Grüße, 猫 🐈"),
        ("", ""),
    ],
)
def test_plain__is_one_line_without_what_steers_a_terminal(text: str, shown: str) -> None:
    """Escape sequences, directions and halves of emoji go, everything that can be read stays."""
    assert plain(text) == shown


def test_plain__cuts_at_a_word() -> None:
    """What is too long says so at its end."""
    assert plain("one two three four", longest=12) == "one two …"
    assert len(plain("x" * 10_000)) <= LONGEST


@given(st.text(alphabet=st.characters(), max_size=400))
def test_plain__never_shows_a_control_character(text: str) -> None:
    """Whatever comes, what is shown is printable, short, and the same when it is cleaned once more."""
    shown = plain(text)

    assert not any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in shown)
    assert not any(
        unicodedata.bidirectional(letter) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
        for letter in shown
    )
    assert len(shown) <= LONGEST
    assert plain(shown) == shown
