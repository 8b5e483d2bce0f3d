"""Passages, terms, coverage and quotations, on texts that people write and on texts that nobody would."""

from itertools import pairwise

import pyromark
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.ai.passages import MAX_BLOCK, MAX_TERMS, Passage, coverage, quote, split, terms, title_of

GUIDE = """\
# Staying *here*

The hotel has forty rooms. Breakfast is from seven to ten. It is included in the price.

## Your room

Every room has a safe, e.g. for passports. To open the safe, enter `0000 #. 1`, then **your own number. Twice.** Ask the
desk if it stays shut!

### Heating

The heating follows the weather. To change it:

1. Press the wheel.
2. Turn it to the left for less warmth,
   or to the right for more.

   The display shows the temperature.
3. Press the wheel again.

## The network

Connect with this command:

```sh
wifi join hotel

# no password
```

| Floor | Speed |
|-------|-------|
| 1     | slow  |
| 2     | fast  |

See [the map][map] of the house.

[map]: /map.png "The map"
"""

FRAGMENTS = st.sampled_from(
    [
        *("# A", "## B *b*", "###", "Title\n===", "One. Two `a. B` three! *Four. Five* six: seven.", "Do this:"),
        *(
            "- a\n- b\n  c\n",
            "1. x",
            "```py\nx = 1\n\ny. Z",
            "```",
            "| a | b |\n|---|---|\n| 1 | 2 |",
            "> quoted. Twice.",
        ),
        *("    indented", "\tcode", "<div>\nhtml", "[ref]: /url", "[link](u. V) ![image](i) <b>bold</b>", "***"),
        *("\u00fc\u4e2d\u6587\U0001f642. E\u0301", "$x$ ~~no~~", "\0"),
    ]
)
MARKDOWN = st.lists(FRAGMENTS | st.text(max_size=30), max_size=12).flatmap(
    lambda parts: st.sampled_from(["\n", "\n\n", "\r\n", " "]).map(lambda between: between.join(parts))
)
ANYTHING = MARKDOWN | st.text(st.characters(), max_size=300)  # with lone surrogates


def plain(markdown: str) -> str:
    """What a reader sees, without the markup and without regard to blanks."""
    events = pyromark.events(markdown, options=pyromark.Options.ENABLE_TABLES)
    shown = (event.get("Text") or event.get("Code") or "" for event in events if isinstance(event, dict))
    return "".join("".join(map(str, shown)).split())


def quotation(question: str, text: str, limit: int = 420) -> str:
    start, end = quote(terms(question), text, limit)
    return text[start:end]


def passage_with(words: str) -> Passage:
    [passage] = [passage for passage in split(GUIDE, size=200) if words in passage.text]
    return passage


# --- titles and passages


@pytest.mark.parametrize(
    ("markdown", "title"),
    [
        (GUIDE, "Staying here"),
        ("A title\n=======\n", "A title"),
        ("## Second\n\n# First `code` [link](x) <b>&amp; more</b>", "First code link <b>& more</b>"),
        ("# \n\n# Real", "Real"),
        ("# " + "long " * 100, ("long " * 30)),
        ("```\n# a comment\n```", "untitled"),
        ("", "untitled"),
    ],
)
def test_the_title_is_the_first_heading_of_level_one_without_markup(markdown: str, title: str) -> None:
    assert title_of(markdown, "untitled") == title


def test_passages_carry_the_path_of_their_headings_without_the_title() -> None:
    headings = list(dict.fromkeys(passage.heading for passage in split(GUIDE)))
    assert headings == ["", "Your room", "Your room > Heating", "The network"]


def test_a_second_heading_of_level_one_is_part_of_the_path() -> None:
    assert [passage.heading for passage in split("# Book\n\na\n\n# Part\n\n## One\n\nb")] == ["", "Part > One"]


def test_small_sections_stay_whole_and_large_ones_are_shared_out_evenly() -> None:
    paragraph = "word " * 40 + "\n\n"
    assert len(split(paragraph * 4, size=900)) == 1
    lengths = [len(passage.text) for passage in split(paragraph * 20, size=900)]
    assert len(lengths) == 4
    assert max(lengths) < 1.3 * 900


