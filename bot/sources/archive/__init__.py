"""Archives of files (CloudFront's logs, Segment's events) as tables that answer SQL: by DuckDB, or by Athena."""
