alter table spans_v1
drop partition {day:String}
settings max_partition_size_to_drop = 0
