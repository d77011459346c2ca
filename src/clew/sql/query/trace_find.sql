-- Which spans of a trace have a text anywhere, whatever its case. Fields are kept apart by a NUL,
-- which no text that is asked for has. `other` is protobuf: texts within arrays and maps stand in it.
select
    span_id,
    parent_span_id,
    start_ns,
    toUInt8(
        positionCaseInsensitiveUTF8(
            arrayStringConcat(
                arrayConcat(
                    [
                        toString(name),
                        toString(service),
                        status_message,
                        trace_state,
                        toString(scope_name),
                        toString(scope_version),
                        lower(hex(span_id))
                    ],
                    {{texts}},
                    arrayMap(one -> toString(one), event_name),
                    arrayFlatten(arrayMap(one -> arrayMap(key -> toString(key), mapKeys(one)), event_str)),
                    arrayFlatten(arrayMap(one -> mapValues(one), event_str)),
                    arrayFlatten(arrayMap(one -> arrayMap(key -> toString(key), mapKeys(one)), event_other)),
                    arrayMap(one -> lower(hex(one)), link_trace_id),
                    arrayMap(one -> lower(hex(one)), link_span_id),
                    arrayFlatten(arrayMap(one -> arrayMap(key -> toString(key), mapKeys(one)), link_str)),
                    arrayFlatten(arrayMap(one -> mapValues(one), link_str))
                ),
                char(0)
            ),
            {text:String}
        ) > 0
        or positionCaseInsensitive(
            arrayStringConcat(
                arrayConcat(
                    mapValues(attr_other),
                    mapValues(resource_other),
                    mapValues(scope_other),
                    arrayFlatten(arrayMap(one -> mapValues(one), event_other)),
                    arrayFlatten(arrayMap(one -> mapValues(one), link_other))
                ),
                char(0)
            ),
            {text:String}
        ) > 0
    ) as found
from spans
where trace_id = toFixedString(unhex({trace_id:String}), 16)
    and receive_day >= {first_day:Date}
    and receive_day <= {last_day:Date}
    and {{seconds}}
