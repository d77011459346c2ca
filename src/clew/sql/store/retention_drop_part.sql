alter table {{table}}
drop part {part:String}
settings max_partition_size_to_drop = 0
