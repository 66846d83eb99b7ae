"""What codes fit the words of an entry: a chain of steps, each asked only when the one before is not sure enough."""
