"""The domain of Kindred: frozen types and pure functions, no files, no SQL, no web, no clock."""
