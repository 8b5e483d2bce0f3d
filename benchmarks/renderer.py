"""What a frame of a streamed answer costs: `python -m benchmarks.renderer`.

An answer comes in frames of four tokens. The incremental renderer writes the open tail again at each frame; beside it
stands rendering all the text so far again, as without such a renderer. Then what one frame costs whose open block is
huge, because nothing else is served meanwhile.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from app.ai import notation
from app.ai.markdown import Markdown, Reference
from app.ai.safe_html import clean

TEMPLATES = Environment(loader=FileSystemLoader(Path(__file__).parents[1] / "app/templates"), autoescape=True)
CODE_BLOCK = TEMPLATES.get_template("partials/code_block.html").render
TOKEN = 4  # characters
FRAME = 4 * TOKEN
SECTION = """## {n}. Choosing an index

A *covering* index answers the query **without reading the table**, see [the manual](https://example.org/{n}). It takes
about `12 %` more space [1], and each write has to keep it up to date, so measure before you add number {n}.

- Look at the slowest queries first: `EXPLAIN QUERY PLAN` tells which index they use [2][3].
- Put columns that are compared for equality in front of those that are sorted by.
- Drop what nobody reads:
  1. indexes that are a prefix of another,
  2. indexes on columns with {n} values.

```python
def slowest(queries: list[Query], n: int = {n}) -> list[Query]:
    return sorted(queries, key=lambda query: query.seconds, reverse=True)[:n]
```

| query | before | after |
|-------|-------:|------:|
| by customer | 120 ms | {n} ms |
| by day | 48 ms | 5 ms |

The time falls from $O(n)$ to $O(\\log_{n} n)$, as long as the index stays in memory.

"""

REFERENCES = tuple(Reference(str(n), f"/documents/{n}?start=100&end=300#quote", "A sentence. " * 15) for n in range(8))
HUGE = 100_000  # characters
HUGE_BLOCKS = {  # how each begins, and what is repeated in it
    "list": ("", "- item *{n}* with `code` and **bold** text that goes on\n"),
    "nested list": ("", "- item {n}\n  - sub *one*\n    1. deep\n"),
    "list with code": (
        "",
        "- To see the files of {n} days ago, run this:\n\n  ```sh\n  find . -mtime {n} | sort\n  ```\n\n",
    ),
    "table": ("| a | b | c |\n|---|--:|---|\n", "| cell {n} | *x* | `y` |\n"),
    "paragraph": ("", "word *{n}* and `code` "),
    "formulas": ("", "The time that it takes grows with \\( n^{{n}} \\), unless it is sorted. "),
    "code": ("```py\n", "def f{n}(x): return x < 1\n"),
}


def answer(tokens: int) -> str:
    """An answer of so many tokens, of sections that differ, so that no cache answers for the renderer."""
    text = ""
    while len(text) < tokens * TOKEN:
        text += SECTION.replace("{n}", str(text.count("##") + 1))
    return text[: tokens * TOKEN]


def stream(text: str) -> list[str]:
    """Feed the answer; the HTML of each frame: the blocks that it completes, and the tail."""
    renderer, html, known = Markdown(CODE_BLOCK).incremental(references=REFERENCES), [], 0
    for at in range(0, len(text), FRAME):
        renderer.feed(text[at : at + FRAME])
        html.append("".join(renderer.blocks[known:]) + renderer.tail)
        known = len(renderer.blocks)
    return html


def again(text: str) -> None:
    """Render all the text so far at each frame."""
    markdown = Markdown(CODE_BLOCK)
    for end in range(FRAME, len(text) + FRAME, FRAME):
        markdown.render(text[:end])


def microseconds(act: Callable[[], object], frames: int, repeat: int) -> float:
    """The least CPU time that a frame took in some runs, with cold caches."""
    times = []
    for _ in range(repeat):
        notation.highlighted.cache_clear()
        notation.formula.cache_clear()
        began = time.process_time()
        act()
        times.append(time.process_time() - began)
    return min(times) / frames * 1e6


def huge(start: str, unit: str) -> tuple[float, float]:
    """Milliseconds that it takes to feed a huge open block at once, and then one frame more."""
    text = start + "".join(unit.replace("{n}", str(n)) for n in range(HUGE // len(unit)))
    renderer = Markdown(CODE_BLOCK).incremental()
    first, following = (microseconds(partial(renderer.feed, piece), 1, 1) for piece in (text, "more"))
    return first / 1000, following / 1000


def main() -> None:
    print(f"{'tokens':>8} {'frames':>8} {'incremental':>12} {'nh3 of it':>10} {'all again':>10}   us a frame")
    costs = []
    for tokens in (400, 4000):
        text = answer(tokens)
        html = stream(text)
        frames = len(html)
        costs.append(microseconds(partial(stream, text), frames, 5))
        cleaning = microseconds(partial(list, map(clean, html)), frames, 1)
        whole = microseconds(partial(again, text), frames, 1)
        print(f"{tokens:8} {frames:8} {costs[-1]:12.0f} {cleaning / costs[-1]:10.0%} {whole:10.0f}")
    print(f"a frame of the long answer takes {costs[1] / costs[0]:.2f} times one of the short answer (1 is linear)")
    for name, (start, unit) in HUGE_BLOCKS.items():
        first, following = huge(start, unit)
        print(f"{name:>16} of {HUGE // 1000} kB: {first:4.0f} ms at once, {following:4.0f} ms for the next frame")


if __name__ == "__main__":
    main()
