"""Asking the language model: calls side by side within a budget, with every fault of a server handled.

No entry is lost, and no answer that was paid for: each call's answers are kept before the next one is made.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from ledes_engine.coding.llm import prompt
from ledes_engine.coding.llm.audit import Audit
from ledes_engine.coding.llm.budget import Budget, Spent, price_at_most
from ledes_engine.coding.llm.prompt import Answer, Codes, Question
from ledes_engine.coding.llm.redaction import leaks
from ledes_engine.coding.llm.settings import ModelSettings, examine
from ledes_engine.coding.memory import Memory
from ledes_engine.model import LedesError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

# A reply of more bytes is none: ten entries take some kilobytes.
_LARGEST_REPLY = 1 << 20
# So many calls that fail one after another end the run: the server is down.
_MOST_FAILURES = 3
# An entry is asked about at most so often.
_MOST_TRIES = 2
_LOCAL = ("localhost", "127.0.0.1", "::1")

ADDRESSED = "the narrative speaks to a language model, so it was not sent"
LEAK = "the narrative could not be made anonymous, so it was not sent"
BUDGET = "the budget for the language model is used up"
REFUSED = "the language model refused to answer"
NO_ANSWER = "the language model gave no answer that can be used"
DOWN = "the language model's server did not answer"
LIES = "the server counts more tokens than a call can take, so no limit would hold"
# Seconds between attempts: the first pause, which doubles, and the longest.
_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_SERVERS_FAULT = 500


class Group(NamedTuple):
    """Questions that share their codes."""

    codes: Codes
    questions: tuple[Question, ...]


class Asked(NamedTuple):
    """What came of asking: answers, and reasons why there is none, by the number of the question."""

    answers: dict[int, Answer]
    reasons: dict[int, str]
    spent: Spent
    cached: int  # answers that were there already
    stopped: str = ""  # why the run ended early, in words


class Estimate(NamedTuple):
    """What a run would take at most: entries, calls, tokens told and answered, their price, and the prompts."""

    entries: int
    calls: int
    told: int
    answered: int
    cost: str
    prompts: list[list[dict[str, str]]]


class Asker:
    """One run; `told` is called with each number that is settled."""

    def __init__(
        self,
        settings: ModelSettings,
        memory: Memory,
        *,
        environment: Mapping[str, str] | None = None,
        told: Callable[[int], None] = lambda number: None,
    ) -> None:
        examine(settings)
        self._settings, self._memory, self._told = settings, memory, told
        environment = os.environ if environment is None else environment
        self._key = environment.get(settings.key_variable, "")
        self._audit = Audit(settings.audit, self._key)
        self._budget = Budget(settings)
        self._answers: dict[int, Answer] = {}
        self._reasons: dict[int, str] = {}
        self._same: dict[int, list[int]] = {}  # questions of one text: the first speaks for all
        self._keys: dict[int, bytes] = {}
        self._tries: dict[int, int] = {}
        self._failures = 0
        self._cached = 0
        self._stopped = ""

    def estimate(self, groups: Iterable[Group]) -> Estimate:
        """What `ask` would send and take; nothing is sent."""
        batches = [(group, batch) for group in self._open(groups) for batch in self._batches(group.questions)]
        prompts = [prompt.messages(batch, group.codes) for group, batch in batches]
        shapes = [prompt.schema(batch, group.codes) for group, batch in batches]
        told = sum(map(prompt.tokens_of, prompts, shapes))
        answered = sum(_most_answered(batch) for _, batch in batches)
        cost = price_at_most(self._settings, told, answered)
        entries = sum(len(self._same[one.number]) for _, batch in batches for one in batch)
        return Estimate(entries, len(batches), told, answered, f"{cost:.4f}" if cost else "", prompts)

    def ask(self, groups: Iterable[Group]) -> Asked:
        """Ask about every question that the cache has no answer to."""
        groups = self._open(groups)
        if groups:
            self._refuse_bad_server()
            self._audit.note({"at": datetime.now(UTC).isoformat(), "event": "run", "model": self._settings.name})
            asyncio.run(self._run(groups))
        return Asked(self._answers, self._reasons, self._budget.spent, self._cached, self._stopped)

    def _open(self, groups: Iterable[Group]) -> list[Group]:
        """The groups without what needs no call: known answers, second ones of a text, and what must not be sent."""
        left = []
        for group in groups:
            first: dict[bytes, int] = {}
            questions = []
            for question in group.questions:
                key = self._key_of(question, group.codes)
                reason = _unfit(question)
                kept = None if reason else self._memory.answer(key)
                if reason:
                    self._give_up(question.number, reason)
                elif kept is not None:
                    self._settle(question.number, Answer(**json.loads(kept)))
                    self._cached += 1
                elif key in first:
                    self._same[first[key]].append(question.number)
                else:
                    first[key] = question.number
                    self._keys[question.number] = key
                    self._same[question.number] = [question.number]
                    questions.append(question)
            if questions:
                left.append(Group(group.codes, tuple(questions)))
        return left

    def _key_of(self, question: Question, codes: Codes) -> bytes:
        settings = self._settings
        asked = (prompt.VERSION, settings.name, settings.base_url, question.fields, question.text.text, codes)
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).digest()

    def _batches(self, questions: Sequence[Question]) -> list[Sequence[Question]]:
        size = self._settings.batch
        return [questions[at : at + size] for at in range(0, len(questions), size)]

    def _refuse_bad_server(self) -> None:
        settings = self._settings
        try:
            url = urlsplit(settings.base_url)
            url.port  # noqa: B018  raises for one that cannot be
        except ValueError as error:
            raise LedesError(f"coding.model.base_url: {settings.base_url!r} is no address ({error})") from error
        if not (self._key.isascii() and self._key.isprintable()):
            raise LedesError(f"the environment variable {settings.key_variable} holds signs that no key has")
        if settings.base_url and (url.scheme not in ("http", "https") or not url.hostname or " " in url.netloc):
            raise LedesError(f"coding.model.base_url: {settings.base_url!r} is no address like https://host/v1")
        if url.scheme == "http" and url.hostname not in _LOCAL:
            raise LedesError("coding.model.base_url: billing data leaves the machine over https only")
        if not self._key and url.hostname not in _LOCAL:
            raise LedesError(f"the environment variable {settings.key_variable} holds no key for the language model")

    def _client(self) -> "AsyncOpenAI":
        settings = self._settings
        try:
            from openai import AsyncAzureOpenAI, AsyncOpenAI, DefaultAsyncHttpxClient
        except ImportError:
            raise LedesError("the language model needs openai: pip install 'ledes-engine[llm]'") from None
        common: dict[str, Any] = {
            "api_key": self._key or "none",
            "timeout": settings.timeout,
            "max_retries": 0,  # each attempt is booked, so that a budget holds
            "http_client": DefaultAsyncHttpxClient(follow_redirects=False),  # nothing goes to another server
        }
        if settings.api_version:
            return AsyncAzureOpenAI(azure_endpoint=settings.base_url, api_version=settings.api_version, **common)
        return AsyncOpenAI(base_url=settings.base_url or None, **common)

    async def _run(self, groups: Sequence[Group]) -> None:
        """Workers that take batches from a queue; what went unanswered comes back to it in smaller ones."""
        queue: asyncio.Queue[tuple[Codes, Sequence[Question]]] = asyncio.Queue()
        for group in groups:
            for batch in self._batches(group.questions):
                queue.put_nowait((group.codes, batch))
        async with self._client() as client:
            workers = [asyncio.create_task(self._work(client, queue)) for _ in range(self._settings.at_once)]
            try:
                done = asyncio.create_task(queue.join())
                await asyncio.wait([done, *workers], return_when=asyncio.FIRST_COMPLETED)
                for worker in workers:
                    if worker.done():
                        worker.result()  # a worker ends only by a fault, which is told
            finally:
                for task in (done, *workers):
                    task.cancel()
                await asyncio.gather(done, *workers, return_exceptions=True)

    async def _work(self, client: "AsyncOpenAI", queue: "asyncio.Queue[tuple[Codes, Sequence[Question]]]") -> None:
        while True:
            codes, batch = await queue.get()
            left = await self._ask_batch(client, codes, batch)
            again = [one for one in left if self._tries[one.number] < _MOST_TRIES and not self._stopped]
            for one in left:
                if one not in again:
                    self._give_up(one.number, self._reasons.get(one.number) or self._stopped or NO_ANSWER)
            half = max(1, len(batch) // 2)
            for at in range(0, len(again), half):
                queue.put_nowait((codes, again[at : at + half]))
            queue.task_done()

    async def _ask_batch(self, client: "AsyncOpenAI", codes: Codes, batch: Sequence[Question]) -> list[Question]:
        """One question to the server, put again while it is busy; the entries that it left open."""
        for one in batch:
            self._tries[one.number] = self._tries.get(one.number, 0) + 1
        asked, shape = prompt.messages(batch, codes), prompt.schema(batch, codes)
        for attempt in range(self._settings.retries + 1):
            reply = await self._attempt(client, asked, shape, batch, codes)
            if reply is None:
                return list(batch)
            if not reply.error:
                break
            if reply.hopeless or attempt == self._settings.retries:
                self._note_failure(reply)
                return list(batch)
            await asyncio.sleep(min(reply.wait if reply.wait is not None else _PAUSE * 2**attempt, _LONGEST_PAUSE))
        self._failures = 0
        return [one for one in batch if one.number not in self._answers]

    async def _attempt(
        self,
        client: "AsyncOpenAI",
        asked: list[dict[str, str]],
        shape: dict[str, Any],
        batch: Sequence[Question],
        codes: Codes,
    ) -> "_Reply | None":
        """One call within the budget, with its answers kept and noted; None where the budget has no room for it."""
        most = _most_answered(batch)
        worst = prompt.tokens_of(asked, shape)
        ticket = None if self._stopped else self._budget.reserve(worst, most)
        if ticket is None:
            self._stopped = self._stopped or BUDGET
            return None
        reply = await self._call(client, asked, shape, most)
        server = urlsplit(self._settings.base_url)._replace(query="").geturl().rpartition("@")[2]
        event = {"at": datetime.now(UTC).isoformat(), "model": self._settings.name, "server": server, "asked": asked}
        if reply.error:
            if reply.charged:
                self._budget.settle(ticket, None, None)
            else:
                self._budget.release(ticket)
            self._audit.note({**event, "error": reply.error})
            return reply
        cost = self._budget.settle(ticket, reply.told, reply.answered)
        if (reply.told or 0) > worst or (reply.answered or 0) > most:
            self._stopped = LIES
        found, refused = self._answers_in(reply, batch, codes)
        kept = {self._keys[number]: json.dumps(answer._asdict()) for number, answer in found.items()}
        self._memory.keep(kept, datetime.now(UTC).date())  # first of all: they were paid for
        for number, answer in found.items():
            self._settle(number, answer)
        decisions = {one.number: found.get(one.number, "none") for one in batch}
        taken = {"tokens_in": reply.told, "tokens_out": reply.answered, "cost": cost, "answer": reply.content}
        self._audit.note({**event, **taken, "decisions": decisions, "refused": refused})
        return reply

    def _answers_in(
        self, reply: "_Reply", batch: Sequence[Question], codes: Codes
    ) -> tuple[dict[int, Answer], list[str]]:
        if reply.refused:
            for one in batch:
                self._reasons[one.number] = REFUSED
            return {}, [REFUSED]
        try:
            return prompt.answers_in(reply.content, batch, codes)
        except LedesError as error:
            return {}, [str(error)]

    def _note_failure(self, reply: "_Reply") -> None:
        self._failures += 1
        if reply.hopeless or self._failures >= _MOST_FAILURES:
            self._stopped = f"{DOWN} ({reply.error})"

    def _settle(self, number: int, answer: Answer) -> None:
        for one in self._same.get(number, [number]):
            self._answers[one] = answer
            self._reasons.pop(one, None)
            self._told(one)

    def _give_up(self, number: int, reason: str) -> None:
        for one in self._same.get(number, [number]):
            self._reasons[one] = reason
            self._told(one)

    async def _call(
        self, client: "AsyncOpenAI", asked: list[dict[str, str]], shape: dict[str, Any], most: int
    ) -> "_Reply":
        """One call; a fault comes back as words without the key."""
        import openai

        create: Any = client.chat.completions.with_streaming_response.create
        try:
            async with create(
                model=self._settings.name,
                messages=asked,
                response_format=shape,
                max_completion_tokens=most,
                temperature=0,
            ) as response:
                async with asyncio.timeout(self._settings.timeout):
                    return _reply_in(await _body(response))
        except openai.APIStatusError as error:
            busy = error.status_code in (408, 409, 429) or error.status_code >= _SERVERS_FAULT
            wait = error.response.headers.get("retry-after", "")
            seconds = float(wait) if wait.isdigit() else None
            return _Reply(error=f"status {error.status_code}", hopeless=not busy, wait=seconds)
        except (openai.OpenAIError, TimeoutError, OSError, LedesError) as error:
            told = str(error) or type(error).__name__
            charged = not isinstance(error, openai.APIConnectionError) or isinstance(error, openai.APITimeoutError)
            return _Reply(error=told.replace(self._key, "[KEY]") if self._key else told, charged=charged)
        except Exception as error:  # whatever a server that lies makes of its client's libraries
            return _Reply(error=type(error).__name__, charged=True)


class _Reply(NamedTuple):
    """What came back from a call."""

    content: str = ""
    told: int | None = None
    answered: int | None = None
    refused: bool = False
    error: str = ""
    hopeless: bool = False  # asking again would give the same
    wait: float | None = None  # seconds that the server asks to wait
    charged: bool = False  # the server took the question, so that it may have to be paid for


async def _body(response: Any) -> bytes:
    pieces, size = [], 0
    async for piece in response.iter_bytes():
        size += len(piece)
        if size > _LARGEST_REPLY:
            raise LedesError("the reply is too long")
        pieces.append(piece)
    return b"".join(pieces)


def _reply_in(body: bytes) -> _Reply:
    """The reply in the bytes of a chat completion; raises LedesError when they are none."""
    try:
        whole = json.loads(body)
        choice = whole["choices"][0]
        message = choice["message"]
        content = message.get("content") or ""
        refused = bool(message.get("refusal")) or choice.get("finish_reason") == "content_filter"
        usage = whole.get("usage") or {}
        told, answered = (_count(usage.get(key)) for key in ("prompt_tokens", "completion_tokens"))
        if not isinstance(content, str):
            raise TypeError
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise LedesError("the server's reply is no chat completion") from error
    return _Reply(content, told, answered, refused)


def _count(value: Any) -> int | None:
    """A number of tokens as a server tells it; None for what cannot be one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _unfit(question: Question) -> str:
    """Why a question is not sent; empty when it may be."""
    if prompt.addressed(question.narrative):
        return ADDRESSED
    return LEAK if leaks(question.text.text) else ""


def _most_answered(batch: Sequence[Question]) -> int:
    return prompt.TOKENS_OF_THE_FRAME + prompt.TOKENS_OF_AN_ANSWER * len(batch)
