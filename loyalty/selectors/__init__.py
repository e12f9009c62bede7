"""Questions: reads for screens, API and services. They never write."""
