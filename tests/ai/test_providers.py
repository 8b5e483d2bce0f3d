"""The OpenAI-compatible provider against a real HTTP server; no mocks."""

import asyncio
import logging
import time
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import pytest

from app.ai import event_stream
from app.ai.providers import Delta, OpenAIProvider, Prompt, ProviderError, Turn
from tests.model_scripts import CITED, PROMPT_TOKENS, UNICODE, Script, chunk, complete, event
from tests.model_server import ANSWER, TOKENS, ModelServer

KEY = "sk-not-to-be-shown"
PATIENCE = 0.3  # seconds between chunks


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer(rate=0) as server:
        yield server


@pytest.fixture
async def provider(server: ModelServer) -> AsyncIterator[OpenAIProvider]:
    provider = OpenAIProvider(api_key=KEY, base_url=server.base_url, models=("normal",), timeout=PATIENCE)
    yield provider
    await provider.close()


def prompt(model: str, question: str = "How does streaming work?", continuation: str = "") -> Prompt:
    return Prompt(model, (Turn("user", question),), continuation=continuation)


async def answer(provider: OpenAIProvider, prompt: Prompt) -> list[Delta]:
    return [delta async for delta in provider.stream(prompt)]


def text(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas)


async def failure(provider: OpenAIProvider, model: str) -> tuple[ProviderError, str]:
    """The error that ends this model's answer, and the text before it."""
    said = ""
    with pytest.raises(ProviderError) as caught:
        async for delta in provider.stream(prompt(model)):
            said += delta.text
    return caught.value, said


async def soon(condition: Callable[[], object]) -> bool:
    """Whether it comes true within a quarter of a second."""
    for _ in range(50):
        if condition():
            return True
        await asyncio.sleep(0.005)
    return False


async def test_a_whole_answer_with_its_usage(provider: OpenAIProvider) -> None:
    deltas = await answer(provider, prompt("normal"))
    assert text(deltas) == ANSWER
    assert deltas[-1].finish_reason == "stop"
    assert (deltas[-1].prompt_tokens, deltas[-1].completion_tokens) == (PROMPT_TOKENS, len(TOKENS))


async def test_the_request_that_is_sent(server: ModelServer, provider: OpenAIProvider) -> None:
    await answer(provider, prompt("fast", "Why?"))
    (request,) = server.requests
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body["stream"] is True
    assert request.body["messages"] == [{"role": "user", "content": "Why?"}]


async def test_a_local_server_needs_no_key(server: ModelServer) -> None:
    provider = OpenAIProvider(api_key="", base_url=server.base_url, models=("normal",), timeout=PATIENCE)
    assert text(await answer(provider, prompt("cite"))) == CITED
    await provider.close()


async def test_the_first_words_wait_for_no_others(provider: OpenAIProvider) -> None:
    async with aclosing(provider.stream(prompt("paced-0.01"))) as deltas:
        async for delta in deltas:
            assert delta.text == TOKENS[0]  # the next one comes in 100 seconds
            break


async def test_a_slow_reader_gets_all_that_has_come_since(provider: OpenAIProvider) -> None:
    sizes = []
    async with aclosing(provider.stream(prompt("paced-200"))) as deltas:
        async for delta in deltas:
            sizes.append(len(delta.text))
            if len(sizes) == 6:
                break
            await asyncio.sleep(0.1)
    # 20 tokens of 5 characters come in each tenth of a second: one a pull would fall behind for ever.
    assert sum(sizes[1:]) > 5 * 60


async def test_characters_split_between_chunks(provider: OpenAIProvider) -> None:
    assert text(await answer(provider, prompt("split-utf8"))) == UNICODE


async def test_what_is_no_answer_is_left_out(server: ModelServer, provider: OpenAIProvider) -> None:
    second = {"index": 1, "delta": {"content": "another choice"}, "finish_reason": "length"}
    server.scripts["odd"] = lambda request: Script(
        [
            b": OPENROUTER PROCESSING\n\n",
            event({"choices": []}) + event({"choices": None, "usage": None}),
            chunk("odd", {"role": "assistant", "content": None, "reasoning_content": "Hmm."}),
            event({"choices": [second, {"delta": {"content": "Yes"}}]}).replace(b"\n", b"\r\n"),
            event({"choices": [{"index": 0, "delta": None}]}),
            chunk("odd", {"content": [{"type": "thinking"}]}),
            *complete(request, ["."]),
        ]
    )
    assert text(await answer(provider, prompt("odd"))) == "Yes."


