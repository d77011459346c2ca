-- The types that the values of a key have anywhere in the store, how many spans carry it in each, and
-- how many rows of the index speak of them;
-- `any_type`: perhaps also in others.
select
    toString(type) as type,
    key = '' as any_type,
    sum(spans) as span_count,
    count() as row_count
from attribute_index
where scope = {scope:String}
    and key in ({key:String}, '')
group by
    type,
    any_type
