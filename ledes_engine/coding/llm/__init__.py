"""The language model step: off unless somebody switches it on; it gets redacted texts and only suggests."""
