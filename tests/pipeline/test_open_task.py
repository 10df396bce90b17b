"""A task whose parts do not fit each other: told when it is opened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distill.errors import SpecError
from distill.pipeline.open_task import open_task

JUDGE = "judge={dimensions: {fits: It fits.}, prompt: judge.md}"
TONE = "ask: tone.md, values: [calm, angry]"


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["dedup.compare=[moood]"], "dedup.compare: the answer's schema has no property 'moood'; did you mean 'mood'?"),
        (["evaluate.compare={moood: set}"], "evaluate.compare: the answer's schema has no property 'moood'"),
        (["evaluate.compare=[moood]"], "evaluate.compare: the answer's schema has no property 'moood'"),
        (
            ["seeds.expand.model={model: m, sampling: {draws: 3}}"],
            "seeds.expand.model.sampling.draws: 3: each new seed",
        ),
        (
            [f"strata.labels={{tone: {{{TONE}, model: {{model: m, sampling: {{draws: 2}}}}}}}}"],
            "strata.labels.tone.model.sampling.draws: 2: a label has one value",
        ),
        (
            [JUDGE, "gates=[judge]", "judge.models=[{model: m, sampling: {draws: 2}}]"],
            "judge.models[0].sampling.draws: 2: a judge gives one verdict",
        ),
        ([f"strata.labels={{kind: {{{TONE}}}}}"], "strata.labels.kind: the seeds have 'kind' as a column already"),
        ([f"strata.labels={{message: {{{TONE}}}}}"], "strata.labels.message: the seeds have 'message' as a column"),
        ([JUDGE, "gates=[judge]", "judge.gold=nofile.jsonl"], "judge.gold: no file 'nofile.jsonl' next to the spec"),
        (
            ["student.train.with=lora", "student.serve=http://127.0.0.1:9/v1"],
            "student.serve: 'http://127.0.0.1:9/v1' has no model 'embedded/smollm2-135m', which answers inside this process; say `serve: auto`",
        ),
    ],
)
def test_what_cannot_be_right_is_told(task: Path, sets: list[str], said: str) -> None:
    """One fault each, with its place; the same task without the slip opens."""
    (task.parent / "tone.md").write_text("Which tone?\n[user]\n{{message}}\n")
    (task.parent / "judge.md").write_text("A good answer fits.")
    with pytest.raises(SpecError) as caught:
        open_task(task, overrides=sets, env={})
    (fault,) = caught.value.faults
    assert said in str(fault)
    assert fault.where.startswith("--set ")


def test_a_folder_in_place_of_a_prompt_is_told_with_what_it_holds(task: Path) -> None:
    """The next move is a name out of it."""
    with pytest.raises(
        SpecError, match=r"a folder, expected a file; name one in it, which holds student\.md, teacher\.md"
    ):
        open_task(task, overrides=["teacher.prompt=."], env={})


def test_what_is_right_opens(task: Path) -> None:
    """The same settings without their slips."""
    (task.parent / "tone.md").write_text("Which tone?\n[user]\n{{message}}\n")
    (task.parent / "judge.md").write_text("A good answer fits.")
    (task.parent / "labelled.jsonl").write_text("{}")
    sets = ["dedup.compare=[mood]", f"strata.labels={{tone: {{{TONE}, model: {{model: m, sampling: {{draws: 1}}}}}}}}"]
    sets += [JUDGE, "gates=[judge]", "judge.gold=labelled.jsonl", "seeds.expand.model={model: m}"]
    assert open_task(task, overrides=sets, env={}).label_prompts.keys() == {"tone"}


LINEAR = ("student.train.with=linear", "evaluate.arms=[teacher, student]", "dataset.accept=20")


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (
            ["teacher.output=null", "gates=[finish_reason]", "seeds.gold=null"],
            "neither a schema (teacher.output) nor known",
        ),
        (
            ["teacher.output=text.schema.json", "seeds.gold=null"],
            "the schema's fields are free text: reply; list the values",
        ),
        (["dataset.accept=19"], "dataset.accept: 19 rows are wanted, and a linear student learns from 20 on"),
        (
            ["student.train.soft_labels=true"],
            "student.train.soft_labels: true, and the teacher 'scripted' gives no probabilities of its tokens",
        ),
    ],
)
def test_a_linear_student_that_could_not_be_trained_is_told_before_anything_is_paid(
    task: Path, sets: list[str], said: str
) -> None:
    """Closed answers and enough rows open."""
    open_task(task, overrides=LINEAR, env={})
    schema = {"type": "object", "properties": {"reply": {"type": "string"}}}
    (task.parent / "text.schema.json").write_text(json.dumps(schema))
    with pytest.raises(SpecError) as caught:
        open_task(task, overrides=[*LINEAR, *sets], env={})
    (fault,) = caught.value.faults
    assert said in str(fault)


def test_a_linear_arm_that_is_named_and_cannot_be_is_a_note(task: Path) -> None:
    plain = ("teacher.output=null", "gates=[finish_reason]", "seeds.gold=null")
    assert open_task(task, overrides=["evaluate.arms=[teacher, linear]"], env={}).notes == []
    assert open_task(task, overrides=plain, env={}).notes == []
    (note,) = open_task(task, overrides=[*plain, "evaluate.arms=[teacher, linear]"], env={}).notes
    assert note.startswith("evaluate.arms: the linear model is left out")


SOFT = ("student.train.soft_labels=true", "teacher.model=m", "evaluate.arms=[teacher, student]")


@pytest.mark.parametrize("way", ["lora", "hosted", "none"])
def test_soft_labels_are_for_classifiers(task: Path, way: str) -> None:
    with pytest.raises(SpecError, match=f"`with: {way}` trains none; say with: linear or embedding"):
        open_task(task, overrides=[*SOFT, f"student.train.with={way}"], env={})


@pytest.mark.parametrize(
    ("sets", "extra"),
    [
        ((), {"logprobs": True}),
        (("teacher.sampling.extra={user: me}",), {"user": "me", "logprobs": True}),
        (("teacher.api=responses",), {"include": ["message.output_text.logprobs"]}),
        (
            ("teacher.api=responses", "teacher.sampling.extra={include: [reasoning.encrypted_content]}"),
            {"include": ["reasoning.encrypted_content", "message.output_text.logprobs"]},
        ),
    ],
)
def test_soft_labels_are_asked_of_every_teacher_and_a_note_says_so(
    task: Path, sets: tuple[str, ...], extra: dict[str, object]
) -> None:
    given = [*LINEAR, *SOFT, "teacher.fallback=[{model: other}]", *sets]
    opened = open_task(task, overrides=given, env={"OPENAI_API_KEY": "k"})
    first, fallback = (one.sampling.extra for one in opened.teachers)
    assert first == extra
    assert fallback["logprobs"] is True, "it speaks chat completions, whatever the first one speaks"
    (note,) = opened.notes
    assert note.startswith(
        "student.train.soft_labels: each question to the teacher asks for the probabilities of its tokens"
    )
    plain = open_task(task, overrides=[*given, "student.train.soft_labels=false"], env={"OPENAI_API_KEY": "k"})
    assert plain.notes == []
    assert [one.sampling.extra for one in plain.teachers] == [plain.spec.teacher.sampling.extra] * 2
