"""WDL that lies elsewhere, fetched by whoever submits, so that what was checked is what runs."""
