"""Secretarial work: what begins with a secretary's verb and speaks of a secretary's things."""

import re
from collections.abc import Collection, Iterator, Sequence

from ledes_engine.checks.narratives import Described, described, looked_over, narrative_hit, short
from ledes_engine.checks.scope import Scope, chosen_rows, kind
from ledes_engine.checks.words import having
from ledes_engine.model import Hit
from ledes_engine.narrative import Narrative, Task, analyse
from ledes_engine.narrative.lexicon import inflected
from ledes_engine.values import ZERO


@kind
def clerical_task(scope: Scope) -> Iterator[Hit]:
    """Secretarial work billed as legal work: a task that begins with one of `verbs` and speaks of one of `objects`.

    Verbs stand for all their forms; without objects the verb is enough. `phrases` are enough by themselves where they
    stand in a task. With `about`, the task of a verb also holds one of its words. A task that also holds a word of
    `except` is legal work. Timekeepers of the classes `classes_paid` may bill it; where `classes` are given, only
    theirs are looked at. Firms add words with `also_verbs`, `also_objects` and `also_phrases`.
    """
    p = scope.params
    forms = {form for verb in p.get("also_verbs", ()) for _, form in inflected(verb.lower())}
    verbs = {*p["verbs"], *forms}
    objects = {*p["objects"], *(word.lower() for word in p.get("also_objects", ()))}
    also = [" ".join(_PUNCTUATION.sub(" ", phrase.lower()).split()) for phrase in p.get("also_phrases", ())]
    phrases = [*p["phrases"], *filter(None, also)]
    paid = set(p["classes_paid"])
    only = set(p["classes"])
    phrases = looked_over(scope.lines).known(phrases)
    own = _with_own_words(scope, forms, also)
    lemmas = scope.lines.remember("lemmas", lambda: {t.lemma for _, one in described(scope) for t in one.tasks})
    if not phrases and not own and verbs.isdisjoint(lemmas):
        return
    classes = scope.lines["timekeeper_class"] if (paid or only) and "timekeeper_class" in scope.lines else None
    for row, narrative in [*described(scope), *own]:
        level = classes[row].strip().upper() if classes is not None else ""
        if level in paid or (only and level not in only):
            continue
        found = [
            t for t in narrative.tasks if _clerical(narrative, t, verbs, objects, phrases, p["except"], p["about"])
        ]
        if found:
            facts = {"part": short(narrative.words_of(found[0])), "spans": [(task.start, task.end) for task in found]}
            whole = len(found) == len(narrative.tasks)
            yield narrative_hit(scope, row, facts, allowed=ZERO if whole else None)


def _with_own_words(scope: Scope, verbs: Collection[str], phrases: Sequence[str]) -> Described:
    """The lines that only a firm's own words make doubtful."""
    if not verbs and not phrases:
        return []
    cells, rows = scope.lines["narrative"], chosen_rows(scope)
    known = {row for row, _ in described(scope)}
    told = having({cells[row] for row in rows}, phrases)
    found = [(row, analyse(cells[row])) for row in rows if row not in known and (verbs or cells[row] in told)]
    return [(row, one) for row, one in found if cells[row] in told or any(_first(one, t) in verbs for t in one.tasks)]


def _first(narrative: Narrative, task: Task) -> str:
    """The first word of a task, in small letters."""
    return (narrative.text[task.start : task.end].lower().split() or [""])[0].strip(",.;:")


def _clerical(
    narrative: Narrative,
    task: Task,
    verbs: set[str],
    objects: set[str],
    phrases: Sequence[str],
    barred: Sequence[str],
    about: Sequence[str],
) -> bool:
    begins = task.lemma in verbs or _first(narrative, task) in verbs
    if not begins and not phrases:
        return False
    text = f" {_PUNCTUATION.sub(' ', narrative.text[task.start : task.end].lower())} "
    if any(f" {phrase} " in text for phrase in phrases):
        return not any(f" {word} " in text for word in barred)
    if not begins:
        return False
    # What the task is for stands behind `re`, `for`, `regarding`, and is no object of it.
    own = _ASIDE.split(text)[0].split()[1:_NEAR]
    fits = not objects or any(word in objects or word.rstrip("s") in objects for word in own)
    fits = fits and (not about or any(f" {word} " in text for word in about))
    return fits and not any(f" {word} " in text for word in barred)


# An object stands so near to its verb.
_NEAR = 10
_PUNCTUATION = re.compile(r"[^\w'/-]+")
_ASIDE = re.compile(r" (?:re|regarding|concerning|about) ")
