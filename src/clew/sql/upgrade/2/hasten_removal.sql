-- Days that have been copied, and what merges of the copy replace, leave the disk at once, not after
-- 8 minutes: all of it is synced.
alter table {{table}}
modify setting old_parts_lifetime = 1
