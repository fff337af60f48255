"""What the screens share: cached queries, charts, components and page furniture."""

import logging

# The server loads these modules before it runs, which Streamlit tells of each as a warning.
logging.getLogger("streamlit.runtime.caching.cache_data_api").setLevel(logging.ERROR)
