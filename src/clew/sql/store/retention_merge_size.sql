-- Parts are what a day that is too large is removed by, so they must not become most of the store.
alter table spans
modify setting max_bytes_to_merge_at_max_space_in_pool = {{bytes}}
