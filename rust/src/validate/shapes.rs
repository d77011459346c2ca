//! Which parts of which message have a limit that is kept by cutting.

use crate::otlp::{event, link, resource, scope, span, status};

/// The parts of a message that have a limit, by field number.
pub(super) struct Shape {
    pub place: &'static str,
    /// None: its marks are those of the message around it.
    pub attributes: Option<u32>,
    pub dropped: u32,
    pub names: &'static [u32],
    pub texts: &'static [u32],
    pub trace_state: Option<u32>,
    pub children: &'static [(u32, &'static Shape)],
}

const NOTHING: Shape = Shape {
    place: "",
    attributes: None,
    dropped: 0,
    names: &[],
    texts: &[],
    trace_state: None,
    children: &[],
};
pub(super) const RESOURCE: Shape = Shape {
    place: "resource",
    attributes: Some(resource::ATTRIBUTES),
    dropped: resource::DROPPED_ATTRIBUTES_COUNT,
    ..NOTHING
};
pub(super) const SCOPE: Shape = Shape {
    place: "scope",
    attributes: Some(scope::ATTRIBUTES),
    dropped: scope::DROPPED_ATTRIBUTES_COUNT,
    names: &[scope::NAME, scope::VERSION],
    ..NOTHING
};
const EVENT: Shape = Shape {
    place: "event",
    attributes: Some(event::ATTRIBUTES),
    dropped: event::DROPPED_ATTRIBUTES_COUNT,
    names: &[event::NAME],
    ..NOTHING
};
const LINK: Shape = Shape {
    place: "link",
    attributes: Some(link::ATTRIBUTES),
    dropped: link::DROPPED_ATTRIBUTES_COUNT,
    trace_state: Some(link::TRACE_STATE),
    ..NOTHING
};
const STATUS: Shape = Shape {
    place: "status",
    texts: &[status::MESSAGE],
    ..NOTHING
};
pub(super) const SPAN: Shape = Shape {
    place: "span",
    attributes: Some(span::ATTRIBUTES),
    dropped: span::DROPPED_ATTRIBUTES_COUNT,
    names: &[span::NAME],
    trace_state: Some(span::TRACE_STATE),
    children: &[
        (span::EVENTS, &EVENT),
        (span::LINKS, &LINK),
        (span::STATUS, &STATUS),
    ],
    ..NOTHING
};
