-- Keys and values of the attributes of one level, as people read them.
arrayMap(key -> toString(key), mapKeys({{level}}_str)),
mapValues({{level}}_str),
arrayMap(key -> toString(key), mapKeys({{level}}_int)),
arrayMap(value -> toString(value), mapValues({{level}}_int)),
arrayMap(key -> toString(key), mapKeys({{level}}_float)),
arrayMap(value -> toString(value), mapValues({{level}}_float)),
arrayMap(key -> toString(key), mapKeys({{level}}_bool)),
arrayMap(value -> toString(value), mapValues({{level}}_bool)),
arrayMap(key -> toString(key), mapKeys({{level}}_other))
