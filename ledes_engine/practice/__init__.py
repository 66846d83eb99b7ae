"""The workflows around billing: each a pure function of its inputs; nothing is sent and nothing bills itself."""
