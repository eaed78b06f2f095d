"""The bucket: every S3 key there is.

concepts.yml                                     input: list of Wikibase ids
passages_dataset.feather                         input: the passages
passages_embeddings.npy                          input: row i embeds passage i
passages_embeddings_metadata.json                input: which model made them
models/embedders/{model}/...                     input: a sentence-transformers directory
models/classifiers/{concept}/{name}/...          input: an ONNX classifier directory
{concept}/{classifier}/predictions.jsonl         output
{concept}/{classifier}/concept.json              output
{concept}/{classifier}/classifier.json           output, written last: the commit mark
runs/{run}/run.json                              what was asked; the pinned inputs
runs/{run}/concepts.json                         the list that the state machine maps over
runs/{run}/work/{concept}/concept.json           staging, expires
runs/{run}/work/{concept}/models.json            staging: the files of its models, pinned
runs/{run}/work/{concept}/candidates/{n}.arrow   staging: a shard of the candidates
runs/{run}/work/{concept}/{name}/{n}.jsonl       staging: a shard of predictions
runs/{run}/work/{concept}/{name}/classifier.json staging: what the classifier is
runs/{run}/results/{concept}.json                how a concept ended
runs/{run}/summary.json                          how the run ended, written last
"""

CONCEPTS = "concepts.yml"
PASSAGES = "passages_dataset.feather"
EMBEDDINGS = "passages_embeddings.npy"
EMBEDDINGS_METADATA = "passages_embeddings_metadata.json"
CLASSIFIERS = "models/classifiers/"
RUNS = "runs/"


def embedder_prefix(model: str) -> str:
    """Where the files of an embedding model lie."""
    return f"models/embedders/{model}/"


def classifiers_prefix(concept_id: str) -> str:
    """Where the directories of a concept's classifiers lie."""
    return f"{CLASSIFIERS}{concept_id}/"


def classifier_prefix(concept_id: str, name: str) -> str:
    """Where the files of one of a concept's classifiers lie."""
    return f"{classifiers_prefix(concept_id)}{name}/"


def output_prefix(concept_id: str, classifier_id: str) -> str:
    """Where the three files of one classifier's predictions lie."""
    return f"{concept_id}/{classifier_id}/"


def run_record(run_id: str) -> str:
    """What was asked of a run, and the input versions it reads."""
    return f"runs/{run_id}/run.json"


def run_concepts(run_id: str) -> str:
    """The list that the state machine maps over."""
    return f"runs/{run_id}/concepts.json"


def run_summary(run_id: str) -> str:
    """How a run ended."""
    return f"runs/{run_id}/summary.json"


def run_results(run_id: str) -> str:
    """Where the results of a run's concepts lie, one file each."""
    return f"runs/{run_id}/results/"


def run_result(run_id: str, concept_id: str) -> str:
    """How one concept of a run ended."""
    return f"{run_results(run_id)}{concept_id}.json"


def work_concept(run_id: str, concept_id: str) -> str:
    """The concept as fetched, for the later steps."""
    return f"runs/{run_id}/work/{concept_id}/concept.json"


def work_models(run_id: str, concept_id: str) -> str:
    """The pinned files of the concept's models."""
    return f"runs/{run_id}/work/{concept_id}/models.json"


def work_candidates(run_id: str, concept_id: str, shard: int) -> str:
    """One shard of the candidate passages."""
    return f"runs/{run_id}/work/{concept_id}/candidates/{shard:05}.arrow"


def work_predictions(run_id: str, concept_id: str, classifier: str, shard: int) -> str:
    """One classifier's predictions for one shard."""
    return f"runs/{run_id}/work/{concept_id}/{classifier}/{shard:05}.jsonl"


def work_classifier(run_id: str, concept_id: str, classifier: str) -> str:
    """What the classifier is, as the step that opened it found."""
    return f"runs/{run_id}/work/{concept_id}/{classifier}/classifier.json"