def test_a_list_is_divided_between_its_items_and_an_introduction_stays_with_the_first() -> None:
    text = "To do it:\n\n" + "\n".join(f"- step {number} " + "x " * 40 for number in range(12))
    passages = split(text, size=300)
    assert passages[0].text.startswith("To do it:\n\n- step 0")
    assert all(passage.text.startswith("- step") for passage in passages[1:])


def test_an_introduction_is_not_parted_from_a_long_fence() -> None:
    text = "First words. " * 20 + "Do this:\n\n```\n" + "line of code\n" * 20 + "```"
    assert [passage.text for passage in split(text, size=300)] == [text]


def test_a_fence_is_kept_whole_until_it_is_many_passages_long() -> None:
    fence = "```\n" + "line of code\n" * 20 + "```"
    assert [passage.text for passage in split(f"before\n\n{fence}", size=100)] == ["before", fence]
    assert all(len(passage.text) <= MAX_BLOCK * 50 for passage in split(fence, size=50))


def test_indentation_that_makes_a_code_block_is_kept() -> None:
    assert [passage.text for passage in split("# A\n\n\n    x = 1\n    y = 2\n\n")] == ["    x = 1\n    y = 2"]


def test_a_cut_leaves_no_blank_passage() -> None:
    assert [passage.text for passage in split("    indented", size=1)] == ["inde", "nted"]


def test_link_definitions_belong_to_the_passage_before() -> None:
    assert split(GUIDE)[-1].text.endswith('[map]: /map.png "The map"')


@given(ANYTHING, st.integers(min_value=1, max_value=200))
@example("a lone \ud800 surrogate", 200)
def test_passages_are_cut_from_the_document_in_order(markdown: str, size: int) -> None:
    passages = split(markdown, size)
    assert all(markdown[passage.start : passage.end] == passage.text for passage in passages)
    assert all(passage.text.strip() for passage in passages)
    assert all(before.end <= after.start for before, after in pairwise(passages))


@given(MARKDOWN.filter(lambda text: "#" not in text and "=" not in text and "-" not in text), st.integers(1, 200))
def test_without_headings_nothing_is_lost(markdown: str, size: int) -> None:
    assert "".join("".join(passage.text for passage in split(markdown, size)).split()) == "".join(markdown.split())


@given(ANYTHING)
def test_what_passages_leave_out_is_headings_and_blanks(markdown: str) -> None:
    ends = [0, *(end for passage in split(markdown) for end in (passage.start, passage.end)), len(markdown)]
    left_out = [markdown[start:end] for start, end in list(pairwise(ends))[::2]]
    assert all(not part.strip() or split(part) == [] for part in left_out)


@given(ANYTHING)
def test_any_text_has_a_title(markdown: str) -> None:
    assert title_of(markdown, "untitled").strip()


# --- terms and coverage


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("how do I add a new page?", ["add", "new", "page"]),
        ("What's OPENAI_API_KEY for? Isn't the key secret?", ["openai", "api", "key", "secret"]),
        ("Où est l'Église, e\u0301t\u00e9?", ["où", "est", "l", "église", "été"]),
        ("Как добавить страницу?", ["как", "добавить", "страницу"]),
        ("why? and how!", []),
        ("\0\x01\ufffd\ud800 \t", []),
        ("x" * 100_000, []),
    ],
)
def test_terms_are_the_content_words_in_order(question: str, expected: list[str]) -> None:
    assert terms(question) == expected


def test_terms_are_bounded() -> None:
    assert terms(" ".join(f"word{number}" for number in range(20_000)))[-1] == f"word{MAX_TERMS - 1}"
    assert len(terms("page " * 20_000)) == 1


@given(ANYTHING)
def test_terms_of_any_text_are_distinct_words(question: str) -> None:
    found = terms(question)
    assert len(found) == len(set(found)) <= MAX_TERMS
    assert all(terms(term) == [term] for term in found if term == term.lower())


