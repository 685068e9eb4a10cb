"""The tests mirror the folders. Fakes implement the ports and keep lists; nothing is patched."""
