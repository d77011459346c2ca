drop table spans_v1 sync
