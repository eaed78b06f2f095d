"""How much of its history an execution of the state machine fills with one concept.

Step Functions ends an execution at 25,000 events, whatever it is doing, and each concept is an
execution of its own. A shard is seven of them: its turn in the Map begins, the state is entered,
the function scheduled, started and ended, the state left, the turn ended.
"""

from vibe_checker.errors import TooLarge

_MOST_EVENTS = 25_000
_EVENTS_OF_A_SHARD = 7
# A classifier's own: its turn, the Map of its shards, PublishPredictions; and the concept's.
_EVENTS_OF_A_CLASSIFIER = 20
_EVENTS_OF_A_CONCEPT = 50
# Room for a fifth of the invocations to be tried again, which is three events each.
_RETRIED = 0.2


def check_events(classifiers: int, shards: int) -> None:
    """Raise TooLarge where the classifiers of a concept would not come to their end."""
    of_a_shard = _EVENTS_OF_A_SHARD + 3 * _RETRIED
    events = classifiers * (_EVENTS_OF_A_CLASSIFIER + shards * of_a_shard) + _EVENTS_OF_A_CONCEPT
    if events > _MOST_EVENTS:
        most = int((_MOST_EVENTS - _EVENTS_OF_A_CONCEPT) / classifiers - _EVENTS_OF_A_CLASSIFIER)
        raise TooLarge(
            f"{classifiers:,} classifiers on {shards:,} shards each are more than Step Functions "
            f"keeps a history of ({_MOST_EVENTS:,} events). At most "
            f"{max(0, int(most / of_a_shard)):,} shards can be run: raise shard_size, lower "
            "maximum_candidates, or run fewer classifiers at a time."
        )
