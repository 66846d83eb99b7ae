"""A narrative cut into parts: where one piece of work ends and the next begins."""

from collections.abc import Sequence
from typing import NamedTuple

from ledes_engine.narrative.heads import Head, head_at
from ledes_engine.narrative.joints import (
    begins,
    bracketed,
    elaborates,
    goes_on,
    introduced,
    item,
    next_word,
    runs_on,
    stands_bare,
)
from ledes_engine.narrative.lexicon import lexicon
from ledes_engine.narrative.tokens import COLON, HARD, OPEN, SHUT, SOFT, TIME, WORD, Token


class Part(NamedTuple):
    """A stretch of tokens that describes one step, and how it is joined to the one before it."""

    tokens: Sequence[Token]
    head: Head | None  # its places count from the beginning of the part
    shares: bool  # the step before it has no object of its own: `draft and file the motion`
    hard: bool  # a semicolon, a stop or a new line stands before it


def parts(tokens: Sequence[Token]) -> list[Part]:
    """The parts of a narrative, in order; parts without a word are left out."""
    words = lexicon()
    found: list[Part] = []
    start, depth, shares, hard = 0, 0, False, True
    head = head_at(tokens, 0, words) if tokens else None
    style = head.form if head else ""
    at = head.stop if head else 0

    def close(stop: int) -> None:
        if any(token.kind not in (SOFT, TIME) for token in tokens[start:stop]):
            own = head and head._replace(at=head.at - start, stop=head.stop - start)
            found.append(Part(tokens[start:stop], own, shares, hard))

    while at < len(tokens):
        kind = tokens[at].kind
        if kind == OPEN:
            depth += 1
        elif kind == SHUT:
            depth = max(0, depth - 1)
        elif depth == 0 and kind == HARD and goes_on(tokens, start, at):
            pass  # `re: (i) ...; (ii) ...`
        elif depth == 0 and kind == HARD:
            close(at)
            start, shares, hard = at + 1, False, True
            head = head_at(tokens, start, words)
            if head and elaborates(tokens, head, style):
                head = None  # `draft section; addresses each standard`
            style = head.form if head else style
            at = head.stop - 1 if head else at
        elif depth == 0 and style == "past" and kind == WORD and runs_on(tokens, at, start, words):
            close(at)
            verb = words.verbs[tokens[at].word]
            start, shares, hard = at, False, False
            head = Head(at, at + 1, verb.lemma, verb.activity, verb.form)
        elif (depth == 0 and kind in (SOFT, TIME, COLON)) or item(tokens, at):
            following = next_word(tokens, at)
            next_head = head_at(tokens, following, words) if following < len(tokens) else None
            if next_head and tokens[next_head.at - 1].word == "to" and next_head.at > following:
                next_head = None  # `and to settle`: what for, not what was done
            if item(tokens, at) and introduced(tokens[start:at]) and not bracketed(tokens[start]):
                pass  # `re: (i) ..., (ii) ...`
            elif item(tokens, at) and not next_head:
                close(at)
                start, shares, hard, head = at, False, True, None
            elif next_head and (kind == COLON or (tokens[at].word == "-" and head is None)):
                if head is None:  # a label before the work: `Discovery: review responses`
                    head, style, at = next_head, next_head.form, next_head.stop - 1
            elif next_head and begins(tokens, at, next_head, head, style, start, words):
                close(at + 1 if kind == TIME else at)
                shares = head is not None and kind == SOFT and stands_bare(tokens, head.stop, at, words)
                start, hard, head, at = following, False, next_head, next_head.stop - 1
                style = style or next_head.form
            elif kind == SOFT:
                at = following - 1  # what separates stands together, and is looked at once
        at += 1
    close(len(tokens))
    return found
