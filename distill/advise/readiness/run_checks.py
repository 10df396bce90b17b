"""Checks of what stays beside a student: settings, fallback, thresholds, terms, and files that can be made again."""

from __future__ import annotations

from distill.advise.readiness.run_evidence import ROUTING, Found, RunEvidence

_WRITTEN = ("with", "base", "epochs", "batch_size", "learning_rate", "seed")


def hyperparameters(seen: RunEvidence) -> Found:
    train = seen.setting("student.train")
    if not isinstance(train, dict):
        return None, "no spec.json"
    needed = ("with", "seed") if seen.classifier else _WRITTEN
    missing = [name for name in needed if train.get(name) is None]
    written = sum(value is not None for value in train.values())
    return not missing and train.get(
        "with"
    ) != "none", f"{written} settings in spec.json{', without ' + ', '.join(missing) if missing else ''}"


def fallback(seen: RunEvidence) -> Found:
    if seen.routing is None:
        return False, f"no {ROUTING}"
    threshold = seen.routing.get("threshold")
    if not isinstance(threshold, int | float):
        return False, f"{ROUTING} has no threshold"
    keeps = "" if threshold < 1 else ", which keeps nothing"
    return threshold < 1, f"{ROUTING} with a threshold of {threshold:.3g}{keeps}"


def monitoring(seen: RunEvidence) -> Found:
    gate = seen.setting("evaluate.gate")
    there = sorted(name for name, value in gate.items() if value is not None) if isinstance(gate, dict) else []
    return len(there) > 0, f"evaluate.gate has {', '.join(there)}" if there else "evaluate.gate is not set"


def terms(seen: RunEvidence) -> Found:
    if not seen.spec:
        return None, "no spec.json"
    said = str(seen.setting("teacher.terms") or "").strip()
    return bool(
        said
    ) and seen.card, f"{'stated' if said else 'not stated'}, CARD.md {'there' if seen.card else 'missing'}"


def reproducible(seen: RunEvidence) -> Found:
    if not seen.outputs:
        return None, "no stage has written a file"
    changed = sorted(name for name, same in seen.outputs.items() if not same)
    said = f"{len(seen.outputs) - len(changed)} of {len(seen.outputs)} files as their stages wrote them, {seen.input_hashes} inputs hashed"
    return not changed and seen.input_hashes > 0, said + (f"; changed: {', '.join(changed[:3])}" if changed else "")