@pytest.mark.parametrize(
    ("last", "reason"),
    [(b"data: [DONE]\n\n", "stop"), (b"data: [DONE]", "stop"), (chunk("odd", {}, "length"), "length")],
)
async def test_done_or_a_finish_reason_is_a_whole_answer(
    server: ModelServer, provider: OpenAIProvider, last: bytes, reason: str
) -> None:
    server.scripts["odd"] = lambda _: Script([chunk("odd", {"content": "Yes."}), last])
    deltas = await answer(provider, prompt("odd"))
    assert (text(deltas), deltas[-1].finish_reason) == ("Yes.", reason)


async def test_a_finished_answer_survives_a_bad_end(server: ModelServer, provider: OpenAIProvider) -> None:
    server.scripts["odd"] = lambda _: Script([chunk("odd", {"content": "Yes."}, "stop")], ending="drop")
    assert text(await answer(provider, prompt("odd"))) == "Yes."


@pytest.mark.parametrize(("model", "reason"), [("length", "length"), ("content-filter", "content_filter")])
async def test_why_an_answer_ended_early_is_told(provider: OpenAIProvider, model: str, reason: str) -> None:
    deltas = await answer(provider, prompt(model))
    assert deltas[-1].finish_reason == reason
    assert text(deltas) == "".join(TOKENS[:200])


@pytest.mark.parametrize(
    ("model", "sentence", "retryable", "wait"),
    [
        ("400", "{host} did not accept this request to 400.", False, None),
        ("400-context", "This conversation is too long for 400-context.", False, None),
        ("401", "{host} refused the API key.", False, None),
        ("404", "{host} has no model named 404.", False, None),
        ("429", "{host} is getting too many requests. Try again in 1 s.", True, 1.0),
        ("429-quota", "The account at {host} has no credit left.", False, None),
        ("500", "{host} has trouble of its own.", True, None),
        ("silent", "{host} did not answer in time.", True, None),
    ],
)
async def test_a_refusal_says_what_to_do(
    server: ModelServer, provider: OpenAIProvider, model: str, sentence: str, retryable: bool, wait: float | None
) -> None:
    error, said = await failure(provider, model)
    assert error.message.startswith(sentence.format(host=f"127.0.0.1:{server.port}"))
    assert (error.retryable, error.retry_after, said) == (retryable, wait, "")
    assert len(server.requests) == 1  # whether to try again is for the caller to say


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("cut", "The connection to {host} broke"),
        ("cut-clean", "The connection to {host} broke"),
        ("stall", "{host} fell silent"),
        ("malformed", "{host} sent something that is no answer"),
        ("error-event", "{host} has trouble of its own"),
    ],
)
async def test_an_answer_that_breaks_keeps_its_text_and_is_not_retried(
    server: ModelServer, provider: OpenAIProvider, model: str, sentence: str
) -> None:
    error, said = await failure(provider, model)
    assert error.message.startswith(sentence.format(host=f"127.0.0.1:{server.port}"))
    assert said == "".join(TOKENS[:200])
    assert not error.retryable


async def test_an_error_event_before_the_first_word_may_be_retried(
    server: ModelServer, provider: OpenAIProvider
) -> None:
    server.scripts["busy"] = lambda _: Script([event({"error": {"code": 429, "message": "Busy."}})])
    error, _ = await failure(provider, "busy")
    assert "too many requests" in error.message
    assert error.retryable


@pytest.mark.parametrize(
    "body", [b"<!doctype html>", b'{"choices": []}', b"data: [1]\n\n", b'data: {"choices": 5}\n\n']
)
async def test_what_is_no_stream_points_to_the_base_url(
    server: ModelServer, provider: OpenAIProvider, body: bytes
) -> None:
    server.scripts["page"] = lambda _: Script(body=body)
    error, _ = await failure(provider, "page")
    assert "check the base URL" in error.message


