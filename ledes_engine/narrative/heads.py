"""The words that name an activity, wherever one may stand."""

from collections.abc import Sequence
from typing import NamedTuple

from ledes_engine.narrative.lexicon import Lexicon, Phrases, spelt
from ledes_engine.narrative.tokens import NUMBER, SOFT, WORD, Token

LINKS = frozenset({"of", "to", "with", "w/", "w", "re", "regarding", "from", "for", "on", "at", "into", "concerning"})
ARTICLES = frozenset("the a an another two three four five six seven several various numerous many both".split())


class Head(NamedTuple):
    """The words that name an activity: `form` is base, past, gerund, third, or noun."""

    at: int  # the first token
    stop: int  # the token after the last
    lemma: str
    activity: str
    form: str


def phrase_at(tokens: Sequence[Token], at: int, phrases: Phrases, first: str = "") -> tuple[int, str]:
    """The length and the value of the longest phrase that begins at a token; (0, "") for none.

    `first` is the token's word as it should be spelt.
    """
    for words, value in phrases.get(first or tokens[at].word, ()):
        stop = at + len(words)
        if len(words) == 1 or (
            stop <= len(tokens) and all(tokens[at + i].word == word for i, word in enumerate(words) if i)
        ):
            return len(words), value
    return 0, ""


def head_at(tokens: Sequence[Token], at: int, words: Lexicon) -> Head | None:
    """The head of a task at a token, after words that say nothing of the activity."""
    named = False  # an article stands before it, so that it is no verb: `the amended schedule`
    for place in range(at, min(at + 6, len(tokens))):
        token = tokens[place]
        if token.kind == NUMBER or (token.kind == SOFT and token.word == "and" and place > at):
            named = named or (token.kind == NUMBER and token.word[0] != "(")
            continue
        if token.kind != WORD:
            return None
        filler = token.word in words.fillers
        length, activity = phrase_at(tokens, place, words.nouns, spelt(token.word))
        if length < 2 and filler and _head_follows(tokens, place + 1, words):
            named = named or token.word in ARTICLES
            continue
        word = spelt(token.word)
        verb = words.verbs.get(word)
        noun_like = _noun_like(tokens, place)
        if length > 1 or (length and (verb is None or verb.form == "third" or noun_like)):
            return Head(place, place + length, word, activity, "noun")
        follows = words.verbs.get(tokens[place + 1].word) if place + 1 < len(tokens) else None
        if verb and verb.form == "base" and word in words.weak and follows and follows.form == "past":
            return None  # `release tied to the letter`
        if (
            verb
            and not named
            and not (verb.form == "base" and noun_like and word in words.weak and _ends_or_links(tokens, place))
        ):
            return Head(place, place + 1, verb.lemma, verb.activity, verb.form)
        if not filler or named:
            return None
    return None


def _noun_like(tokens: Sequence[Token], at: int) -> bool:
    """Whether a word that is a noun and a verb stands as a noun: `review of`, `email from`, `call with`."""
    return at + 1 >= len(tokens) or tokens[at + 1].kind != WORD or tokens[at + 1].word in LINKS


def _ends_or_links(tokens: Sequence[Token], at: int) -> bool:
    return at + 1 < len(tokens) and tokens[at + 1].word in LINKS


def _head_follows(tokens: Sequence[Token], at: int, words: Lexicon) -> bool:
    while at < len(tokens) and (
        tokens[at].kind == NUMBER or tokens[at].word == "and" or tokens[at].word in words.fillers
    ):
        at += 1
    return at < len(tokens) and tokens[at].kind == WORD and spelt(tokens[at].word) in words.heads
