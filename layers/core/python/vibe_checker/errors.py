"""Every error of our own, in one tree.

    VibeCheckerError
    ├── InvalidRequest           the run asked for cannot be run: a bad id, list or option
    ├── AlreadyStarted           the same event came twice; the first delivery does the work
    ├── InvalidInput             a file in the bucket cannot be used
    │   ├── MissingInput         ... because it is not there
    │   ├── InvalidPassages      passages_dataset.feather
    │   ├── InvalidEmbeddings    passages_embeddings.npy and its metadata
    │   ├── InvalidModel         an embedder's or a classifier's directory
    │   └── TooLarge             ... because it would not fit what the function has
    ├── ConceptUnusable          Wikibase has no such concept, or none that can be classified
    ├── WikibaseRefused          Wikibase will not let us read: login, rights, wrong address
    ├── RunFailed                a run ended with concepts that failed
    └── TransientError           worth another try: the state machine retries these alone
        ├── WikibaseUnavailable  lag, 429, 5xx, time-out, an answer that is no API answer
        └── StorageUnavailable   S3 throttles, answers 5xx or drops the connection

The class name is the contract with the state machine's Retry and Catch. A message names the
file or item, the value found and what would be right.
"""


class VibeCheckerError(Exception):
    """The root of the tree."""


class InvalidRequest(VibeCheckerError):
    """What was asked cannot be run as asked."""


class AlreadyStarted(VibeCheckerError):
    """Another execution already works for this very event."""


class InvalidInput(VibeCheckerError):
    """A file in the bucket cannot be used."""


class MissingInput(InvalidInput):
    """A file that is needed is not in the bucket."""


class InvalidPassages(InvalidInput):
    """The passages file cannot be used."""


class InvalidEmbeddings(InvalidInput):
    """The embeddings, or their metadata, cannot be used with these passages or this model."""


class InvalidModel(InvalidInput):
    """A model directory cannot be used."""


class TooLarge(InvalidInput):
    """An input would not fit the memory or disk of the function that needs it."""


class ConceptUnusable(VibeCheckerError):
    """Wikibase has no such concept, or none that can be classified."""


class WikibaseRefused(VibeCheckerError):
    """Wikibase will not let us read: wrong credentials, missing rights, wrong address."""


class RunFailed(VibeCheckerError):
    """A run ended with concepts that failed; the message names them."""


class TransientError(VibeCheckerError):
    """Worth another try; the state machine retries these and no other of ours."""


class WikibaseUnavailable(TransientError):
    """Wikibase lags, throttles, fails or does not answer like an API."""


class StorageUnavailable(TransientError):
    """S3 throttles, fails or drops the connection."""
