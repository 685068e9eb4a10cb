"""The store, on SQLite and on a real PostgreSQL where this machine has one."""
