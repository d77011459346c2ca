-- Every span of a trace with all that it says, resource by resource and scope by scope.
select
    sipHash64(
        resource_str,
        resource_int,
        resource_float,
        resource_bool,
        resource_other,
        resource_schema_url,
        resource_dropped_attributes
    ) as resource_key,
    sipHash64(
        scope_name,
        scope_version,
        scope_str,
        scope_int,
        scope_float,
        scope_bool,
        scope_other,
        scope_schema_url,
        scope_dropped_attributes
    ) as scope_key,
    span_id,
    parent_span_id,
    name,
    kind,
    start_ns,
    end_ns,
    status_code,
    status_message,
    flags,
    trace_state,
    dropped_attributes,
    dropped_events,
    dropped_links,
    resource_schema_url,
    scope_schema_url,
    scope_name,
    scope_version,
    resource_dropped_attributes,
    scope_dropped_attributes,
    attr_str,
    attr_int,
    attr_float,
    attr_bool,
    attr_other,
    resource_str,
    resource_int,
    resource_float,
    resource_bool,
    resource_other,
    scope_str,
    scope_int,
    scope_float,
    scope_bool,
    scope_other,
    event_time_ns,
    event_name,
    event_dropped_attributes,
    event_str,
    event_other,
    link_trace_id,
    link_span_id,
    link_trace_state,
    link_flags,
    link_dropped_attributes,
    link_str,
    link_other
from spans
where trace_id = toFixedString(unhex({trace_id:String}), 16)
    and receive_day >= {first_day:Date}
    and receive_day <= {last_day:Date}
    and {{seconds}}
    and {{spans}}
order by
    resource_key,
    scope_key,
    start_ns,
    span_id
