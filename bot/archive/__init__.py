"""Archives of files (CloudFront's logs, Segment's events) as tables that answer SQL: by DuckDB over fetched files, or by Athena."""
