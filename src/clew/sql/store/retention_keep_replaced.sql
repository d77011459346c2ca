-- How many seconds parts stay after a merge has replaced them.
alter table {{table}}
modify setting old_parts_lifetime = {{seconds}}
