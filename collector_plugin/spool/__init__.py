"""The spool: acknowledged export requests on disk until the database has them.

spool      segments in a folder: append, hand to the writer, remove
segment    one file, written by many threads with one fdatasync for all that wait
segment_format   its bytes        recent   digests of bodies, so that one sent again is stored once
"""
