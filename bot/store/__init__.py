"""What must survive a restart: instances, episodes, the outbox, ticks, what came in, and who did what."""
