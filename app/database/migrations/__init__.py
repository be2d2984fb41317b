"""Changes of stored documents that an update brings: numbered, forward only, each done once (operations.md)."""
