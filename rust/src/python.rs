//! `clew._kernel`: what Python may ask of the kernel. The interpreter's lock is never held while bytes move.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arrow_array::ffi::{FFI_ArrowSchema, to_ffi};
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_schema::{ArrowError, Schema};
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyDict, PyTuple};

use crate::decode::{self, Builder};
use crate::journal::{self, Journal};
use crate::keys::{Keys, Secret};
use crate::piece::Piece;
use crate::tls::{Pem, Tls};
use crate::validate::{self, Limits, Malformed};
use crate::{counters, fault, json, ledger, limits as bounds, listen, render, schema};

#[pymodule]
mod _kernel {
    #[pymodule_export]
    use super::{
        Batch, Intake, Segment, TableSchema, admit, any_value_json, attribute_index_schema,
        check_tls, decode_request, decode_segment, fault_points, ledger_schema, limits,
        segment_request, spans_schema, trace_ranges_schema,
    };

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        if cfg!(debug_assertions) {
            let warnings = module.py().import("warnings")?;
            warnings.call_method1(
                "warn",
                ("clew._kernel is a debug build: its speed means nothing",),
            )?;
        }
        Ok(())
    }
}

#[allow(clippy::needless_pass_by_value)] // the signature that map_err wants
fn malformed(why: Malformed) -> PyErr {
    PyValueError::new_err(why.0)
}

#[allow(clippy::needless_pass_by_value)]
fn arrow_error(error: ArrowError) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}

/// A record batch that Arrow libraries take without a copy (the Arrow PyCapsule interface).
#[pyclass(frozen, module = "clew._kernel")]
struct Batch(RecordBatch);

#[pymethods]
impl Batch {
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        drop(requested_schema); // the interface lets a producer answer with its own schema
        let data = StructArray::from(self.0.clone()).into_data();
        let (array, _) = to_ffi(&data).map_err(arrow_error)?;
        let array = PyCapsule::new_with_value(py, array, c"arrow_array")?;
        PyTuple::new(py, [schema_capsule(py, self.0.schema_ref())?, array])
    }

    fn __len__(&self) -> usize {
        self.0.num_rows()
    }
}

/// The schema of a table, for a test that compares it with the DDL.
#[pyclass(frozen, module = "clew._kernel")]
struct TableSchema(arrow_schema::SchemaRef);

#[pymethods]
impl TableSchema {
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        schema_capsule(py, &self.0)
    }
}

fn schema_capsule<'py>(py: Python<'py>, schema: &Schema) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = FFI_ArrowSchema::try_from(schema).map_err(arrow_error)?;
    PyCapsule::new_with_value(py, schema, c"arrow_schema")
}

/// A sealed segment, decoded.
#[pyclass(frozen, get_all, module = "clew._kernel")]
struct Segment {
    id: Py<PyBytes>,
    receive_day: u16,
    spans: Py<Batch>,
    trace_ranges: Py<Batch>,
    attribute_index: Py<Batch>,
    ledger: Py<Batch>,
    span_count: u64,
    record_count: u64,
    first_received_ns: u64,
    /// (offset in the file, why it cannot be stored, its bytes)
    dead: Vec<(usize, String, Py<PyBytes>)>,
}

type Read = (
    journal::format::SegmentHeader,
    Result<(decode::Decoded, RecordBatch), ArrowError>,
    Vec<journal::Dead>,
    u64,
    u64,
    u64,
);

/// Its id, the first span, how many.
type Range = ([u8; 16], u64, u64);

fn read_and_decode(path: &std::path::Path, range: Option<Range>) -> std::io::Result<Read> {
    let segment = journal::read_segment(path)?;
    let id = range.map_or(segment.header.id, |(id, ..)| id);
    let mut piece = range.map(|(_, first, count)| Piece::new(first, count));
    let mut builder = Builder::new(id, segment.header.receive_day);
    let (mut spans, mut records, mut first_received_ns) = (0, 0, u64::MAX);
    let mut lines = Vec::new();
    let dead = segment.each(|header, body| {
        if header.kind == journal::format::Kind::Ledger as u8 {
            lines.append(&mut ledger::body::decode(body)?);
            return Ok(());
        }
        let pushed = match &mut piece {
            None => builder.push(body),
            Some(piece) => piece.push(&mut builder, body),
        };
        spans += u64::from(pushed.map_err(|why| why.0)?);
        records += 1;
        first_received_ns = first_received_ns.min(header.received_ns);
        Ok(())
    });
    if records == 0 {
        first_received_ns = segment.header.created_ns;
    }
    Ok((
        segment.header,
        builder.finish().and_then(|decoded| {
            let ledger = ledger::body::rows(&lines, segment.header.id, segment.header.receive_day)?;
            Ok((decoded, ledger))
        }),
        dead,
        spans,
        records,
        first_received_ns,
    ))
}

