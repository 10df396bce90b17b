"""The tests mirror the package: each module has the test file of its name, or stands here with the file that tests it and why."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
ELSEWHERE = {
    # One subject in several files, tested through its door: what goes in and what comes out.
    "spec/test_task_yaml.py": "spec/dataset spec/evaluation/evaluate spec/judge spec/lifecycle/refresh spec/seeds spec/settings spec/strata spec/student spec/task "
    "spec/teacher spec/training spec/evaluation/judge spec/loading/load spec/loading/places spec/loading/validation spec/loading/wording spec/loading/yaml_lines",
    "teacher/reply/test_shapes.py": "teacher/reply/calls teacher/reply/channels teacher/reply/content teacher/reply/counts teacher/reply/message "
    "teacher/reply/natives teacher/reply/parsed teacher/reply/wording",
    "teacher/reply/test_kept.py": "generate/served_models",
    "teacher/reply/errors/test_refusals.py": "teacher/reply/errors/faults teacher/reply/errors/languages",
    "teacher/reply/test_reply.py": "teacher/reply/errors/waits",
    "seeds/formats/test_rows.py": "seeds/formats/csv_dialect seeds/formats/file_format seeds/formats/json_rows",
    "seeds/faults/test_row_faults.py": "seeds/rows_to_seeds",
    "seeds/chat_logs/test_turns.py": "seeds/chat_logs/keys seeds/chat_logs/request_logs seeds/chat_logs/row_request "
    "seeds/chat_logs/tool_calls seeds/chat_logs/turn_shapes",
    "lifecycle/logs/test_log_reader.py": "lifecycle/logs/call lifecycle/logs/columns lifecycle/logs/joined lifecycle/logs/tally lifecycle/logs/shapes/fields "
    "lifecycle/logs/shapes/langfuse lifecycle/logs/shapes/lookup lifecycle/logs/shapes/openai lifecycle/logs/shapes/otel "
    "lifecycle/logs/shapes/otel_messages lifecycle/logs/shapes/otlp_values",
    "lifecycle/harvest/test_harvest.py": "lifecycle/harvest/candidates lifecycle/harvest/known",
    "student/hosted/test_stage.py": "student/hosted/cancel",
    "student/formats/test_registry.py": "student/formats/alpaca student/formats/axolotl student/formats/llamafactory student/formats/openai "
    "student/formats/row student/formats/sharegpt student/formats/trl",
    "student/formats/test_hub.py": "student/formats/hub_card",
    "student/job_files/test_render.py": "student/job_files/settings student/job_files/yaml_jobs",
    "student/hub/test_push.py": "student/hub/dataset_folder",
    "runs/test_formats.py": "cli/text/export cli/verbs/export student/other_formats",
    "sandbox/test_process.py": "sandbox/limits",
    "sandbox/test_kernel.py": "sandbox/syscalls",
    "curate/dedup/test_rulings.py": "curate/dedup/compared curate/dedup/decisions",
    "generate/test_refill.py": "generate/questions",
    "similarity/test_sketches.py": "similarity/arrays",
    "similarity/test_graph.py": "similarity/graph_table",
    "runs/test_same_bytes.py": "tables/columns",
    "similarity/typos/test_typo_pairs.py": "similarity/typos/contexts",
    "similarity/test_decisive.py": "similarity/decisive_words",
    "curate/test_leaks.py": "text/word_ngrams",
    "curate/test_passages.py": "curate/passage_index",
    "curate/gates/test_wording.py": "curate/gates/refusals",
    "curate/gates/test_private.py": "curate/gates/credentials",
    "curate/gates/judge/test_gate.py": "curate/gates/judge/rubric",
    "curate/gates/judge/test_lookup.py": "curate/gates/judge/expected curate/gates/judge/requests",
    "curate/gates/test_registry.py": "curate/gates/settings",
    "curate/calibration/test_run.py": "curate/calibration/decisions curate/calibration/judges curate/calibration/labelled curate/calibration/results "
    "cli/text/calibration",
    "evaluate/test_arms.py": "evaluate/assemble evaluate/by_label evaluate/scores",
    "evaluate/labels/test_confusion.py": "evaluate/labels/result",
    "evaluate/scoring/test_checks.py": "spec/evaluation/metrics",
    "evaluate/judging/test_stage.py": "evaluate/judging/asking evaluate/judging/expected evaluate/judging/labelled evaluate/judging/questions "
    "evaluate/judging/result evaluate/judging/scoring",
    "evaluate/diagnosis/test_rules.py": "evaluate/diagnosis/diagnose evaluate/diagnosis/result evaluate/diagnosis/wording",
    "evaluate/probes/test_stage.py": "evaluate/diagnosis/stage evaluate/probes/asked/requests evaluate/probes/rows spec/evaluation/probes",
    "report/test_page.py": "report/report",
    "evaluate/previous/test_agreement.py": "report/previous",
    "plan/refresh/test_probe.py": "plan/refresh/price plan/refresh/result plan/refresh/rows",
    "pipeline/next_run/test_growing.py": "plan/refresh/ahead plan/refresh/grow",
    "cli/verbs/serve/test_refresh.py": "cli/text/serve/refresh",
    "plan/test_pilot.py": "cli/text/plan plan/estimate",
    "views/test_explain.py": "cli/text/rows",
    "views/test_status.py": "cli/text/status",
    "chat/test_conversation.py": "chat/content",
    "pipeline/learning_curve/test_curve.py": "pipeline/learning_curve/plan pipeline/learning_curve/points pipeline/learning_curve/rows "
    "pipeline/learning_curve/scores",
    "pipeline/on_disk/test_run.py": "pipeline/on_disk/limits pipeline/on_disk/dataset/drops pipeline/on_disk/dataset/export "
    "pipeline/on_disk/dataset/gated pipeline/on_disk/dataset/reduce pipeline/on_disk/dataset/select pipeline/on_disk/dataset/spine "
    "pipeline/on_disk/dataset/stage pipeline/on_disk/seeds/near pipeline/on_disk/seeds/seed_shards pipeline/on_disk/seeds/roles "
    "pipeline/on_disk/seeds/stage",
    "pipeline/ablation/test_ablate.py": "pipeline/ablation/equal_size pipeline/ablation/plan",
    # What a stage or a verb does is seen in a run.
    "pipeline/test_run.py": "curate/stage evaluate/stage pipeline/ask_teachers pipeline/generate report/spending report/stage "
    "student/dataset_card task/run task/used_spec",
    "exam/test_grade.py": "exam/result",
    "starter/test_init.py": "starter/task_files",
    "starter/test_proposal.py": "starter/column_names",
    "runs/test_exam.py": "plan/exams",
    "runs/test_teachers.py": "generate/answers",
    "runs/test_judging_spec.py": "curate/checks curate/judged task/requirements",
    "curate/test_steps.py": "curate/dedup/near_duplicates curate/inputs curate/result",
    "curate/accounting/test_large_losses.py": "tables/reasons",
    "runs/test_overnight_deadline.py": "teacher/batch/closing",
    "runs/test_killed.py": "task/interrupt",
    "plan/test_plan.py": "plan/evaluation",
    "task/test_traces.py": "pipeline/facts teacher/endpoint/models teacher/endpoint/student_base",
    "seeds/expansion/test_rounds.py": "seeds/expansion/questions",
    "pipeline/test_open_task.py": "student/checks task/files task/task teacher/checks",
    "cli/test_app.py": "cli/text/ending cli/options cli/verbs/look cli/verbs/prepare cli/verbs/reference cli/verbs/run",
    "lifecycle/test_clean.py": "cli/verbs/clean",
    "lifecycle/calendar/test_project.py": "cli/text/project lifecycle/calendar/result",
    "lifecycle/registry/test_promote.py": "cli/text/serve/registry cli/verbs/serve/registry lifecycle/registry/candidate lifecycle/registry/student "
    "lifecycle/registry/task_registry",
    "lifecycle/registry/test_mlflow_registry.py": "spec/lifecycle/registry",
    "report/diff/test_run_diff.py": "cli/text/serve/diff cli/verbs/serve/diff",
    "cli/verbs/serve/test_routes.py": "cli/text/serve/routes",
    "cli/verbs/worth/test_scale.py": "cli/text/worth/scale",
    "cli/verbs/serve/test_adopt.py": "cli/text/serve/adopt",
    "ship/routes/test_load.py": "api/routes",
    "ship/test_ship.py": "ship/whole_folder",
    "proxy/test_passing.py": "proxy/api_error proxy/caller",
    "proxy/recording/test_row.py": "proxy/recording/answered_call",
    "proxy/test_serve.py": "proxy/parts proxy/settings proxy/status",
    "proxy/student/test_shadow.py": "proxy/student/counts",
    "proxy/student/test_watch.py": "proxy/student/alarms/look",
    "cli/verbs/serve/test_proxy.py": "cli/text/serve/proxy",
    "lifecycle/monitor/test_look.py": "lifecycle/monitor/days lifecycle/monitor/page lifecycle/monitor/result lifecycle/monitor/summary "
    "lifecycle/monitor/sample/differing lifecycle/monitor/sample/teacher_sample",
    "lifecycle/monitor/feedback/test_late.py": "lifecycle/monitor/feedback/result",
    "lifecycle/monitor/rates/test_signals.py": "spec/lifecycle/monitor",
    "cli/verbs/serve/test_monitor.py": "cli/text/serve/monitor",
    "cli/test_rehearsal.py": "cli/verbs/fault_server",
    "cli/verbs/worth/test_roi.py": "cli/text/worth/roi",
    "cli/verbs/worth/test_advise.py": "cli/text/worth/advice",
    "cli/verbs/worth/test_checklist.py": "cli/text/worth/checklist",
    "advise/roi/test_roi.py": "advise/roi/by_day",
    "advise/readiness/test_checklist.py": "advise/readiness/data_checks advise/readiness/run_checks advise/readiness/student_checks",
    "cli/test_exit_codes.py": "errors",
    "host/test_app.py": "host/failures host/home host/host host/settings host/access/bounds host/access/gate host/wire",
    "cli/verbs/serve/test_host.py": "cli/text/serve/host",
    "executors/ray_cluster/test_executor.py": "executors/ray_cluster/connect executors/ray_cluster/step",
    "curate/selection/test_balance.py": "curate/selection/chooser",
    # The sender's parts, under load and faults.
    "teacher/test_runner.py": "teacher/pending teacher/requests teacher/send teacher/stored_answers "
    "teacher/worker_context",
    "teacher/store/test_store.py": "teacher/store/rows",
    "teacher/store/test_queries.py": "teacher/store/reader",
    "teacher/batch/test_round.py": "teacher/batch/journal teacher/batch/host/client teacher/batch/host/protocol",
    "teacher/test_secrets.py": "teacher/endpoint/sdk",
    "student/preflight/test_check.py": "student/preflight/findings student/preflight/kinds student/preflight/target student/preflight/tokens "
    "student/preflight/data/held_out student/preflight/data/layouts student/preflight/data/json_lines student/preflight/data/rows "
    "student/preflight/data/texts student/preflight/data/together student/preflight/data/turns",
    "views/test_preflight.py": "cli/text/preflight cli/verbs/preflight",
    "student/trainers/test_fine_tuning.py": "base_model/quiet student/trainers/adapter_weights student/trainers/answer_trainer "
    "student/trainers/progress/loss_curve",
    "host/training/test_tune.py": "host/training/base host/training/order",
    "host/routes/test_jobs.py": "protocol/job",
    "host/routes/test_chat.py": "host/routes/answerer host/routes/event_stream host/serving/answers/chat "
    "host/serving/calls/chat host/serving/calls/sampling host/serving/engines/peft_model",
    "host/routes/test_completions.py": "host/serving/answers/text host/serving/calls/text",
    "host/routes/test_embeddings.py": "host/serving/answers/embedding host/serving/calls/embeddings",
    "host/routes/test_models.py": "host/serving/served host/serving/engines/failures",
    "host/routes/test_batches.py": "host/serving/answers/answerer host/serving/batches/input_rows host/serving/batches/results "
    "host/serving/batches/worker",
    "host/serving/test_choose.py": "host/serving/engine",
    "host/serving/engines/test_llama_cpp.py": "host/serving/engines/llama_reply host/serving/engines/llama_server",
    "host/serving/engines/test_transformers.py": "host/serving/engines/decoding",
    "host/serving/engines/upstream/test_engine.py": "host/serving/engines/upstream/reply",
    "student/tuning/test_dpo.py": "student/tuning/pair_trainer",
}
"""Test file → the modules that have no file of their own, for it holds what they are for."""
DOUBLES = "testing"
"""The servers and models of the tests themselves."""


def modules() -> set[str]:
    found = (path.relative_to(ROOT / "distill") for path in (ROOT / "distill").rglob("*.py"))
    return {str(path.with_suffix("")) for path in found if not path.name.startswith("__") and path.parts[0] != DOUBLES}


def mirror(module: str) -> Path:
    path = Path(module)
    return ROOT / "tests" / path.parent / f"test_{path.name}.py"


def test_every_module_has_its_tests() -> None:
    """Write tests/<package>/test_<module>.py; only what another file holds whole goes into the list."""
    listed = {module for line in ELSEWHERE.values() for module in line.split()}
    assert sorted(module for module in modules() - listed if not mirror(module).exists()) == []


def test_list_names_only_what_it_must() -> None:
    """No module that is gone or has a file of its own, none twice, and only files that there are."""
    listed = [module for line in ELSEWHERE.values() for module in line.split()]
    assert sorted(set(listed) - modules()) == []
    assert [module for module in listed if mirror(module).exists()] == []
    assert len(listed) == len(set(listed))
    assert [file for file in ELSEWHERE if not (ROOT / "tests" / file).exists()] == []


def test_every_basename_of_a_helper_is_its_own() -> None:
    """Helpers are imported by their bare names."""
    helpers = {path.stem for path in (ROOT / "tests" / "support").glob("*.py")}
    assert helpers.isdisjoint(path.stem for path in (ROOT / "tests").glob("**/test_*.py"))
