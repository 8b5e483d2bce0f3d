"""The renderer: whatever the text and its splits, blocks join to the one-shot render and nothing dangerous survives."""

import os
import random
import re
import time
from collections.abc import Callable, Iterator
from itertools import pairwise, repeat
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
import pyromark
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader

from app.ai.markdown import IncrementalRenderer, Markdown, Reference, References
from app.ai.markdown_events import OPTIONS
from app.ai.safe_html import MARK, UNMARK, clean

ROOT = Path(__file__).parents[2]
SPEC = Path(os.environ.get("COMMONMARK_SPEC", ROOT.parent / "shared/commonmark/spec.txt"))
EXAMPLE = re.compile(r"^`{32} example\n(.*?)^\.\n(.*?)^`{32}$", re.MULTILINE | re.DOTALL)
EXAMPLES = EXAMPLE.findall(SPEC.read_text().replace("→", "\t")) if SPEC.exists() else []
needs_spec = pytest.mark.skipif(not EXAMPLES, reason="no CommonMark spec.txt: set COMMONMARK_SPEC")

TEMPLATES = Environment(loader=FileSystemLoader(ROOT / "app/templates"), autoescape=True)
MARKDOWN = Markdown(TEMPLATES.get_template("partials/code_block.html").render)
REFERENCES = (Reference("1", "/documents/1", 'a "b" <i>\n\\ &amp; [x]'), Reference("2", "https://example.org/2"))

NASTY = r"""
    [ ] ( ) < > & | $ $$ ` ``` ~~~ - 1. # = --- * ** _ ~~ \ : ' " ![ é </div> </code></pre> <!-- --> ]]> <pre> <math>
    <script>alert(1)</script> <img/src=x/onerror=alert(1)> <svg/onload=alert(1)> <x-y/hx-get="/x"> &#13; &#0; &#xfdd0;
    <table> javascript: data:text/html, [a] [a](javascript:x) [a]:/x [1] [1][2] \frac{ } \text{<b>} |-|-|
    \( \) \[ \] { }
"""
nasty_texts = st.lists(
    st.sampled_from(
        [
            *NASTY.split(),
            " ",
            "    ",
            "\t",
            "\n",
            "\n\n",
            "\r",
            "\r\n",
            "\0",
            "\ud800",
            "\ufdd0",
            "> ",
            "\n# ",
            "\n#### ",
            "- [x] ",
            "|a|b|\n|-|-|\n",
        ]
    ),
    min_size=1,
    max_size=25,
).map("".join)

ATTACKS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example></sCrIpT >",
    "a <img src=x onerror=alert(1)> b",
    "<svg><script>alert(1)</script></svg>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=x></object><embed src=x><base href=//evil.example>",
    "<form action=//evil.example><button>x</button></form>",
    '<div hx-get="/admin" hx-trigger="load" x-data="{}" @click="x" x-init="y" style="position:fixed">x</div>',
    "[x](javascript:alert(1)) [x](JaVaScRiPt&colon;alert(1)) [x](java&#10;script:alert(1)) [x](vbscript:x)",
    "[x](data:text/html,<script>alert(1)</script>) <javascript:alert(1)>",
    "![x](javascript:alert(1)) ![x](data:image/svg+xml,x)",
    '[x](/u "q\\" onclick=alert(1) x=\\"") ![a" onerror="alert(1)](/x.png "t\\" onload=\\"x")',
    '[x]: javascript:alert(1) "\' onmouseover=alert(1)"\n\n[x] ![x]',
    '``` "><script>alert(1)</script>\n</code></pre><script>alert(1)</script>\n```\n\ntext',
    "```html\n<script>alert(1)</script>\n<p onclick=x>\n```\n\n    <script>alert(1)</script>\n",
    r"$\text{<script>alert(1)</script>}$ $$\text{</math><img src=x onerror=alert(1)>}$$ $<b>$",
    r"$\href{javascript:alert(1)}{x}$ $\style{color:red}{x}$ $\class{a}{x}$ $\unicode{x3c}$",
    "|<script>|\n|-|\n|<img src=x onerror=alert(1)>|\n",
    "- [ ] <input autofocus onfocus=alert(1)>\n> <style>*{display:none}</style>\n# <a id=x name=y>",
    "<!-- --!><script>alert(1)</script> -->\n<![CDATA[<script>alert(1)</script>]]>\n<?php <script> ?>\n<!x <script>>",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x onerror=alert(1)&#62;",
    "# x {#main .y onclick=alert(1)}\n\n<p id=main class=modal>",
]
ELEMENTS = """
    a blockquote br clipboard-copy code del div em h1 h2 h3 h4 h5 h6 hr img input li ol p pre span strong
    table tbody td th thead tr ul math menclose mfrac mi mn mo mover mpadded mphantom mroot mrow mspace msqrt
    mstyle msub msubsup msup mtable mtd mtext mtr munder munderover
"""


