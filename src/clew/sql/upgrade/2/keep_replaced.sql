-- As the schema says.
alter table spans
modify setting old_parts_lifetime = 480
