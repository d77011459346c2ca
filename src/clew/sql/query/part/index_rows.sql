-- The rows of a key in a range of seconds. A row without a key speaks for keys that have none.
-- Columns by their full names: the statements give `time` another type.
scope = {scope:String}
    and key in ({key:String}, '')
    and attribute_index.time <= toDateTime({last_second:UInt32}, 'UTC')
    and attribute_index.last_time >= toDateTime({first_second:UInt32}, 'UTC')
