"""The chain of hashes over audit events: pure, so that a checker outside the house can repeat it."""

import hashlib
import json
from collections.abc import Mapping

GENESIS = "0" * 64


def event_hash(previous: str, content: Mapping[str, object]) -> str:
    """SHA-256 (64 hex digits) of the previous hash and the event's canonical JSON."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()