@pytest.mark.parametrize(
    ("question", "share"),
    [
        ("configuring the database", 1.0),
        ("configured databases, quickly", 1.5 / 2.5),
        ("the capital of France", 0.0),
        ("how?", 0.0),
    ],
)
def test_coverage_is_the_share_of_terms_in_any_inflection_and_verbs_weigh_half(question: str, share: float) -> None:
    assert coverage(terms(question), "It configures one **database**.") == pytest.approx(share)


@given(ANYTHING, ANYTHING)
def test_coverage_is_a_share(question: str, text: str) -> None:
    assert 0 <= coverage(terms(question), text) <= 1
    assert coverage(terms(text), text) in (0, 1)


# --- quotations


@pytest.mark.parametrize(
    ("question", "where", "expected"),
    [
        ("When is breakfast?", "Breakfast", "Breakfast is from seven to ten."),
        (
            "How do I open the safe?",
            "safe",
            "To open the safe, enter `0000 #. 1`, then **your own number. Twice.**",
        ),
        (
            "what is on the display",
            "display",
            "2. Turn it to the left for less warmth,\n   or to the right for more.\n\n   The display",
        ),
        (
            "How do I change the heating?",
            "wheel",
            "The heating follows the weather. To change it:\n\n1. Press the wheel.",
        ),
        ("How do I connect?", "wifi", "Connect with this command:\n\n```sh\nwifi join hotel\n\n# no password\n```"),
        ("Which floor is fast?", "Floor", "| Floor | Speed |"),
    ],
)
def test_the_quotation_answers_and_reads_well_alone(question: str, where: str, expected: str) -> None:
    assert quotation(question, passage_with(where).text).startswith(expected)


def test_a_sentence_that_leans_on_the_one_before_brings_it_along() -> None:
    text = "Breakfast is from seven to ten. It is included in the price. The bar opens at noon."
    assert (
        quotation("what is included in the price", text)
        == "Breakfast is from seven to ten. It is included in the price."
    )


def test_rare_terms_weigh_more_than_common_ones() -> None:
    assert (
        quotation("licence of a page", "A page is short.\n\nA page is old.\n\nA licence is needed.")
        == "A licence is needed."
    )


def test_of_two_answers_the_earlier_is_quoted() -> None:
    assert quotation("when does the bar open", "The bar opens at noon on Sundays. The bar opens at ten.").endswith(
        "Sundays."
    )


def test_a_block_beyond_the_limit_is_a_last_resort() -> None:
    fence = "```\nnetwork join fast\n" + "# and so on\n" * 6 + "```"
    assert (
        quotation("join the fast network", f"Join the network here.\n\n{fence}", limit=60) == "Join the network here."
    )
    assert quotation("join the fast network", fence, limit=60) == fence


def test_an_abbreviation_ends_no_sentence() -> None:
    assert quotation("papers", "Bring papers, e.g. Passports or visas. Leave early.").endswith("visas.")


def test_without_a_match_the_beginning_is_quoted() -> None:
    assert quotation("unrelated", "One is here. Two is there.") == "One is here."
    assert quote([], " \n ") == (0, 0)


def test_the_limit_holds_for_runs_of_sentences() -> None:
    text = " ".join(f"Sentence {number} speaks of word{number}." for number in range(40))
    assert len(quotation(" ".join(f"word{number}" for number in range(40)), text, limit=200)) <= 200


@given(ANYTHING, ANYTHING, st.integers(1, 500))
def test_a_quotation_is_a_stretch_of_the_text(question: str, text: str, limit: int) -> None:
    start, end = quote(terms(question), text, limit)
    assert 0 <= start <= end <= len(text)
    assert text[start:end] == text[start:end].rstrip()


@settings(max_examples=200)
@given(
    st.lists(FRAGMENTS, min_size=1, max_size=6).map("\n\n".join), st.sampled_from(["four x", "two", "a b", "html code"])
)
def test_a_quotation_shows_alone_what_it_shows_in_its_place(text: str, question: str) -> None:
    assert plain(quotation(question, text)) in plain(text)
