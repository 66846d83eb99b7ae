"""How well the rules on narratives find what readers find, on labelled entries."""
