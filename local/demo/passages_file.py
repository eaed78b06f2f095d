"""passages_dataset.feather, with the columns that the real pipeline's has."""

from pathlib import Path

import pyarrow as pa
import pyarrow.feather

from local.demo.corpus import Passage

SCHEMA = pa.schema(
    {
        "text_block.text": pa.large_string(),
        "text_block.text_block_id": pa.string(),
        "text_block.page_number": pa.int32(),
        "text_block.language": pa.string(),
        "text_block.type": pa.string(),
        "text_block.type_confidence": pa.float64(),
        "document_id": pa.string(),
        "document_name": pa.string(),
        "document_slug": pa.string(),
        "family_slug": pa.string(),
        "translated": pa.bool_(),
        "publication_ts": pa.timestamp("us"),
        "document_metadata.corpus_type_name": pa.string(),
        "document_metadata.geographies": pa.list_(pa.string()),
        "world_bank_region": pa.string(),
    }
)


def write_passages(corpus: list[Passage], path: Path) -> None:
    """The feather file: the text and the metadata, not the truth."""
    columns = {name: [passage.metadata[name] for passage in corpus] for name in SCHEMA.names[1:]}
    texts = [passage.text for passage in corpus]
    table = pa.table({"text_block.text": texts, **columns}, schema=SCHEMA)
    pyarrow.feather.write_feather(table, path, compression="lz4")
