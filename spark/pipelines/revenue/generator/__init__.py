"""Made-up source data of the revenue pipeline: seeded, skewed, late, duplicated, and with holes, as real data is."""
