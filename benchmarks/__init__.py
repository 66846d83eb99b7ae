"""Speed and memory, measured side by side with something everybody knows: `python -m benchmarks`."""
