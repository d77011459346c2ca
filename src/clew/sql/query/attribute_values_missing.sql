-- Rows of the index that do not tell every value of a key, or count spans outside the range too.
select count() as rows
from attribute_index
where has(splitByChar(',', {scopes:String}), toString(scope))
    and (
        key = ''
        or (
            key = {key:String}
            and (
                not complete
                or time < toDateTime({first_second:UInt32}, 'UTC')
                or last_time > toDateTime({last_second:UInt32}, 'UTC')
            )
        )
    )
    and time <= toDateTime({last_second:UInt32}, 'UTC')
    and last_time >= toDateTime({first_second:UInt32}, 'UTC')
