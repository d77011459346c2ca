-- { resource.service.name = `checkout` && duration > 1s }
(service = {q1:String} and duration_ns > {q2:Int64})

-- { span.http.request.method = `GET` }
(mapContains(attr_str, {q0:String}) and attr_str[{q0:String}] = {q1:String})

-- { span.http.response.status_code >= 500 }
(mapContains(attr_int, {q0:String}) and not mapContains(attr_str, {q0:String}) and attr_int[{q0:String}] >= {q1:Int64})

-- { .a != nil }
((mapContains(attr_str, {q0:String}) or mapContains(attr_int, {q0:String})) or (mapContains(resource_str, {q0:String}) or mapContains(resource_int, {q0:String})))

-- { name =~ `GET .*` && status = error }
(match(name, {q1:String}) and status_code = {q2:Int64})

-- { event.exception.type = `Timeout` }
arrayExists((event_text, event_rest) -> (mapContains(event_text, {q0:String}) and event_text[{q0:String}] = {q1:String}), event_str, event_other)

-- { link:traceID = `000102030405060708090a0b0c0d0e0f` }
arrayExists(id -> id = toFixedString(unhex({q0:String}), 16), link_trace_id)

-- { !(span.a || kind != server) }
not ((false or kind != {q2:Int64}))

-- { duration / 2 > span.limit * 1ms }
(isNotNull((multiIf(true, toFloat64(duration_ns), null) / nullIf(multiIf(true, toFloat64({q0:Int64}), null), 0))) and isNotNull((multiIf((mapContains(attr_int, {q1:String}) and not mapContains(attr_str, {q1:String})), toFloat64(attr_int[{q1:String}]), null) * multiIf(true, toFloat64({q2:Int64}), null))) and ifNull((multiIf(true, toFloat64(duration_ns), null) / nullIf(multiIf(true, toFloat64({q0:Int64}), null), 0)) > (multiIf((mapContains(attr_int, {q1:String}) and not mapContains(attr_str, {q1:String})), toFloat64(attr_int[{q1:String}]), null) * multiIf(true, toFloat64({q2:Int64}), null)), false))

-- { span:parentID = `` }
parent_span_id = toFixedString('', 8)
