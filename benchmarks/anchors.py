"""What people reach on a corpus: published figures, each with its source."""

from typing import Any

HUMAN_LISTENERS: dict[str, dict[str, Any]] = {
    "emodb": {
        "UA": 0.930,
        "WA": 0.935,
        "source": "the corpus's own perception test, recognition rates of the published clips; Burkhardt et al., "
        "Interspeech 2005, doi 10.21437/Interspeech.2005-446",
    }
}
"""By corpus name; nothing for a corpus without such a test."""