def elements(html: str) -> list[Element]:
    """Every element, as a browser would make them of the HTML."""
    root = html5lib.parseFragment(html, namespaceHTMLElements=False)
    return [each for each in root.iter() if each is not root]


def only(html: str, name: str) -> Element:
    """The element of this name, of which there must be one."""
    (found,) = (each for each in elements(html) if local(each.tag) == name)
    return found


def local(name: str) -> str:
    return name.rpartition("}")[2]


def text_of(html: str) -> str:
    return "".join(html5lib.parseFragment(html).itertext())


def assert_inert(html: str) -> None:
    for element in elements(html):
        assert local(element.tag) in ELEMENTS.split(), html
        for name, value in element.attrib.items():
            assert not re.match(r"on|hx-|x-|data-|@|:|style|srcdoc|action|name$", local(name)), html
            assert local(name) != "id" or re.fullmatch(r"p-code-[0-9]+", value), html
            if local(name) in ("href", "src"):
                scheme = re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*(?=:)", value)
                assert not scheme or scheme[0].lower() in ("http", "https", "mailto"), html


def feed(text: str, sizes: Iterator[int], references: References = ()) -> Iterator[tuple[str, IncrementalRenderer]]:
    """The renderer after every piece, with the text so far."""
    renderer = MARKDOWN.incremental(prefix="p-", references=references)
    at = 0
    while at < len(text):
        size = next(sizes)
        renderer.feed(text[at : at + size])
        at += size
        yield text[:at], renderer


def finished(text: str, sizes: Iterator[int], references: References = ()) -> str:
    *_, (_, renderer) = feed(text, sizes, references)
    renderer.finish()
    assert renderer.tail == ""
    return "".join(renderer.blocks)


def assert_no_level_is_skipped(html: str) -> None:
    levels = [1] + [int(each.tag[1]) for each in elements(html) if re.fullmatch("h[1-6]", local(each.tag))]
    assert 1 not in levels[1:], html
    assert all(below <= above + 1 for above, below in pairwise(levels)), html


def check_frame(text: str, renderer: IncrementalRenderer, references: References = ()) -> None:
    """A frame is the render of the text so far, and follows from it alone."""
    frame = "".join(renderer.blocks) + renderer.tail
    assert clean(frame) == frame
    assert_no_level_is_skipped(frame)
    assert [clean(block) for block in renderer.blocks] == renderer.blocks
    *_, (_, fresh) = feed(text, repeat(len(text)), references)
    assert (fresh.blocks, fresh.tail) == (renderer.blocks, renderer.tail)
    fence, late_definition, half_line_end = re.search("```|~~~", text), "]:" in text, text.endswith("\r")
    if not (fence or late_definition or half_line_end):
        assert frame == MARKDOWN.render(text, prefix="p-", references=references)


# Incremental and at once


@needs_spec
def test_every_example_fed_by_the_character_equals_the_whole() -> None:
    assert len(EXAMPLES) == 655
    for text, _ in EXAMPLES:
        assert finished(text, repeat(1)) == MARKDOWN.render(text, prefix="p-"), text