/// Reads and decodes a whole segment. OSError: it cannot be read; ValueError: it is no segment of this version.
///
/// With `piece`, (id, first span, spans), only these spans, and as if they were a segment of that id.
#[pyfunction]
#[pyo3(signature = (path, piece=None))]
#[allow(clippy::needless_pass_by_value)] // what Python converts into is owned
fn decode_segment(py: Python<'_>, path: PathBuf, piece: Option<Range>) -> PyResult<Segment> {
    // A panic would be a defect of the decoder. It must cost this segment, not the process: the caller puts it aside.
    let read = py
        .detach(|| catch_unwind(|| read_and_decode(&path, piece)))
        .map_err(|_| PyRuntimeError::new_err("decoding the segment panicked"))?;
    let (header, decoded, dead, span_count, record_count, first_received_ns) =
        read.map_err(|error| unread(&error, &path))?;
    let (decoded, ledger) = decoded.map_err(arrow_error)?;
    Ok(Segment {
        id: PyBytes::new(py, &piece.map_or(header.id, |(id, ..)| id)).unbind(),
        receive_day: header.receive_day,
        spans: Py::new(py, Batch(decoded.spans))?,
        trace_ranges: Py::new(py, Batch(decoded.trace_ranges))?,
        attribute_index: Py::new(py, Batch(decoded.attribute_index))?,
        ledger: Py::new(py, Batch(ledger))?,
        span_count,
        record_count,
        first_received_ns,
        dead: dead
            .into_iter()
            .map(|dead| {
                (
                    dead.offset,
                    dead.reason,
                    PyBytes::new(py, &dead.bytes).unbind(),
                )
            })
            .collect(),
    })
}

fn unread(error: &std::io::Error, path: &std::path::Path) -> PyErr {
    match error.kind() {
        std::io::ErrorKind::InvalidData => PyValueError::new_err(error.to_string()),
        _ => PyOSError::new_err((
            error.raw_os_error(),
            error.to_string(),
            path.display().to_string(),
        )),
    }
}

/// Spans of a segment as one OTLP request. Errors as of `decode_segment`.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)] // what Python converts into is owned
fn segment_request(
    py: Python<'_>,
    path: PathBuf,
    first: u64,
    count: u64,
) -> PyResult<Bound<'_, PyBytes>> {
    let written = py.detach(|| {
        let segment = journal::read_segment(&path)?;
        let mut piece = Piece::new(first, count);
        let mut written = Vec::new();
        segment.each(|header, body| {
            if header.kind == journal::format::Kind::Traces as u8 {
                piece.write(&mut written, body).map_err(|why| why.0)?;
            }
            Ok(())
        });
        Ok(written)
    });
    let written = written.map_err(|error: std::io::Error| unread(&error, &path))?;
    Ok(PyBytes::new(py, &written))
}

/// The door's verdict on one request: (protobuf to keep, accepted, rejected, message). ValueError: undecodable.
#[pyfunction]
#[pyo3(signature = (body, encoding, max_attributes=None, max_value_bytes=None))]
fn admit<'py>(
    py: Python<'py>,
    body: &Bound<'py, PyBytes>,
    encoding: &str,
    max_attributes: Option<u32>,
    max_value_bytes: Option<usize>,
) -> PyResult<(Bound<'py, PyBytes>, u32, u32, Option<String>)> {
    let body = bytes::Bytes::copy_from_slice(body.as_bytes());
    let mut limits = Limits::default();
    limits.max_attributes = max_attributes.unwrap_or(limits.max_attributes);
    limits.max_value_bytes = max_value_bytes.unwrap_or(limits.max_value_bytes);
    let admitted = match encoding {
        "protobuf" => py.detach(|| validate::protobuf(body, &limits)),
        "json" => py.detach(|| json::json(&body, &limits)),
        other => {
            return Err(PyValueError::new_err(format!(
                "encoding {other:?}: give protobuf or json"
            )));
        }
    }
    .map_err(malformed)?;
    let said = [
        validate::message(&admitted),
        admitted.cuts.sentence(&limits),
    ];
    let message = said
        .into_iter()
        .flatten()
        .reduce(|one, other| one + " " + &other);
    Ok((
        PyBytes::new(py, &admitted.body),
        admitted.spans,
        admitted.rejected,
        message,
    ))
}

/// The rows of one admitted request, with zeros for segment and day. ValueError: it cannot be decoded.
#[pyfunction]
fn decode_request(py: Python<'_>, body: &[u8]) -> PyResult<(Batch, Batch, Batch)> {
    let decoded = py.detach(|| {
        let mut builder = Builder::new([0; 16], 0);
        builder.push(body).map_err(malformed)?;
        builder.finish().map_err(arrow_error)
    })?;
    Ok((
        Batch(decoded.spans),
        Batch(decoded.trace_ranges),
        Batch(decoded.attribute_index),
    ))
}

