"""What the state machine promises: order, retries, and what a failure costs."""

from typing import Any

import pytest

from infra.pipeline import REFUSALS, TRANSIENT_ERRORS
from tests.infra.conftest import Resources
from vibe_checker import errors
from vibe_checker.reading import cost

TASKS = [
    "PlanRun",
    "FetchConcept",
    "FindPassages",
    "ClassifyPassages",
    "PublishPredictions",
    "RecordResult",
    "RecordFailure",
    "RecordClassifierFailure",
    "SummariseRun",
]


def test_the_steps_follow_one_another_as_in_the_picture(states: dict[str, Any]) -> None:
    assert states["StartAt"] == "PlanRun"
    assert _way(states, "PlanRun") == ["PlanRun", "ForEachConcept", "SummariseRun"]
    concept = states["ForEachConcept"]["ItemProcessor"]
    assert _way(states, concept["StartAt"]) == [
        "BeginConcept",
        "FetchConcept",
        "FindPassages",
        "ForEachClassifier",
        "RecordResult",
        "ConceptEnded",
    ]
    classifier = states["ForEachClassifier"]["ItemProcessor"]
    assert _way(states, classifier["StartAt"]) == ["ForEachShard", "PublishPredictions"]
    assert states["ForEachShard"]["ItemProcessor"]["StartAt"] == "ClassifyPassages"


@pytest.mark.parametrize("task", TASKS)
def test_a_task_retries_what_may_pass_and_nothing_else(task: str, states: dict[str, Any]) -> None:
    transient, died = states[task]["Retry"]
    assert transient["ErrorEquals"] == TRANSIENT_ERRORS
    assert transient["MaxAttempts"] == 6
    assert transient["JitterStrategy"] == "FULL"
    assert died["ErrorEquals"] == ["Sandbox.Timedout", "Runtime.ExitError", "Lambda.Unknown"]
    assert died["MaxAttempts"] == 1


def test_every_transient_error_of_ours_is_retried_by_its_class_name() -> None:
    ours = {each.__name__ for each in errors.TransientError.__subclasses__()}
    assert ours == {name for name in TRANSIENT_ERRORS if not name.startswith("Lambda.")}


@pytest.mark.parametrize(
    "step", ["FetchConcept", "FindPassages", "ForEachClassifier", "RecordResult"]
)
def test_whatever_fails_in_a_concept_is_recorded(step: str, states: dict[str, Any]) -> None:
    [catch] = states[step]["Catch"]
    assert catch == {
        "ErrorEquals": ["States.ALL"],
        "ResultPath": "$.error",
        "Next": "RecordFailure",
    }


@pytest.mark.parametrize("step", ["ForEachShard", "PublishPredictions"])
def test_a_failed_classifier_becomes_an_outcome_among_the_others(
    step: str, states: dict[str, Any]
) -> None:
    [catch] = states[step]["Catch"]
    assert catch["Next"] == "RecordClassifierFailure"
    assert states["RecordClassifierFailure"]["End"] is True


def test_the_estimate_of_a_concepts_cost_counts_the_states_that_it_passes(
    states: dict[str, Any], functions: Resources
) -> None:
    concept = states["ForEachConcept"]["ItemProcessor"]["StartAt"]
    classifier = states["ForEachClassifier"]["ItemProcessor"]["StartAt"]
    assert len(_way(states, concept)) == cost.CONCEPT_TRANSITIONS
    assert len(_way(states, classifier)) == cost.CLASSIFIER_TRANSITIONS
    assert _way(states, "ClassifyPassages") == ["ClassifyPassages"]
    assert functions["ClassifyPassages"]["MemorySize"] == cost.CLASSIFY_MIB


def test_no_concept_ends_the_others(states: dict[str, Any]) -> None:
    concepts = states["ForEachConcept"]
    assert concepts["ToleratedFailurePercentage"] == 100
    assert concepts["ItemProcessor"]["ProcessorConfig"] == {
        "Mode": "DISTRIBUTED",
        "ExecutionType": "STANDARD",
    }


def test_the_list_of_concepts_is_read_from_the_bucket(states: dict[str, Any]) -> None:
    reader = states["ForEachConcept"]["ItemReader"]
    assert reader["ReaderConfig"] == {"InputType": "JSON"}
    assert reader["Parameters"]["Key.$"] == "$.concepts_key"


def test_a_concept_leaves_nothing_in_the_maps_result(states: dict[str, Any]) -> None:
    assert states["ForEachConcept"]["ResultPath"] is None
    assert states["ConceptEnded"]["OutputPath"] is None


def test_a_run_ends_by_what_its_summary_says(states: dict[str, Any]) -> None:
    ended = states["AllConceptsSucceeded?"]
    [succeeded] = ended["Choices"]
    assert succeeded == {
        "Variable": "$.status",
        "StringEquals": "succeeded",
        "Next": "RunSucceeded",
    }
    assert ended["Default"] == "RunFailed"
    assert states["RunFailed"]["CausePath"] == "$.cause"


def test_an_upload_told_of_twice_ends_well_and_does_nothing(states: dict[str, Any]) -> None:
    catch, _ = states["PlanRun"]["Catch"]
    assert catch["ErrorEquals"] == ["AlreadyStarted"]
    assert states[catch["Next"]]["Type"] == "Succeed"


def test_a_run_that_cannot_be_planned_ends_with_the_reason_in_words(states: dict[str, Any]) -> None:
    _, catch = states["PlanRun"]["Catch"]
    assert set(catch["ErrorEquals"]) == set(REFUSALS)
    assert all(hasattr(errors, name) for name in REFUSALS)
    refused = states[states[catch["Next"]]["Next"]]
    assert (refused["Type"], refused["CausePath"]) == ("Fail", "$.cause.errorMessage")


def _way(states: dict[str, Any], name: str) -> list[str]:
    """The states from one on to the end, as they follow one another when all goes well."""
    way = []
    while name and states[name]["Type"] != "Choice":
        way.append(name)
        name = states[name].get("Next", "")
    return way
