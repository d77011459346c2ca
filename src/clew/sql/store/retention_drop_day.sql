-- The engine refuses to drop more than 50 GB at once unless it is told that this is meant.
alter table {{table}}
drop partition {day:String}
settings max_partition_size_to_drop = 0
