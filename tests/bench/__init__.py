"""What `make bench` measures: adapters of the project for the peers that stand outside it."""
