"""From candidates to what is written: measured, compared, put together."""
