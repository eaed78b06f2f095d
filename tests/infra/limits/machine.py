"""The state machine of the template, walked through as Step Functions would, to weigh its data.

Only what the definition uses: tasks with Parameters, inline and distributed Maps, Pass and Catch.
Every payload is noted with its size in bytes, as UTF-8, which is what Step Functions counts.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

Answers = Mapping[str, Callable[[Any], Any]]


class Caught(Exception):
    """A task that fails: what a Catch hands on."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(error)
        self.seen = {"Error": error, "Cause": cause}


class Walk:
    """`answers` maps a task's state to what it gives; `largest` to the largest payload of it."""

    def __init__(self, answers: Answers, list_items: Callable[[], list[Any]]) -> None:
        self.largest: dict[str, int] = {}
        self._answers = answers
        self._list_items = list_items

    def run(self, machine: Mapping[str, Any], data: Any, context: dict[str, Any]) -> Any:
        """From the machine's first state to its last; returns the last one's output."""
        name: str | None = machine["StartAt"]
        while name:
            state = machine["States"][name]
            self._note(name, data)
            try:
                data, name = self._enter(name, state, data, context), state.get("Next")
            except Caught as caught:
                if not state.get("Catch"):
                    raise
                data, name = {**data, "error": caught.seen}, state["Catch"][-1]["Next"]
        return data

    def _enter(self, name: str, state: Mapping[str, Any], data: Any, context: Any) -> Any:
        if state["Type"] in ("Choice", "Succeed", "Fail"):
            return data
        if state["Type"] == "Map":
            result = self._map(state, data, context)
        elif state["Type"] == "Task":
            payload = _filled(state["Parameters"], data, context)
            self._note(f"{name} (payload)", payload)
            result = self._answers[name](payload)
            self._note(f"{name} (answer)", result)
        else:
            result = _filled(state["Parameters"], data, context) if "Parameters" in state else data
        merged = _placed(data, result, state.get("ResultPath", "$"))
        return {} if state.get("OutputPath", "$") is None else merged

    def _map(self, state: Mapping[str, Any], data: Any, context: dict[str, Any]) -> list[Any]:
        items = self._list_items() if "ItemReader" in state else _at(data, state["ItemsPath"])
        results = []
        for item in items:
            inner = {**context, "Map": {"Item": {"Value": item}}}
            given = _filled(state["ItemSelector"], data, inner)
            results.append(self.run(state["ItemProcessor"], given, inner))
        return results

    def _note(self, name: str, value: Any) -> None:
        size = len(json.dumps(value, ensure_ascii=False).encode())
        self.largest[name] = max(size, self.largest.get(name, 0))


def _placed(data: Any, result: Any, path: str | None) -> Any:
    if path is None:
        return data
    return result if path == "$" else {**data, path.removeprefix("$."): result}


def _at(data: Any, path: str) -> Any:
    for name in path.removeprefix("$").split("."):
        data = data[name] if name else data
    return data


def _filled(template: Mapping[str, Any], data: Any, context: Any) -> dict[str, Any]:
    """Parameters or an ItemSelector, with what their paths lead to."""
    filled: dict[str, Any] = {}
    for name, value in template.items():
        if isinstance(value, dict):
            filled[name] = _filled(value, data, context)
        elif name.endswith(".$"):
            of_context = value.startswith("$$")
            found = _at(context if of_context else data, value[1:] if of_context else value)
            filled[name.removesuffix(".$")] = found
        else:
            filled[name] = value
    return filled
