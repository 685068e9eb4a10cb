"""Several processes on one PostgreSQL that are killed, stand still, and lose their database: together they are as one."""
