-- Which of the two tables are there, and how they are sorted: what tells the steps that are done.
select
    name,
    sorting_key
from system.tables
where database = currentDatabase()
    and name in ('spans', 'spans_v1')
