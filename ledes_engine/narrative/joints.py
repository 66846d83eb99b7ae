"""What separates two steps of work, and what only joins the words of one."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from ledes_engine.narrative.heads import ARTICLES, LINKS, Head
from ledes_engine.narrative.lexicon import Lexicon, lexicon
from ledes_engine.narrative.tokens import COLON, HARD, NUMBER, OPEN, SHUT, SOFT, TIME, WORD, Token

_DETERMINERS = frozenset({"the", "a", "an", "same", "it", "all", "our", "its", "their", "his", "her", "this", "these"})
_PASSIVE = frozenset({"by", "under"})
FILING = frozenset({"file", "e-file", "efile", "serve", "record", "submit", "lodge", "e-serve", "mail"})
_SUBJECT = frozenset({"re", "regarding", "concerning", "about", "rgd", "whether", "including", "incl"})


def elaborates(tokens: Sequence[Token], head: Head, style: str) -> bool:
    """Whether a verb after a stop goes on about the paper before it: `...; addresses each point`, `...; tied to it`."""
    if head.form == "third":
        return style not in ("third", "")
    after = tokens[head.stop].word if head.stop < len(tokens) else ""
    return head.form == "past" and style in ("base", "noun") and after in ("to", "with", "by", "in", "from", "at")


def runs_on(tokens: Sequence[Token], at: int, start: int, words: Lexicon) -> bool:
    """Whether a verb begins a step though nothing separates it: `reviewed ruling called client re same revised notes`.

    Past tense only, and with an object behind it: `papers produced by the bank` is no step.
    """
    verb = words.verbs.get(tokens[at].word)
    if verb is None or verb.form != "past" or verb.activity in ("manage", "attend", "file", "send") or at - start < 2:
        return False
    if verb.lemma in ("amend", "modify", "receive", "note", "mark", "settle", "close", "check", "request", "advise"):
        return False
    before, after = tokens[at - 1], tokens[at + 1] if at + 1 < len(tokens) else None
    if before.kind != WORD or before.word in words.stop or before.word in words.fillers or before.word in _CLAUSE:
        return False
    if any(token.word in _CLAUSE for token in tokens[max(start, at - 6) : at]):
        return False
    return (
        after is not None
        and after.kind == WORD
        and (after.word not in words.stop or after.word in _DETERMINERS or after.word == "with")
    )


_CLAUSE = frozenset(
    "who which that what whether if as when where why how because since was were is are been be has have had being not "
    "he she they we i it you previously recently newly duly never already being newly to".split()
)


def item(tokens: Sequence[Token], at: int) -> bool:
    """Whether a token is the number of an item in a list: `(1)`, `(a)`; and not a count: `emails (4) with`."""
    if not bracketed(tokens[at]):
        return False
    if at == 0 or bracketed(tokens[0]) or tokens[at - 1].kind in (SOFT, HARD, COLON, TIME):
        return True
    return at + 1 < len(tokens) and tokens[at + 1].word in lexicon().verbs


def bracketed(token: Token) -> bool:
    """Whether a token is a number or a letter in brackets."""
    return token.kind == NUMBER and token.word[0] == "(" and token.word[-1] == ")"


def introduced(tokens: Sequence[Token]) -> bool:
    """Whether a list of topics or papers has begun: `re: (i) ...`."""
    return any(token.word in _SUBJECT or token.kind == COLON for token in tokens)


def goes_on(tokens: Sequence[Token], start: int, at: int) -> bool:
    """Whether a semicolon stands between the items of a list of topics."""
    listed = at + 1 < len(tokens) and bracketed(tokens[at + 1]) and not bracketed(tokens[start])
    return listed and introduced(tokens[start:at])


def next_word(tokens: Sequence[Token], at: int) -> int:
    """The place after a separator, and after others that follow it."""
    at += 1
    while at < len(tokens) and (tokens[at].kind in (SOFT, TIME) or item(tokens, at)):
        at += 1
    return at


def stands_bare(tokens: Sequence[Token], start: int, stop: int, words: Lexicon) -> bool:
    """Whether nothing stands between a head and what joins the next: `prepare for and attend`, `draft, revise`."""
    return all(
        token.kind != WORD
        or token.word in words.stop
        or (token.word in words.fillers and token.word not in words.people)
        or token.word.endswith("ly")
        for token in tokens[start:stop]
    )


def begins(
    tokens: Sequence[Token], at: int, found: Head, head: Head | None, style: str, start: int, words: Lexicon
) -> bool:
    """Whether the head `found` after the separator at `at` begins another step, or belongs to what went before."""
    separator = tokens[at]
    if separator.kind == TIME or item(tokens, at) or (separator.word in _STRONG and separator.kind == SOFT):
        listed = found.form == "noun" and (found.stop >= len(tokens) or tokens[found.stop].word == ",")
        if separator.kind == TIME and found.form == "gerund" and style != "gerund":
            return False  # `complaints handling (0.5), training records (0.3)`
        follows = tokens[found.stop].word if found.stop < len(tokens) else ""
        if separator.word == "-" and found.activity == "communicate" and follows in ("between", "from", "of"):
            return False  # `privilege log - 27 emails between ...`
        return not listed or separator.kind == TIME or item(tokens, at)
    if head is None:  # a noun without a head stands first: `jury instructions, and call with mediator`
        return sum(token.kind == WORD for token in tokens[start:at]) > 1 or found.form == "noun"
    between = _outside_brackets(tokens[head.stop : at])
    if found.form in ("past", "base") and tokens[found.at - 1].word in ARTICLES:
        return False
    if separator.word == "/" and head.stop != at:
        return False  # `paid/billed totals`
    if any(token.kind == COLON for token in between):
        return False  # what follows a colon says what it consists of
    in_subject = any(token.word in _SUBJECT or token.kind == COLON for token in between)
    after = tokens[found.stop].word if found.stop < len(tokens) else ""
    last = separator.word == "," and not _and_follows(tokens, at)
    place = _Place(
        separator.word,
        found,
        head,
        style,
        in_subject,
        _aims(between, words),
        tokens[found.at].word,
        after,
        between,
        last,
    )
    judged = {"noun": _noun_begins, "past": _past_begins, "gerund": _gerund_begins, "base": _base_begins}
    return found.form in judged and judged[found.form](place, words)


_STRONG = frozenset({"-", "+", ">", " / ", "having", "followed"})


def _outside_brackets(tokens: Sequence[Token]) -> list[Token]:
    depth, kept = 0, []
    for token in tokens:
        depth += (token.kind == OPEN) - (token.kind == SHUT)
        if depth <= 0 and token.kind != SHUT:
            kept.append(token)
    return kept


# So many tokens on, an `and` belongs to another list.
_FAR = 60


def _and_follows(tokens: Sequence[Token], at: int) -> bool:
    """Whether an `and` joins the last part of the list that a comma stands in."""
    for token in tokens[at + 1 : at + _FAR]:
        if token.kind == HARD:
            return False
        if token.kind == SOFT and token.word in ("and", "&", "plus"):
            return True
    return False


class _Place(NamedTuple):
    """What stands around a head that may begin a step."""

    separator: str
    found: Head
    head: Head
    style: str
    in_subject: bool
    aims: bool  # an infinitive stands before it: `to determine ...`
    word: str
    after: str
    between: Sequence[Token]
    ends_list: bool  # a comma, and no `and` after it: what follows is no last part of a list


_ORAL = frozenset({"with", "w/", "w"})


def _aims(between: Sequence[Token], words: Lexicon) -> bool:
    return any(
        one.word == "to"
        and (verb := words.verbs.get(other.word)) is not None
        and verb.form == "base"
        and other.word not in words.weak
        for one, other in pairwise(between)
    )


def _noun_begins(place: _Place, words: Lexicon) -> bool:
    found, head, after = place.found, place.head, place.after
    long = found.stop - found.at > 1
    if found.activity == "communicate":
        return _talk_begins(place, words, long)
    if place.in_subject and place.separator != ",":
        return found.activity == "review" and found.lemma == "review" and after not in ("", ",")
    if found.activity == "attend":
        plain = head.form == "noun" and head.activity in ("communicate", "attend", "travel")
        return (plain and not place.in_subject) or _says_attendance(found)
    if found.activity == "file" or found.lemma in ("comments", "comment", "changes", "edits", "revisions", "drafts"):
        return place.style in ("noun", "gerund") and head.activity not in ("review", "draft") and not place.in_subject
    return long or after in LINKS or place.style == "noun"


def _talk_begins(place: _Place, words: Lexicon, long: bool) -> bool:
    """Whether a noun like `call`, `email`, `letter` is a step, or one of the papers that were reviewed or drafted."""
    head, after = place.head, place.after
    bare = not any(token.kind == WORD and token.word not in words.fillers for token in place.between)
    if (bare and head.activity != "communicate") or after == "of":
        return False
    if place.found.lemma in _CALLS or after in _ORAL or (place.found.lemma in _SPOKEN and after in ("to", "from")):
        return True
    if head.activity == "review":
        return (place.ends_list and after == "to") or (long and after not in ("from", "between", "of", ""))
    if head.activity in ("draft", "send", "prepare", "file"):
        return place.ends_list and after in ("to", "from")
    return not place.in_subject or long or after == "to"


_CALLS = frozenset({"tc", "tcs", "t/c", "t/cs", "telcon", "teleconference", "telecon", "tcw"})
_SPOKEN = frozenset(
    "call calls tc tcs t/c tel telephone teleconference telcon conf conference meeting mtg phone talks".split()
)


def _says_attendance(found: Head) -> bool:
    """Whether a head says that somebody attended, and does not only name an event."""
    return found.lemma in ("attendance", "appearance", "participation")


def _past_begins(place: _Place, words: Lexicon) -> bool:
    if place.after in _PASSIVE:
        return False
    if place.style == "past":
        return True
    if place.word in words.participles and place.after not in _DETERMINERS:
        return False  # `answer and verified denial`
    return (not place.in_subject or place.separator == ",") and place.after not in ("in", "from", "to", "at")


def _gerund_begins(place: _Place, words: Lexicon) -> bool:
    if any(_participle(token, words) for token in place.between):
        return False  # `letter denying breach, disputing causation and asking for ...`
    if place.after in ("", ",", ";", ")") or (place.style == "noun" and place.separator == ","):
        return False  # `..., P. Gwynne, attending`; `preparation of matrix, giving for each ...`
    if place.style in ("gerund", "noun"):
        last = max((i for i, t in enumerate(place.between) if t.word in _SUBJECT or t.word == "for"), default=-1)
        if last < 0:
            return True
        topic = place.between[last + 1] if last + 1 < len(place.between) else None
        verb = words.verbs.get(topic.word) if topic else None
        return not (verb and verb.form == "gerund") and place.separator == ","
    return False


def _participle(token: Token, words: Lexicon) -> bool:
    return (
        token.kind == WORD and token.word.endswith("ing") and token.word not in words.nouns and token.word not in _NOUNS
    )


_NOUNS = frozenset(
    "zoning financing offering building ruling pleading lending staffing accounting holding underlying outstanding "
    "pending existing remaining manufacturing marketing licensing training supporting opposing operating engineering "
    "wedding parking landing listing warning finding pricing billing thing during morning evening funding lodging "
    "wording standing proceeding being packing shipping housing nursing bidding restructuring".split()
)


def _base_begins(place: _Place, words: Lexicon) -> bool:
    found, after, head = place.found, place.after, place.head
    weak = found.lemma in words.weak
    if place.style in ("past", "gerund"):
        return not weak and not place.aims and not place.in_subject and after not in ("", ",")
    if weak:
        written = head.activity in ("draft", "file", "send", "prepare")
        fits = after in _DETERMINERS or after in ("with", "via") or (found.lemma in FILING and written)
        bare = not any(token.kind == WORD and token.word not in words.stop for token in place.between)
        return (fits or bare) and not place.in_subject
    if place.aims and place.separator != ",":
        return False
    if found.lemma == "draft" and place.separator != "," and (place.in_subject or after in LINKS):
        return False
    if found.lemma == "draft" and place.style == "noun" and head.activity == "review":
        return False
    return after not in ("", ",") or place.separator == "and"