/// One AnyValue message as OTLP JSON.
#[pyfunction]
fn any_value_json(value: &[u8]) -> PyResult<String> {
    let mut out = Vec::new();
    render::any_value_json(value, &mut out).map_err(malformed)?;
    Ok(String::from_utf8(out)?)
}

#[pyfunction]
fn spans_schema() -> TableSchema {
    TableSchema(decode::spans_schema())
}

#[pyfunction]
fn trace_ranges_schema() -> TableSchema {
    TableSchema(decode::trace_ranges_schema())
}

#[pyfunction]
fn attribute_index_schema() -> TableSchema {
    TableSchema(decode::attribute_index_schema())
}

#[pyfunction]
fn ledger_schema() -> TableSchema {
    TableSchema(schema::ledger_schema())
}

/// Name → the bound, or the default of the setting; sizes in bytes, times in seconds.
#[pyfunction]
fn limits() -> BTreeMap<&'static str, u64> {
    bounds::table().into_iter().collect()
}

/// Names that the setting `fault` may carry, for tests.
#[pyfunction]
fn fault_points() -> Vec<&'static str> {
    fault::POINTS.to_vec()
}

/// Whether the ports could present this. ValueError says why not.
#[pyfunction]
#[pyo3(signature = (certificate, key, client_ca=None))]
fn check_tls(certificate: Vec<u8>, key: Vec<u8>, client_ca: Option<Vec<u8>>) -> PyResult<()> {
    let pem = Pem {
        certificate,
        key,
        client_ca,
    };
    Tls::new(&pem).map(drop).map_err(PyValueError::new_err)
}

/// Hash, id, scopes, expires and revoked as Unix seconds or 0, spans a second or 0.
type SecretTuple = (Vec<u8>, Vec<u8>, u8, u64, u64, u64);

fn secrets(given: Vec<SecretTuple>) -> PyResult<Vec<Secret>> {
    given
        .into_iter()
        .map(
            |(hash, id, scopes, expires_s, revoked_s, spans_per_second)| {
                let exact =
                    |what| PyValueError::new_err(format!("a key's {what} has another length"));
                Ok(Secret {
                    hash: hash.try_into().map_err(|_| exact("hash"))?,
                    id: id.try_into().map_err(|_| exact("id"))?,
                    scopes,
                    expires_s,
                    revoked_s,
                    spans_per_second,
                })
            },
        )
        .collect()
}

/// Listeners and journal of this process.
#[pyclass(frozen, module = "clew._kernel")]
struct Intake {
    keys: Arc<Keys>,
    journal: Journal,
    running: Mutex<Option<listen::Running>>,
    tls: Option<Arc<Tls>>,
}

#[pymethods]
impl Intake {
    /// Takes over the listening sockets (inherited descriptors) and serves at once. OSError when it cannot.
    #[new]
    fn new(py: Python<'_>, config: &Bound<'_, PyDict>) -> PyResult<Self> {
        let config = Config::read(config)?;
        if !config.fault.is_empty() {
            fault::arm(&config.fault).map_err(PyValueError::new_err)?;
        }
        let tls = match &config.tls {
            Some(pem) => Some(Arc::new(Tls::new(pem).map_err(PyValueError::new_err)?)),
            None => None,
        };
        let keys = Arc::new(Keys::new(config.require_keys));
        keys.replace(config.keys, true);
        let keys_of_door = Arc::clone(&keys);
        py.detach(|| {
            let mut options = journal::Options::new(config.journal);
            options.cap_bytes = config.journal_max_bytes;
            options.reserve_bytes = config.disk_reserve_bytes;
            options.waiting_bytes = config.memory_bytes;
            let journal = Journal::open(options)?;
            let door = listen::Config {
                max_body_bytes: config.max_request_bytes,
                max_connections: config.max_connections,
                max_connections_per_address: config.max_connections_per_address,
                max_spans_per_second: config.max_spans_per_second,
                limits: Limits {
                    max_attributes: config.max_attributes,
                    max_value_bytes: config.max_value_bytes,
                    ..Limits::default()
                },
                memory_budget_bytes: config.memory_bytes as usize,
                keys: keys_of_door,
                tls: tls.clone(),
                ..listen::Config::default()
            };
            let running = listen::start(door, listeners(&config.listeners), journal.clone())?;
            Ok(Self {
                journal,
                running: Mutex::new(Some(running)),
                keys,
                tls,
            })
        })
        .map_err(|error: std::io::Error| PyOSError::new_err(error.to_string()))
    }

