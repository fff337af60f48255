"""What Kindred keeps and how it is reached: the SQL store, the event lake, and what reads them."""
