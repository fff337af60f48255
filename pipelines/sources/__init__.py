"""One importer a source of events."""
