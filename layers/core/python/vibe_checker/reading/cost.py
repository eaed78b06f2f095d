"""What a run costs in AWS, estimated from what its results record.

Lambda bills memory × time, Step Functions each state that a concept passes. What the results do
not record (fetching the concept, finding passages, publishing) is taken as measured on two cores.
"""

from typing import Any

from vibe_checker.prices import LAMBDA_GB_SECOND, STATE_TRANSITION

# What ClassifyPassages has.
CLASSIFY_MIB = 3008
# FetchConcept 1 s of 0.5 GB, FindPassages 2.4 s of 2.9 GB, recording and starting up.
_CONCEPT_GB_SECONDS = 8.5
# BeginConcept to ConceptEnded, when all goes well.
CONCEPT_TRANSITIONS = 6
_CLASSIFIER_GB_SECONDS = 2.0
# ForEachShard and PublishPredictions; each shard is one more.
CLASSIFIER_TRANSITIONS = 2


def dollars(results: list[dict[str, Any]], shard_size: int) -> float:
    """The estimated cost of the concepts with these results."""
    gb_seconds, transitions = 0.0, 0
    for result in results:
        gb_seconds += _CONCEPT_GB_SECONDS
        transitions += CONCEPT_TRANSITIONS
        for classifier in result.get("classifiers", []):
            gb_seconds += _CLASSIFIER_GB_SECONDS
            gb_seconds += CLASSIFY_MIB / 1024 * float(classifier.get("seconds", 0))
            shards = -(-int(classifier.get("passages", 0)) // max(shard_size, 1))
            transitions += CLASSIFIER_TRANSITIONS + shards
    return gb_seconds * LAMBDA_GB_SECOND + transitions * STATE_TRANSITION
