"""Pictures of payments: frozen values in, PNG bytes out. Knows neither Slack nor the sources nor the clock."""
