"""The runtime: asks the sources, draws in child processes, talks with Slack."""
