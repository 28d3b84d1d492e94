"""Groups of rows that mean the same: found, judged for stability, named, and known again in the next run.

group      vectors ─▶ clusters, noise and outliers
assign     new vectors ─▶ known clusters, by each one's own radius
emerging   new clusters among what matched none
hierarchy  clusters of clusters
map        every row's place on a plane
lineage    which cluster of today is which of before
"""
