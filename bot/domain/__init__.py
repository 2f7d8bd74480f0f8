"""What the bot knows without Slack, HTTP or SQL: pure functions over frozen values."""
