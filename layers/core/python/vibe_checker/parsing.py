"""JSON and YAML that others wrote, read within bounds: a value or a ValueError, and soon."""

import json
from typing import Any

import yaml

# PyYAML multiplies the parts of "1:1:1:..." out, which takes minutes for a megabyte of them. No id,
# label or number that is meant is longer.
_LONGEST_SCALAR = 1_000


class _PlainLoader(yaml.SafeLoader):
    """Safe YAML without aliases: a list of ids has no use for them, a YAML bomb has."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        if isinstance(event, yaml.events.AliasEvent):
            raise yaml.YAMLError(f"an alias stands in line {line}; write the value out")
        if isinstance(event, yaml.events.ScalarEvent) and len(event.value) > _LONGEST_SCALAR:
            raise yaml.YAMLError(f"the value in line {line} has {len(event.value):,} characters")
        return super().compose_node(parent, index)


def json_value(body: bytes) -> Any:
    """What the JSON in `body` says; ValueError for what is none, or nested beyond measure."""
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def yaml_value(body: bytes) -> Any:
    """What the YAML in `body` says, in time that grows no faster than `body`; else ValueError."""
    try:
        return yaml.load(body, Loader=_PlainLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(" ".join(str(error).split())[:500]) from error
    except (AttributeError, LookupError, TypeError, OverflowError) as error:
        # PyYAML takes for granted that what is tagged !!timestamp and the like looks like it.
        raise ValueError(f"it holds a value that is not what its tag says ({error})") from error