async def test_a_server_that_is_not_there(server: ModelServer, provider: OpenAIProvider) -> None:
    await server.stop()
    error, _ = await failure(provider, "normal")
    assert error.message.startswith(f"127.0.0.1:{server.port} cannot be reached.")
    assert error.retryable


async def test_the_timeout_is_for_the_next_chunk_and_not_for_the_whole(
    server: ModelServer, provider: OpenAIProvider
) -> None:
    server.scripts["sparse"] = lambda request: Script(complete(request, TOKENS[:5]), rate=10)
    began = time.monotonic()
    assert text(await answer(provider, prompt("sparse"))) == "".join(TOKENS[:5])
    assert time.monotonic() - began > PATIENCE
    began = time.monotonic()
    await failure(provider, "silent")
    assert PATIENCE < time.monotonic() - began < 2 * PATIENCE


async def test_once_failed_the_next_try_succeeds(server: ModelServer, provider: OpenAIProvider) -> None:
    for model in ("429-once", "500-once"):
        assert (await failure(provider, model))[0].retryable
        assert text(await answer(provider, prompt(model))) == ANSWER


async def test_the_key_is_never_shown(provider: OpenAIProvider, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    error, _ = await failure(provider, "401")
    assert KEY not in "".join(traceback.format_exception(error))
    assert "Incorrect API key provided: ..." in caplog.text
    assert KEY not in caplog.text


async def test_a_server_that_refuses_stream_options_is_asked_without(
    server: ModelServer, provider: OpenAIProvider
) -> None:
    refusal = Script(body=b'{"error": {"message": "Unknown field: stream_options"}}', status="400 Bad Request")
    server.scripts["old"] = lambda request: (
        refusal if "stream_options" in request.body else Script(complete(request, ["Yes."]))
    )
    for _ in range(2):
        deltas = await answer(provider, prompt("old"))
        assert (text(deltas), deltas[-1].completion_tokens) == ("Yes.", None)
    assert ["stream_options" in request.body for request in server.requests] == [True, False, False]


async def test_closing_the_stream_cancels_the_model(server: ModelServer, provider: OpenAIProvider) -> None:
    async with aclosing(provider.stream(prompt("paced-100"))) as deltas:
        assert (await anext(deltas)).text
    assert await soon(lambda: server.cancelled)


@pytest.mark.parametrize("model", ["paced-100", "silent"])
async def test_cancelling_the_task_cancels_the_model(server: ModelServer, provider: OpenAIProvider, model: str) -> None:
    task = asyncio.create_task(answer(provider, prompt(model)))
    assert await soon(lambda: server.requests)
    await asyncio.sleep(0.05)
    task.cancel()
    assert await soon(lambda: server.cancelled)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cancelling_a_reader_that_pauses_between_pulls(server: ModelServer, provider: OpenAIProvider) -> None:
    async def read() -> None:
        async with aclosing(provider.stream(prompt("paced-100"))) as deltas:
            async for _ in deltas:
                await asyncio.sleep(10)

    task = asyncio.create_task(read())
    assert await soon(lambda: server.requests)
    await asyncio.sleep(0.1)
    task.cancel()
    assert await soon(lambda: server.cancelled)


async def test_connections_are_used_again(server: ModelServer, provider: OpenAIProvider) -> None:
    for _ in range(5):
        await answer(provider, prompt("fast"))
    assert server.connections == 1


@pytest.mark.parametrize("model", ["continue", "cut"])
async def test_an_interrupted_answer_is_continued_where_it_stopped(provider: OpenAIProvider, model: str) -> None:
    said = ANSWER[:985]
    assert said + text(await answer(provider, prompt(model, continuation=said))) == ANSWER


async def test_while_the_reader_is_busy_the_connection_is_not_read(provider: OpenAIProvider) -> None:
    begin = provider._client.chat.completions.with_streaming_response.create
    async with begin(model="paced-200", messages=[{"role": "user", "content": "Hello?"}], stream=True) as response:
        transport = event_stream._transport(response.http_response)
        assert transport  # or a new version of a library hides it, and every token wakes the event loop
        async with aclosing(event_stream.parts(response.http_response)) as parts:
            await anext(parts)
            assert not transport.is_reading()
            await anext(parts)  # and what has come since is read
