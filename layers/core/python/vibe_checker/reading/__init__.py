"""Read what is published, as people look at it: lists, filters, counts, comparisons."""
