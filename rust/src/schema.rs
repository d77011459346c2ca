//! The Arrow schemas that the store's tables are compared with. No column holds nulls.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef};

/// Text with few distinct values.
pub fn dictionary() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// From an attribute's name to a value of this type.
pub fn map(value: DataType) -> DataType {
    let fields = vec![
        Field::new("keys", dictionary(), false),
        Field::new("values", value, false),
    ];
    DataType::Map(
        Arc::new(Field::new(
            "entries",
            DataType::Struct(fields.into()),
            false,
        )),
        false,
    )
}

pub fn item(data_type: DataType) -> FieldRef {
    Arc::new(Field::new("item", data_type, false))
}

fn list(data_type: DataType) -> DataType {
    DataType::List(item(data_type))
}

fn schema(columns: Vec<(&str, DataType)>) -> SchemaRef {
    let fields: Vec<Field> = columns
        .into_iter()
        .map(|(name, data_type)| Field::new(name, data_type, false))
        .collect();
    Arc::new(Schema::new(fields))
}

/// One row per kind of knock and flush, see `ledger`.
pub fn ledger_schema() -> SchemaRef {
    use DataType::{FixedSizeBinary, UInt16, UInt32, UInt64, Utf8};
    schema(vec![
        ("receive_day", UInt16),
        ("time", UInt32),
        ("segment", FixedSizeBinary(16)),
        ("n", UInt32),
        ("reason", Utf8),
        ("status", UInt16),
        ("protocol", Utf8),
        ("address", Utf8),
        ("port", UInt16),
        ("user_agent", Utf8),
        ("key_prefix", Utf8),
        ("headers", list(Utf8)),
        ("detail", Utf8),
        ("sentence", Utf8),
        ("first_ns", UInt64),
        ("last_ns", UInt64),
        ("count", UInt64),
    ])
}

/// One row per span.
pub fn spans_schema() -> SchemaRef {
    use DataType::{
        Binary, Boolean, FixedSizeBinary, Float64, Int32, Int64, UInt16, UInt32, UInt64, Utf8,
    };
    schema(vec![
        ("receive_day", UInt16),
        ("segment", FixedSizeBinary(16)),
        ("service", dictionary()),
        ("name", dictionary()),
        ("time", UInt32),
        ("trace_id", FixedSizeBinary(16)),
        ("span_id", FixedSizeBinary(8)),
        ("parent_span_id", FixedSizeBinary(8)),
        ("start_ns", UInt64),
        ("end_ns", UInt64),
        ("kind", Int32),
        ("status_code", Int32),
        ("status_message", Utf8),
        ("flags", UInt32),
        ("trace_state", Utf8),
        ("dropped_attributes", UInt32),
        ("dropped_events", UInt32),
        ("dropped_links", UInt32),
        ("resource_schema_url", dictionary()),
        ("scope_schema_url", dictionary()),
        ("scope_name", dictionary()),
        ("scope_version", dictionary()),
        ("resource_dropped_attributes", UInt32),
        ("scope_dropped_attributes", UInt32),
        ("attr_str", map(Utf8)),
        ("attr_int", map(Int64)),
        ("attr_float", map(Float64)),
        ("attr_bool", map(Boolean)),
        ("attr_other", map(Binary)),
        ("resource_str", map(Utf8)),
        ("resource_int", map(Int64)),
        ("resource_float", map(Float64)),
        ("resource_bool", map(Boolean)),
        ("resource_other", map(Binary)),
        ("scope_str", map(Utf8)),
        ("scope_int", map(Int64)),
        ("scope_float", map(Float64)),
        ("scope_bool", map(Boolean)),
        ("scope_other", map(Binary)),
        ("event_time_ns", list(UInt64)),
        ("event_name", list(dictionary())),
        ("event_dropped_attributes", list(UInt32)),
        ("event_str", list(map(Utf8))),
        ("event_other", list(map(Binary))),
        ("link_trace_id", list(FixedSizeBinary(16))),
        ("link_span_id", list(FixedSizeBinary(8))),
        ("link_trace_state", list(Utf8)),
        ("link_flags", list(UInt32)),
        ("link_dropped_attributes", list(UInt32)),
        ("link_str", list(map(Utf8))),
        ("link_other", list(map(Binary))),
    ])
}

/// One row per trace of a segment: when it ran, so that a lookup by id reads only that time.
pub fn trace_ranges_schema() -> SchemaRef {
    use DataType::{FixedSizeBinary, UInt16, UInt32};
    schema(vec![
        ("trace_id", FixedSizeBinary(16)),
        ("receive_day", UInt16),
        ("min_time", UInt32),
        ("max_time", UInt32),
    ])
}

/// One row per key, scope and type in a range of start seconds of a segment.
pub fn attribute_index_schema() -> SchemaRef {
    use DataType::{Binary, Boolean, Float64, Int8, UInt16, UInt32, UInt64, Utf8};
    schema(vec![
        ("receive_day", UInt16),
        ("scope", Int8),
        ("key", dictionary()),
        ("type", Int8),
        ("time", UInt32),
        ("last_time", UInt32),
        ("batch", UInt64),
        ("spans", UInt32),
        ("values", list(Utf8)),
        ("counts", list(UInt32)),
        ("complete", Boolean),
        ("filter", Binary),
        ("min_value", Float64),
        ("max_value", Float64),
    ])
}
