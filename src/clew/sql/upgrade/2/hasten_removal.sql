-- A day that has been copied leaves the disk at once, not after 8 minutes: the copy is synced.
alter table spans_v1
modify setting old_parts_lifetime = 1
