"""One analysis of a narrative, which the rules on narratives, the coding of entries and the reports share.

Deterministic, without a model, in time linear in the length of the text. The words are in `rules/lexicon/`.
"""

from decimal import Decimal
from functools import lru_cache

from ledes_engine.narrative.screen import Column
from ledes_engine.narrative.segments import parts
from ledes_engine.narrative.steps import Step, step_of
from ledes_engine.narrative.tasks import Task, tasks_of
from ledes_engine.narrative.tokens import LONGEST, tokens

__all__ = ["Column", "Narrative", "Step", "Task", "analyse", "steps_of"]


class Narrative:
    """A narrative and the tasks that it describes.

    Steps on one document by one kind of work are one task, and so is one exchange with several people.
    """

    __slots__ = ("tasks", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.tasks: tuple[Task, ...] = tasks_of(steps_of(text), text)

    def words_of(self, task: Task) -> str:
        """The text of a task, as it stands in the narrative."""
        return self.text[task.start : task.end].strip(" \t\r\n;,.-")

    @property
    def groups(self) -> int:
        """How many documents, events or topics the tasks are about, as far as the words tell."""
        return len({task.group for task in self.tasks})

    @property
    def allocation(self) -> str:
        """Whether the text gives times: `none`, for `each` task, or `partial`."""
        given = sum(task.hours is not None for task in self.tasks)
        return "none" if not given else "each" if given == len(self.tasks) else "partial"

    @property
    def hours(self) -> Decimal:
        """The sum of the times that the text gives."""
        return sum((task.hours for task in self.tasks if task.hours is not None), Decimal(0))


@lru_cache(maxsize=1024)
def steps_of(text: str) -> tuple[Step, ...]:
    """The steps that a narrative describes, as they are written. Like texts are cut up once."""
    return tuple(step_of(part, text) for part in parts(tokens(text[:LONGEST])))


@lru_cache(maxsize=4096)
def analyse(text: str) -> Narrative:
    """The analysis of a narrative. Like texts are analysed once."""
    return Narrative(text)
