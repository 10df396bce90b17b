"""The dataset in the formats of other trainers; `registry.FORMATS` lists them."""