@needs_spec
@given(st.lists(st.sampled_from(EXAMPLES or [("", "")]), min_size=2, max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_any_split_of_any_examples_equals_the_whole(examples: list[tuple[str, str]], chance: random.Random) -> None:
    text = "\n".join(text for text, _ in examples)
    sizes = (chance.choice((1, 3, 20, 200)) for _ in repeat(None))
    assert finished(text, sizes, REFERENCES) == MARKDOWN.render(text, prefix="p-", references=REFERENCES)


@given(nasty_texts, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_every_frame_is_sound(text: str, chance: random.Random) -> None:
    for so_far, renderer in feed(text, (chance.choice((1, 2, 5, 20)) for _ in repeat(None)), REFERENCES):
        check_frame(so_far, renderer, REFERENCES)
    renderer.finish()
    html = "".join(renderer.blocks)
    assert html == MARKDOWN.render(text, prefix="p-", references=REFERENCES)
    assert clean(html) == html
    assert_inert(html)


@needs_spec
def test_the_writer_agrees_with_pyromark() -> None:
    """But for what is changed on purpose: raw HTML, images, URL schemes, links without a text, levels of headings."""
    plain = Markdown(Environment(autoescape=True).from_string("<pre><code>{{ code|safe }}</code></pre>").render)
    checked = [text for text, _ in EXAMPLES if not re.search(r"<(?!https?:)[a-zA-Z/!?]|!\[|\[\]|:/*[a-z]+:", text)]
    assert len(checked) > 400
    for text in checked:
        assert outline(document(text, plain)) == outline(pyromark.html(text, options=OPTIONS)), text


def document(text: str, markdown: Markdown = MARKDOWN) -> str:
    return "".join(segment.html for segment in markdown.marked(text, 0, 0))


def outline(html: str) -> list[tuple[str, str]]:
    """The elements with their texts, without headings' levels and what has no meaning."""
    return [
        (re.sub("^h[1-6]$", "h", each.tag), "".join("".join(each.itertext()).split()))
        for each in elements(html)
        if each.tag not in ("span", "div") and (each.tag[:1] != "h" or "".join(each.itertext()).strip())
    ]


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("one\n", 0),
        ("one\n\n", 1),
        ("one\n# two", 0),
        ("one\n# two\n", 1),
        ("one\n\ntwo\n\nthree\n", 2),
        ("- one\n\n- two\n", 0),
        ("one\n\n2.", 1),
        ("one\n-", 0),
        ("```\none\n```", 0),
        ("```\none\n```\n", 1),
        ("- one\n\n[a]: /x\n", 1),
    ],
)
def test_blocks_are_committed_when_no_later_line_can_change_them(text: str, blocks: int) -> None:
    *_, (_, renderer) = feed(text, repeat(1))
    assert len(renderer.blocks) == blocks


def test_a_late_definition_resets_the_blocks_once() -> None:
    *_, (_, renderer) = feed("[a] and [b]\n\n[c]\n\n[a]: /a\n[b]: /b\n[a]: /other\n", repeat(1))
    before = list(renderer.blocks)
    assert "href" not in "".join(before)
    renderer.feed("\nend\n\n[a]\n\n")
    assert renderer.resets == 1
    assert renderer.blocks[1:2] == before[1:2]
    assert [each.get("href") for each in elements("".join(renderer.blocks)) if each.tag == "a"] == ["/a", "/b", "/a"]


def test_definitions_between_a_list_and_a_paragraph_stay_with_the_paragraph() -> None:
    """Alone, the last line would be a list."""
    text = "- one\n\n[a]: /a\n10) two\n"
    for size in (1, len(text)):
        *_, (_, renderer) = feed(text, repeat(size))
        assert [text_of(block) for block in renderer.blocks] == ["one"]
        assert only(renderer.tail, "p").text == "10) two"


def test_a_definition_that_nothing_waits_for_does_not_reset() -> None:
    *_, (_, renderer) = feed("[a]\n\n[b]: /b\n\n[b]\n\nend\n\n", repeat(1))
    assert renderer.resets == 0


@pytest.mark.parametrize(
    "definition",
    [
        '[a]: </u> "b&#10;&#10;c"',
        '[a]: </u&#13;&#10;> "b&#13;c"',
        "[a]: </u\\<&amp;amp;\\\\> '\"<b>&amp;lt;\\\\'",
        "> [A]: /u\n> (b\n> c)",
    ],
)
def test_a_definition_holds_in_what_comes(definition: str) -> None:
    text = f"{definition}\n\n***\n\n[a]\n"
    assert finished(text, repeat(1)) == MARKDOWN.render(text, prefix="p-")
    assert only(MARKDOWN.render(text), "a").text == "a"


def test_what_is_rewritten_keeps_its_place() -> None:
    text = "# one\n\n```\na\n```\n\n- [a]\n\n  #### two\n\n  ```\n  b\n  ```\n\n# three\n\n[a]: /a\n"
    assert finished(text, repeat(1)) == MARKDOWN.render(text, prefix="p-")
    assert "p-code-2" in MARKDOWN.render(text, prefix="p-")


# Headings


@pytest.mark.parametrize(
    ("levels", "answer", "whole_document"),
    [
        ([1, 2, 3], [2, 3, 4], [1, 2, 3]),
        ([4, 2, 3], [2, 2, 3], [1, 1, 2]),
        ([2, 4, 3, 2], [2, 3, 3, 2], [1, 2, 2, 1]),
        ([2, 6, 5, 6], [2, 3, 3, 4], [1, 2, 2, 3]),
        ([1, 2, 1], [2, 3, 2], [1, 2, 1]),
        ([1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6, 6], [1, 2, 3, 4, 5, 6]),
    ],
)
def test_no_level_is_skipped(levels: list[int], answer: list[int], whole_document: list[int]) -> None:
    text = "".join(f"{'#' * level} x\n" for level in levels)
    assert [int(each.tag[1]) for each in elements(finished(text, repeat(1)))] == answer
    assert [int(each.tag[1]) for each in elements(document(text))] == whole_document


def test_headings_in_quotes_and_items_count() -> None:
    html = MARKDOWN.render("> # a\n\n- ### b\n\n#### c\n")
    assert [each.tag for each in elements(html) if each.tag in ("h2", "h3", "h4")] == ["h2", "h3", "h4"]


def test_a_heading_without_a_text_is_left_out() -> None:
    html = MARKDOWN.render("# a\n\n##\n\n### b\n\n> ## ##\n")
    assert [(each.tag, each.text) for each in elements(html) if each.tag[0] == "h"] == [("h2", "a"), ("h3", "b")]


# Code


def test_a_closed_code_block_is_highlighted_and_can_be_copied() -> None:
    html = MARKDOWN.render("```py\n\ndef f(): <b>\n```\n\n- ```unknown\n  <i>\n  ```\n", prefix="answer-7-")
    codes = [each for each in elements(html) if each.tag == "code"]
    buttons = [each for each in elements(html) if each.tag == "clipboard-copy"]
    assert [each.get("id") for each in codes] == ["answer-7-code-1", "answer-7-code-2"]
    assert [each.get("for") for each in buttons] == ["answer-7-code-1", "answer-7-code-2"]
    assert ["".join(each.itertext()) for each in codes] == ["\ndef f(): <b>\n", "<i>\n"]
    assert [each.tag for each in codes[0]][:1] == ["span"]
    assert not list(codes[1])
    assert all(each.get("tabindex") == "0" for each in elements(html) if each.tag == "pre")


def test_very_long_code_is_plain() -> None:
    for lines, highlighted in ((100, True), (4000, False)):
        code = only(MARKDOWN.render("```py\n" + "x = 1\n" * lines + "```\n"), "code")
        assert "".join(code.itertext()) == "x = 1\n" * lines
        assert bool(list(code)) is highlighted


def test_an_open_fence_only_grows_and_is_plain() -> None:
    code = "``~~~\n\n  ```x\ndef f(a): return '<&\"'\n    ```\n~~~\n`` `\nend\n"
    shown = ""
    for _, renderer in feed(f"````py\n{code}", repeat(1)):
        if len(renderer.tail) < 10 or not renderer.tail.startswith("<pre"):
            continue
        before, inserted = renderer.tail.removesuffix("</code></pre>"), text_of(renderer.tail)
        assert before.startswith(shown)
        assert not [each for each in elements(renderer.tail) if each.tag in ("span", "clipboard-copy")]
        shown = before
    assert inserted == code.removesuffix("\n")
    renderer.feed("````")
    assert text_of(renderer.tail) in (inserted, f"{inserted}\n")
    renderer.feed("\n")
    assert [only(each, "clipboard-copy").get("for") for each in renderer.blocks] == ["p-code-1"]


# Links, images, math, tables, tasks


def test_citations_are_links_that_keep_their_brackets() -> None:
    html = MARKDOWN.render("So it is [1][2]. [1]: no. [text][2] [3]\n\n[1]: /mine\n", references=REFERENCES)
    links = [
        (each.text, each.get("href"), each.get("rel"), each.get("title")) for each in elements(html) if each.tag == "a"
    ]
    title = 'a "b" <i>\n\\ &amp; [x]'
    other = ("https://example.org/2", "nofollow noopener", None)
    assert links == [
        ("[1]", "/documents/1", None, title),
        ("[2]", *other),
        ("[1]", "/documents/1", None, title),
        ("text", *other),
    ]
    assert "[3]" in text_of(html)


def test_the_first_reference_of_a_label_wins() -> None:
    references = (Reference("1", "/first"), Reference("1", "/second"))
    assert only(MARKDOWN.render("[1]", references=references), "a").get("href") == "/first"


@pytest.mark.parametrize(
    ("url", "foreign"),
    [("/x", False), ("#x", False), ("//evil.example", True), ("/\\evil.example", False), ("https://example.org", True)],
)
def test_links_elsewhere_are_not_followed(url: str, foreign: bool) -> None:
    link = only(MARKDOWN.render(f"[x]({url})"), "a")
    assert (link.get("rel") == "nofollow noopener") is foreign
    assert not (link.get("href") or "").startswith("/\\")


def test_an_image_from_elsewhere_is_a_link() -> None:
    assert only(MARKDOWN.render("![a *b*](/x.png)"), "img").attrib == {"src": "/x.png", "alt": "a b"}
    assert only(MARKDOWN.render("![a *b*](https://example.org/x.png)"), "a").text == "a b"
    assert only(MARKDOWN.render("![](//example.org/x.png)"), "a").text == "//example.org/x.png"
    assert only(MARKDOWN.render("[![a](//example.org/x.png)](/y)"), "a").attrib == {"href": "/y"}


def test_line_ends_part_words() -> None:
    html = MARKDOWN.render("a\nb  \nc\\\nd")
    assert text_of(html) == "a\nbcd"
    assert sum(each.tag == "br" for each in elements(html)) == 2


def test_a_link_has_a_text() -> None:
    assert only(MARKDOWN.render("[](/x)"), "a").text == "/x"


def test_math_is_mathml() -> None:
    html = MARKDOWN.render("$\\frac{a}{b} < c$ and\n\n$$\\sum_i x_i$$\n")
    inline, block = (each for each in elements(html) if local(each.tag) == "math")
    assert (inline.get("display"), block.get("display")) == ("inline", "block")
    assert [local(each.tag) for each in inline.iter()][:3] == ["math", "mrow", "mfrac"]
    assert "".join(inline.itertext()) == "ab<c"
    assert (inline.get("tabindex"), block.get("tabindex")) == (None, "0")


@pytest.mark.parametrize(
    "text",
    [
        r"\(x\) and \( y_1*z \), *\(a*b\)* [\(c\)](/u)",
        "**\\[x\\]** so\n\\[\nx_1 \\\\ y\n\\]\n",
        "# \\(x\\)\n\n> - \\[\n>   x\n>   \\]\n\n|\\(x\\)|\n|-|\n|\\( y \\)|\n",
        r"$5 or \(x\)",
        r"\$5 (\(x\))",
        r"\(\left\{ x^* \right.\) \(y^* \text{ if } z\)",
    ],
)
def test_tex_between_backslashes_is_math(text: str) -> None:
    same = re.sub(r"\\[(] ?(.*?) ?\\[)]", r"$\1$", text).replace("\\[", "$$").replace("\\]", "$$")
    assert texts_and_math(finished(text, repeat(1))) == texts_and_math(MARKDOWN.render(same))
    assert local("math") in [local(each.tag) for each in elements(MARKDOWN.render(text))]


def texts_and_math(html: str) -> list[tuple[str, str, str]]:
    """The elements with their texts and what follows; one group more around a formula does not count."""
    return [
        (local(each.tag), "".join(each.itertext()).strip(), each.tail or "")
        for each in elements(html)
        if local(each.tag) != "mrow"
    ]


@pytest.mark.parametrize(
    "text",
    [
        r"`\(x\)` `\[x\]`",
        "```\n\\(x\\)\n```\n\n    \\[x\\]\n",
        r"\\(x\\) \\[x\\]",
        r"\\[x \]",
        r"\(x \[y \)z",
        "\\(x\n\ny\\)",
        "- \\(x\n- y\\)",
        "|\\(x|y\\)|\n|-|-|\n",
        r"\(x",
        r"\( \) \[ \] \(\) \({\)",
        r"$5 (\(x\))",
        r"\(x\)$5 $\(x\)",
        r"[x](/\(y\) '\(z\)')",
        r"<b title='\(x\)'>",
    ],
)
def test_other_escaped_brackets_are_brackets(text: str) -> None:
    """As in a document, where none is TeX."""
    assert MARKDOWN.render(text) == document(text)


def test_of_two_formulas_that_touch_the_second_is_text() -> None:
    """Between dollars, `$x$$y$`, they could not be told apart."""
    html = MARKDOWN.render(r"\(x\)\(y\)")
    assert only(html, "math").tail == "(y)"


def test_a_label_that_looks_like_tex_waits_for_its_definition() -> None:
    text = "[\\(][\\)]\n\n[\\)]: /x\n"
    assert finished(text, repeat(1)) == MARKDOWN.render(text)
    assert only(MARKDOWN.render(text), "a").get("href") == "/x"


TEX = r"\( \) \[ \] $5 $x$ x { } * _ ` ( ) | \\"
tex_texts = st.lists(st.sampled_from([*TEX.split(), " ", "\n", "\n\n", "\n> ", "\n- "]), min_size=1, max_size=20).map(
    "".join
)


@given(tex_texts)
@settings(max_examples=300, deadline=None)
def test_tex_leaves_no_dollars_of_its_own(text: str) -> None:
    html = re.sub("<math.*?</math>|<code.*?</code>", " ", MARKDOWN.render(text), flags=re.DOTALL)
    assert all(ours in text or ours not in html for ours in ("${", "}$", "$$"))


@given(tex_texts)
@settings(max_examples=300, deadline=None)
def test_tex_is_the_same_in_every_frame(text: str) -> None:
    for so_far, renderer in feed(text, repeat(3), REFERENCES):
        check_frame(so_far, renderer, REFERENCES)
    assert finished(text, repeat(1)) == MARKDOWN.render(text, prefix="p-")


@pytest.mark.parametrize("tex", ["a_b_c", r"\begin{x}", r"\left(", r"\sqrt" * 399, "x" * 5000])
def test_math_that_cannot_be_read_shows_its_source(tex: str) -> None:
    assert only(MARKDOWN.render(f"${tex}$"), "code").text == tex
    assert only(MARKDOWN.render(f"\\({tex}\\)"), "code").text == tex


def test_tables_name_their_columns() -> None:
    html = MARKDOWN.render("|  | b |\n|-|-:|\n| *c* | d |\n")
    cells = [(each.tag, each.get("scope"), each.get("align")) for each in elements(html) if each.tag in ("td", "th")]
    assert cells == [("td", None, None), ("th", "col", "right"), ("td", None, None), ("td", None, "right")]


def test_a_table_can_be_scrolled_by_keys() -> None:
    box = only(MARKDOWN.render("|a|\n|-|\n"), "div")
    assert box.attrib == {"class": "table-scroll", "tabindex": "0", "role": "group", "aria-label": "Table"}
    assert [each.tag for each in box] == ["table"]


def test_tasks_are_disabled_checkboxes_with_names() -> None:
    boxes = [each.attrib for each in elements(MARKDOWN.render("- [x] a\n- [ ] b\n")) if each.tag == "input"]
    common = {"type": "checkbox", "disabled": ""}
    assert boxes == [common | {"checked": "", "aria-label": "Done"}, common | {"aria-label": "To do"}]


# Marked spans


@given(nasty_texts, st.integers(-5, 80), st.integers(0, 80))
@settings(max_examples=100, deadline=None)
def test_marks_change_nothing_but_mark(text: str, start: int, length: int) -> None:
    segments = MARKDOWN.marked(text, max(start, 0), max(start, 0) + length)
    assert "".join(segment.html for segment in segments) == document(text)
    assert not [segment for segment in segments if segment.marked and re.search("[<>]", segment.html)]
    assert not re.search(f"[{MARK}{UNMARK}]", "".join(segment.html for segment in segments))


@pytest.mark.parametrize(
    ("text", "start", "end", "marked"),
    [
        ("one two three", 4, 7, ["two"]),
        ("é *one two* three", 5, 14, ["e two", " th"]),
        ("a\r\nbc", 3, 4, ["b"]),
        ("x &amp; y", 3, 8, ["&amp; "]),
        ("a\\*b `code` <i>", 1, 99, ["*b ", "code", " &lt;i&gt;"]),
        ("\ufdd0one\ufdd1", 1, 3, ["on"]),
        ("x &ngE; y", 4, 5, ["\u2267\u0338"]),
        ("one", 2, 1, []),
        ("```\none\n```", 0, 9, []),
    ],
)
def test_marks_cover_the_characters(text: str, start: int, end: int, marked: list[str]) -> None:
    assert [segment.html for segment in MARKDOWN.marked(text, start, end) if segment.marked] == marked


# Hostile input


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_inert_in_every_frame(attack: str) -> None:
    for _, renderer in feed(attack, repeat(1)):
        assert_inert("".join(renderer.blocks) + renderer.tail)
    assert_inert(MARKDOWN.render(attack, prefix="p-"))


def test_raw_html_shows_as_text() -> None:
    html = MARKDOWN.render("<div onclick=x>\n*a*\n\nb <i>c</i>")
    assert text_of(html).split() == ["<div", "onclick=x>", "*a*", "b", "<i>c</i>"]
    assert {each.tag for each in elements(html)} == {"p"}


def test_what_the_page_cannot_hold_is_replaced() -> None:
    assert text_of(MARKDOWN.render("a\0b\ud800c\ufdd0d")) == "a\ufffdb\ufffdc\ufffdd"
    for character in ("&#0;", "&#13;", "&#xd800;", f"&#{ord(MARK)};"):
        html = MARKDOWN.render(
            f'a{character} $\\text{{b{character}}}$ ![{character}](/x "{character}")\n``` x{character}\n```\n'
        )
        assert clean(html) == html
        assert "\ufffd" in text_of(html)
        assert MARK not in html


def seconds(act: Callable[[], object]) -> float:
    """Of the processor, as the other tests of this run take some of the time."""
    began = time.process_time()
    act()
    return time.process_time() - began


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "[a](",
        "[a]",
        "![",
        "> ",
        ">",
        "- a\n",
        "*a ",
        "**a",
        "_*",
        "` `` ",
        "x" * 10,
        "<",
        "<!--",
        "$a$ ",
        "~~a",
        "a [b]\n\n",
        "|a|\n|-|\n",
        "\\(",
        "\\[a\\] ",
        "\\({\\) ",
        "# a\n",
    ],
)
def test_time_is_linear(unit: str) -> None:
    def work(count: int) -> float:
        text = unit * count + f"\n\n{random.random()}"
        return seconds(lambda: MARKDOWN.render(text)) + seconds(lambda: finished(text, repeat(len(text) // 4 + 1)))

    small, large = min(work(1_000) for _ in range(3)), min(work(10_000) for _ in range(2))
    assert large < 20 * small + 0.05


def test_a_table_too_wide_is_text() -> None:
    wide = "|a" * 1000 + "\n" + "|-" * 1000 + "\n" + "|b\n" * 1000
    assert not [each for each in elements(MARKDOWN.render(wide)) if each.tag == "table"]
    assert only(MARKDOWN.render("|a" * 40 + "\n" + "|-" * 40), "table")


def test_nesting_is_bounded() -> None:
    html = MARKDOWN.render(">" * 10_000 + "- " * 50 + "**a " * 1_000)
    assert sum(each.tag == "blockquote" for each in elements(html)) == 100
    assert text_of(html).endswith("a")
