-- The first AnyValue message of a key and a type among the attributes of an event; empty: there is none.
arrayFirst(
    (message, key) -> key = {{key}} and startsWith(message, char({{tag}})),
    mapValues({{attributes}}),
    mapKeys({{attributes}})
)