    /// True when the disk failed: nothing is acknowledged until a new process starts.
    fn failed(&self) -> bool {
        self.journal.failed()
    }

    /// Presents another certificate to new connections. ValueError: it cannot be used, and nothing changed.
    #[pyo3(signature = (certificate, key, client_ca=None))]
    fn replace_tls(
        &self,
        py: Python<'_>,
        certificate: Vec<u8>,
        key: Vec<u8>,
        client_ca: Option<Vec<u8>>,
    ) -> PyResult<()> {
        let tls = self.tls.as_ref().ok_or_else(|| {
            PyValueError::new_err("this intake was started without TLS; start it again")
        })?;
        let pem = Pem {
            certificate,
            key,
            client_ca,
        };
        py.detach(|| tls.replace(&pem))
            .map_err(PyValueError::new_err)
    }

    /// The keys that are known from now on; None: they cannot be read. Untrusted: the list may be
    /// old, so an unknown key is not refused for good. ValueError: a hash or id of another length.
    fn set_keys(&self, keys: Option<Vec<SecretTuple>>, trusted: bool) -> PyResult<()> {
        let keys = keys.map(secrets).transpose()?;
        self.keys.replace(keys, trusted);
        Ok(())
    }

    /// Key id → Unix seconds of its last use, for those used since the last call.
    fn keys_used<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let used = PyDict::new(py);
        for (id, at_s) in self.keys.used() {
            used.set_item(PyBytes::new(py, &id), at_s)?;
        }
        Ok(used)
    }

    /// Stops listening, finishes requests for at most `within_s`, then writes and seals what is in the journal.
    fn stop(&self, py: Python<'_>, within_s: f64) {
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        py.detach(|| {
            if let Some(running) = running {
                running.stop(Duration::from_secs_f64(within_s.clamp(0.0, 3600.0)));
            }
            self.journal.stop();
        });
    }

    /// Prometheus sample name → value.
    fn counters(&self) -> BTreeMap<String, u64> {
        let mut samples: BTreeMap<_, _> = counters::snapshot().into_iter().collect();
        samples.extend(
            self.journal
                .gauges()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        samples
    }
}

struct Config {
    journal: PathBuf,
    listeners: Vec<RawFd>,
    max_request_bytes: usize,
    max_connections: usize,
    max_connections_per_address: usize,
    max_spans_per_second: u64,
    max_attributes: u32,
    max_value_bytes: usize,
    memory_bytes: u64,
    journal_max_bytes: u64,
    disk_reserve_bytes: u64,
    fault: String,
    require_keys: bool,
    keys: Option<Vec<Secret>>,
    tls: Option<Pem>,
}

impl Config {
    fn read(config: &Bound<'_, PyDict>) -> PyResult<Self> {
        fn get<'py, T: FromPyObjectOwned<'py>>(
            config: &Bound<'py, PyDict>,
            name: &str,
        ) -> PyResult<T> {
            let value = config.get_item(name)?.ok_or_else(|| {
                PyValueError::new_err(format!("the intake's configuration lacks {name:?}"))
            })?;
            value.extract().map_err(Into::into)
        }
        Ok(Self {
            journal: get(config, "journal")?,
            listeners: get(config, "listeners")?,
            max_request_bytes: get(config, "max_request_bytes")?,
            max_connections: get(config, "max_connections")?,
            max_connections_per_address: get(config, "max_connections_per_address")?,
            max_spans_per_second: get(config, "max_spans_per_second")?,
            max_attributes: get(config, "max_attributes")?,
            max_value_bytes: get(config, "max_value_bytes")?,
            memory_bytes: get(config, "memory_bytes")?,
            journal_max_bytes: get(config, "journal_max_bytes")?,
            disk_reserve_bytes: get(config, "disk_reserve_bytes")?,
            fault: get(config, "fault")?,
            require_keys: get(config, "require_keys")?,
            keys: get::<Option<Vec<SecretTuple>>>(config, "keys")?
                .map(secrets)
                .transpose()?,
            tls: match config.get_item("tls")? {
                Some(tls) => tls
                    .extract::<Option<(Vec<u8>, Vec<u8>, Option<Vec<u8>>)>>()?
                    .map(|(certificate, key, client_ca)| Pem {
                        certificate,
                        key,
                        client_ca,
                    }),
                None => None,
            },
        })
    }
}

fn listeners(descriptors: &[RawFd]) -> Vec<TcpListener> {
    descriptors
        .iter()
        .map(|fd| {
            // SAFETY: the supervisor opened these descriptors for this process alone, and hands each over once.
            TcpListener::from(unsafe { OwnedFd::from_raw_fd(*fd) })
        })
        .collect()
}
