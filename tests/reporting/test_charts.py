"""How answers look: numbers for people, axes with round labels, texts that cannot be taken for marks."""

from __future__ import annotations

from datetime import date

import pytest
from charts import count, day, duration, gain, label, log_axis, name_of, nothing, number, percent, table


def test_number__sets_thousands_apart() -> None:
    """What is not known is a dash, whichever way pandas says so."""
    assert [number(value) for value in (1234567, 0, -5.4, None, float("nan"), float("inf"))] == [
        "1,234,567", "0", "−5", "–", "–", "–",
    ]  # fmt: skip
    assert number(2.25, digits=1) == "2.2"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (1, "100 %"),
        (0.999, "99.9 %"),
        (0.9999, "99.9 %"),
        (0.0001, "0.1 %"),
        (0.5, "50 %"),
        (0.002, "0.2 %"),
        (0, "0 %"),
        (None, "–"),
    ],
)
def test_percent__is_100_only_where_all_is_there(share: float | None, text: str) -> None:
    """A coverage of 99.9 % must not read like all of it."""
    assert percent(share) == text


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        (0.01, "< 1 min"),
        (0.5, "30 min"),
        (1, "1.0 h"),
        (47, "47.0 h"),
        (48, "2.0 days"),
        (17_342, "723 days"),
        (None, "–"),
    ],
)
def test_duration__takes_the_unit_that_fits(hours: float | None, text: str) -> None:
    """Minutes below an hour, days from two on, whole ones from ten on."""
    assert duration(hours) == text


def test_day__has_its_year_where_it_is_another() -> None:
    """Within a year nobody needs it; the parts are held together by spaces that do not break."""
    today = date(2026, 11, 23)

    assert day(date(2026, 11, 2), today=today) == "02\N{NO-BREAK SPACE}Nov"
    assert day(date(2025, 11, 2), today=today) == "02\N{NO-BREAK SPACE}Nov\N{NO-BREAK SPACE}2025"
    assert day(None, today=today) == "–"


def test_gain__has_its_sign() -> None:
    """A gain cannot be taken for a total; none is neither more nor less."""
    assert [gain(value) for value in (9281, -5, 0, None)] == ["+9,281", "−5", "0", "–"]


def test_count__knows_one_from_many() -> None:
    """The noun goes with the number."""
    assert [count(number_of, "post") for number_of in (0, 1, 1200)] == ["0 posts", "1 post", "1,200 posts"]


def test_label__fits_and_holds_no_mark() -> None:
    """A long title is cut, one that looks like HTML is shown as it is, one that is missing is named by its id."""
    assert label("a" * 31, "x") == "a" * 29 + "…"
    assert label("It was “all over.” Then the cat came back", "x", length=18) == "It was “all over…"
    assert label("." * 40, "x") == "." * 29 + "…"
    assert label("<b>bold</b> & more", "x") == "&lt;b&gt;bold&lt;/b&gt; &amp; more"
    assert label("  two\n lines ", "x") == "two lines"
    assert (
        label("paid $5, got $9", "x") == "paid &#36;5, got &#36;9"
    )  # between two of them would be mathematics
    assert label("50%{x}", "x") == "50%&#123;x}"  # would be the point's place
    assert name_of(None, "x1") == name_of("  ", "x1") == "(untitled, x1)"


def test_log_axis__labels_are_round_and_few() -> None:
    """A wide axis has the powers of ten, a narrow one also what lies between, less of it across a phone."""
    wide = log_axis(30, 2_000_000)
    narrow = log_axis(20, 90)
    across = log_axis(20, 90, is_across=True)

    assert wide["ticktext"] == ["10", "100", "1,000", "10,000", "100,000", "1M", "10M"]
    assert narrow["ticktext"] == ["10", "20", "50", "100", "200", "500"]
    assert across["ticktext"] == ["10", "30", "100", "300"]
    assert narrow["range"] == pytest.approx([1.30103 - 0.08, 1.95424 + 0.08], abs=1e-5)


def test_table__escapes_what_people_wrote() -> None:
    """A title cannot become a part of the page."""
    assert table({"Post": ["<script>"], "Views": ["1"]}, numeric={"Views"}) == (
        '<div class="wide"><table><thead><tr><th>Post</th><th class="number">Views</th></tr></thead>'
        '<tbody><tr><td>&lt;script&gt;</td><td class="number">1</td></tr></tbody></table></div>'
    )


def test_nothing__is_words_without_a_figure() -> None:
    """Where there is nothing to draw there is no empty axis."""
    answer = nothing("No post <yet>.", foot="n = 0")

    assert answer.figure is None
    assert answer.html == '<p class="nothing">No post &lt;yet&gt;.</p>'
    assert answer.foot == "n = 0"
