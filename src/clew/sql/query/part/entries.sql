-- What a span says, as (scope, key, type, value). A value is text; of type `other`, and of events all
-- but strings, it is an AnyValue message, whose first byte tells the type.
arrayConcat(
    arrayMap((k, v) -> ('span', toString(k), 'string', v), mapKeys(attr_str), mapValues(attr_str)),
    arrayMap((k, v) -> ('span', toString(k), 'int', toString(v)), mapKeys(attr_int), mapValues(attr_int)),
    arrayMap((k, v) -> ('span', toString(k), 'float', toString(v)), mapKeys(attr_float), mapValues(attr_float)),
    arrayMap((k, v) -> ('span', toString(k), 'bool', toString(v)), mapKeys(attr_bool), mapValues(attr_bool)),
    arrayMap((k, v) -> ('span', toString(k), 'other', v), mapKeys(attr_other), mapValues(attr_other)),
    arrayMap((k, v) -> ('resource', toString(k), 'string', v), mapKeys(resource_str), mapValues(resource_str)),
    arrayMap((k, v) -> ('resource', toString(k), 'int', toString(v)), mapKeys(resource_int), mapValues(resource_int)),
    arrayMap(
        (k, v) -> ('resource', toString(k), 'float', toString(v)),
        mapKeys(resource_float),
        mapValues(resource_float)
    ),
    arrayMap(
        (k, v) -> ('resource', toString(k), 'bool', toString(v)),
        mapKeys(resource_bool),
        mapValues(resource_bool)
    ),
    arrayMap((k, v) -> ('resource', toString(k), 'other', v), mapKeys(resource_other), mapValues(resource_other)),
    arrayMap((k, v) -> ('instrumentation', toString(k), 'string', v), mapKeys(scope_str), mapValues(scope_str)),
    arrayMap((k, v) -> ('instrumentation', toString(k), 'int', toString(v)), mapKeys(scope_int), mapValues(scope_int)),
    arrayMap(
        (k, v) -> ('instrumentation', toString(k), 'float', toString(v)),
        mapKeys(scope_float),
        mapValues(scope_float)
    ),
    arrayMap(
        (k, v) -> ('instrumentation', toString(k), 'bool', toString(v)),
        mapKeys(scope_bool),
        mapValues(scope_bool)
    ),
    arrayMap((k, v) -> ('instrumentation', toString(k), 'other', v), mapKeys(scope_other), mapValues(scope_other)),
    arrayFlatten(arrayMap(
        m -> arrayMap((k, v) -> ('event', toString(k), 'string', v), mapKeys(m), mapValues(m)),
        event_str
    )),
    arrayFlatten(arrayMap(
        m -> arrayMap(
            (k, v) -> (
                'event',
                toString(k),
                transform(substring(v, 1, 1), ['\x10', '\x18', '\x21'], ['bool', 'int', 'float'], 'other'),
                v
            ),
            mapKeys(m),
            mapValues(m)
        ),
        event_other
    )),
    arrayMap(n -> ('intrinsic', 'event:name', 'string', toString(n)), event_name),
    [
        ('intrinsic', 'name', 'string', toString(name)),
        ('intrinsic', 'kind', 'kind', toString(kind)),
        ('intrinsic', 'status', 'status', toString(status_code)),
        ('intrinsic', 'instrumentation:name', 'string', toString(scope_name)),
        ('intrinsic', 'instrumentation:version', 'string', toString(scope_version))
    ]
)
