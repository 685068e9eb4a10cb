"""The tracking plan: one JSON Schema for each event, by its name."""
