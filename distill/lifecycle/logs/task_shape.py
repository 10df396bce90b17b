"""What a call of the task looks like, by its prompts (`prompt_pattern`), so that the task's fields come back out of what was sent.

A call whose system prompt is of none of the prompts is another task's. One without a system turn is the task's where its last turn fits,
or where the task has one variable alone: an application may log only what its user wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from distill.lifecycle.logs.call import Asked, NoCall
from distill.lifecycle.logs.prompt_pattern import SYSTEM, PromptPattern, Turns, is_bare, pattern_of, said
from distill.records import Json
from distill.seeds.load import input_of
from distill.task.task import Task
from distill.text.normalise import strict_json

_LOOKED_AT = 50
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class TaskShape:
    """How calls of a task are recognised, and its fields taken out of them."""

    variables: tuple[str, ...]
    prompts: tuple[PromptPattern, ...]
    columns: tuple[str, ...] = ()
    """Further columns that the seeds need: labels, the group."""
    json_fields: frozenset[str] = frozenset()
    """Variables whose values are no texts."""
    compared: tuple[str, ...] = ()
    """Fields of an answer whose tokens tell how sure the model was; none: all of it."""
    chats: Mapping[str, bool] = field(default_factory=dict)
    blank: frozenset[str] = frozenset()
    """Variables that may be empty: of logged chats the system prompt."""

    @classmethod
    def of(cls, task: Task) -> TaskShape:
        """The shape of an opened task."""
        prompts = (task.student_prompt, task.teacher_prompt, *task.rival_prompts.values())
        variables = tuple(
            dict.fromkeys(name for one in (task.teacher_prompt, task.student_prompt) for name in one.variables)
        )
        spec = task.spec
        group = [spec.seeds.group] if spec.seeds.group else []
        where = [name for name in spec.seeds.test.where or () if name not in spec.strata.labels]
        needed = [*spec.strata.columns, *where, *group, *_rule_columns(task)]
        seen = list(task.seeds[:_LOOKED_AT])
        spelt = {
            name
            for name in variables
            if any(name in one.fields and not isinstance(one.fields[name], str) for one in seen)
        }
        return cls(
            variables=variables, prompts=tuple(pattern_of(one) for one in prompts), chats={**task.teacher_prompt.chats, **task.student_prompt.chats},
            columns=tuple(dict.fromkeys(name for name in needed if name not in variables)), json_fields=frozenset(spelt),
            compared=tuple(spec.evaluate.only), blank=frozenset({"system"} if spec.seeds.as_ == "chats" else ()),
        )  # fmt: skip

    def told(self, asked: Asked) -> tuple[str, dict[str, Json] | None]:
        """(the input, the fields or None where they cannot be told). NoCall says that the call is another task's."""
        if isinstance(asked, str):
            return self._text(asked)
        if isinstance(asked, Mapping):
            return self._named(asked)
        for prompt in self.prompts:
            found = prompt.fields(asked)
            if found is not None:
                found = self._values(found)
                return self.input(found), found
        return self._unmatched(asked)

    def input(self, fields: Mapping[str, Json]) -> str:
        """The text by which a call is compared with the seeds: as theirs, its fields in the order of the prompts."""
        if len(fields) == 1:
            only = next(iter(fields.values()))
            if isinstance(only, str):
                return only
        return input_of({name: fields[name] for name in self.variables if name in fields})

    def _values(self, fields: dict[str, Json]) -> dict[str, Json]:
        """Fields whose seeds hold objects or numbers, as such; of a logged chat the turns without those of the system."""
        for name in self.chats if self.blank else ():
            if isinstance(fields.get(name), list):
                fields[name] = [turn for turn in fields[name] if turn.get("role") not in SYSTEM]
        for name in self.json_fields & fields.keys():
            if isinstance(fields[name], str):
                try:
                    fields[name] = strict_json(fields[name])
                except ValueError:
                    continue
        return fields

    def _text(self, text: str) -> tuple[str, dict[str, Json] | None]:
        if len(self.variables) == 1 and not self.chats:
            return text, {self.variables[0]: text}
        return text, None

    def _named(self, asked: Mapping[str, Json]) -> tuple[str, dict[str, Json] | None]:
        missing = [name for name in self.variables if name not in asked]
        if missing:
            raise NoCall(
                "other_fields", f"no {', '.join(missing)}; it has {', '.join(sorted(map(str, asked)))[:_SHOWN]}"
            )
        found = {name: asked[name] for name in self.variables}
        return self.input(found), found

    def _unmatched(self, turns: Turns) -> tuple[str, dict[str, Json] | None]:
        """Turns that no prompt gives as they stand."""
        system = next((turn for turn in turns if turn.get("role") in SYSTEM), None)
        if system is not None:
            raise NoCall("other_prompt", f"the system prompt begins {said(system)[:_SHOWN]!r}")
        bare = [turn for turn in turns if turn.get("role") not in SYSTEM]
        for prompt in self.prompts:
            found = prompt.without_system.fields(bare) if prompt.system else None
            if found is not None:
                # A conversation's own system prompt may be empty, and then there is no such turn.
                found = self._values({**dict.fromkeys(self.blank & set(prompt.turns[0].names), ""), **found})
                return self.input(found), found if set(self.variables) <= set(found) else None
        if any(not is_bare(prompt) for prompt in self.prompts) or not bare:
            raise NoCall("other_prompt", "its last turn fits no prompt of the task" if bare else "no turn in it")
        return self._text(said(bare[-1]))


def _rule_columns(task: Task) -> list[str]:
    """The columns that rules of labels look at."""
    import polars as pl

    return [name for rule in task.spec.strata.rules.values() for name in pl.sql_expr(rule).meta.root_names()]
