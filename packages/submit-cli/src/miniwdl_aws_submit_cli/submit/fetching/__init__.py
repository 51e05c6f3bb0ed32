"""WDL, zips and inputs that lie elsewhere, fetched by whoever submits, so that what was checked is what runs."""
