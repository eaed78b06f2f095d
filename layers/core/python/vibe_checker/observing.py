"""What a function tells of its work: logs, metrics and an estimate of what it cost.

Each line of a log, the metrics among them, names the run, the concept, the classifier and the
shard that it is about, as far as the invocation is about one:

    {"level": "INFO", "message": "classified", "service": "ClassifyPassages",
     "run_id": "...", "concept_id": "Q69", "classifier": "keyword", "shard": 3, ...}

Metrics (namespace VibeChecker, dimension `service`: the step) are

    Passages, Positives   what the step worked on, and what it found
    Failures              invocations that ended in an error
    FailedConcepts        concepts of a finished run that failed
    Seconds               the time that the step took
    EstimatedCost         the price of that time and of the state that asked for it, in USD
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from vibe_checker.prices import LAMBDA_GB_SECOND, LAMBDA_REQUEST, STATE_TRANSITION

Result = TypeVar("Result")
Handler = Callable[[dict[str, Any], LambdaContext], Result]

NAMESPACE = "VibeChecker"
# Facts of a step that are summed up over its invocations; the others stand in the log alone.
_COUNTED = {
    "passages": "Passages",
    "positives": "Positives",
    "failed_concepts": "FailedConcepts",
}


class Step:
    """A step's logger and metrics, made once in each container; `handler` decorates its handler."""

    def __init__(self) -> None:
        self.logger = Logger()
        self._metrics = Metrics(namespace=NAMESPACE)

    def handler(self, function: Handler[Result]) -> Handler[Result]:
        """Name what each invocation is about, time it, and log and count the error it ends in."""

        @wraps(function)
        def observed(event: dict[str, Any], context: LambdaContext) -> Result:
            started = time.perf_counter()
            self.about(**_subject(event))
            try:
                return function(event, context)
            except Exception:
                self.logger.exception("failed")
                self._metrics.add_metric("Failures", MetricUnit.Count, 1)
                raise
            finally:
                self._spent(time.perf_counter() - started, context)
                self._metrics.flush_metrics()

        # A container serves one concept after another: nothing of the last one may stay.
        cleared: Handler[Result] = self.logger.inject_lambda_context(observed, clear_state=True)
        return cleared

    def about(self, **subject: Any) -> None:
        """Put these on every further line of this invocation."""
        self.logger.append_keys(**subject)
        for name, value in subject.items():
            self._metrics.add_metadata(name, value)

    def report(self, message: str, **facts: Any) -> None:
        """Log what was done, and count what of it is counted."""
        self.logger.info(message, extra=facts)
        for name, metric in _COUNTED.items():
            if name in facts:
                self._metrics.add_metric(metric, MetricUnit.Count, facts[name])

    def _spent(self, seconds: float, context: LambdaContext) -> None:
        """Count time and cost: memory is paid for by time, and each invocation is a state's work.

        States that invoke nothing, such as Maps, come on top: fewer of them than of those that do.
        """
        gb_seconds = seconds * int(context.memory_limit_in_mb) / 1024
        cost = gb_seconds * LAMBDA_GB_SECOND + LAMBDA_REQUEST + STATE_TRANSITION
        self._metrics.add_metric("Seconds", MetricUnit.Seconds, seconds)
        self._metrics.add_metric("EstimatedCost", MetricUnit.NoUnit, cost)


def _subject(event: dict[str, Any]) -> dict[str, Any]:
    """What the state machine's payload is about."""
    subject: dict[str, Any] = {
        name: event[name] for name in ("run_id", "concept_id", "shard") if name in event
    }
    if "classifier" in event:
        subject["classifier"] = event["classifier"]["name"]
    return subject
