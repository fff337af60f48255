"""What the screens share: cached queries, charts, components and page furniture."""
