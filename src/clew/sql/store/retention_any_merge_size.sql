-- Back to what the engine does by itself: without a limit no part is too large.
alter table spans
reset setting max_bytes_to_merge_at_max_space_in_pool
