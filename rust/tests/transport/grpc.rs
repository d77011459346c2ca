//! OTLP/gRPC: statuses, compression, deadlines and retry hints.

use std::time::{Duration, Instant};

use _kernel::record::Unavailable;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::support::*;

#[test]
fn export_works_on_either_port() {
    let intake = intake();
    for (spans, port) in (3..).zip(intake.ports) {
        let call = Http2::connect(port).call(TRACES, &[], &request(spans, 0));
        assert_eq!((call.http_status, call.code()), (200, 0));
        assert_eq!(call.trailers.get("grpc-status").unwrap(), "0");
        assert_eq!(call.message, [0; 5]);
    }
    assert_eq!(intake.stored(), [3, 4]);
}

#[test]
fn partial_success_has_the_exact_count() {
    let intake = intake();
    let call = Http2::connect(intake.ports[0]).call(TRACES, &[], &request(1, 2));
    let (rejected, message) = partial_success(&call.message[5..]);
    assert_eq!((call.code(), rejected, message.is_empty()), (0, 2, false));
    assert_eq!(intake.stored(), [1]);
}

#[test]
fn hundred_calls_at_once_share_a_connection() {
    let intake = intake_with(
        quick(),
        Memory {
            delay: Duration::from_millis(50),
            ..Memory::default()
        },
    );
    let client = Http2::connect(intake.ports[0]);
    let began = Instant::now();
    let codes: Vec<u32> = client.runtime.block_on(async {
        let calls: Vec<_> = (0..100)
            .map(|number| {
                let body = framed(0, &request_of(1, 0, format!("{number}").as_bytes()));
                let sender = client.sender.clone();
                tokio::spawn(async move { call(sender, TRACES, &[], body).await.code() })
            })
            .collect();
        let mut codes = Vec::new();
        for call in calls {
            codes.push(call.await.unwrap());
        }
        codes
    });
    assert_eq!(codes, [0; 100]);
    assert_eq!(intake.stored().len(), 100);
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "one after the other would take 5 s"
    );
}

#[test]
fn compressed_messages_are_taken_and_other_encodings_are_unimplemented() {
    let intake = intake();
    let client = Http2::connect(intake.ports[0]);
    let gzipped = framed(1, &gzip(&request(6, 0)));
    assert_eq!(
        client
            .call_raw(TRACES, &[("grpc-encoding", "gzip")], gzipped.clone())
            .code(),
        0
    );
    // The header announces, the message's flag decides.
    assert_eq!(
        client
            .call(TRACES, &[("grpc-encoding", "gzip")], &request(2, 0))
            .code(),
        0
    );
    let zstd = framed(1, &zstd::bulk::compress(&request(3, 0), 3).unwrap());
    let call = client.call_raw(TRACES, &[("grpc-encoding", "zstd")], zstd);
    assert_eq!(call.code(), 0);
    assert_eq!(intake.stored(), [6, 2, 3]);
    let call = client.call_raw(TRACES, &[("grpc-encoding", "snappy")], gzipped.clone());
    assert_eq!(
        (call.code(), call.status("grpc-accept-encoding")),
        (12, "identity,gzip,zstd")
    );
    assert_eq!(client.call_raw(TRACES, &[], gzipped).code(), 3);
    let corrupt = framed(1, b"\x1f\x8b\x08");
    assert_eq!(
        client
            .call_raw(TRACES, &[("grpc-encoding", "gzip")], corrupt)
            .code(),
        3
    );
}

#[test]
fn malformed_calls_are_invalid_argument_with_http_200_and_no_body() {
    let intake = intake();
    let client = Http2::connect(intake.ports[0]);
    let two = [framed(0, &request(1, 0)), framed(0, &request(1, 0))].concat();
    for body in [
        vec![],
        vec![0, 0, 0],
        framed(0, b"\x0a\xff"),
        two,
        framed(9, b""),
    ] {
        let call = client.call_raw(TRACES, &[], body);
        assert_eq!((call.http_status, call.code()), (200, 3));
        assert!(
            call.trailers.is_empty() && call.message.is_empty(),
            "trailers only"
        );
        assert!(!call.status("grpc-message").is_empty());
        assert!(!call.headers.contains_key("google.rpc.retryinfo-bin"));
    }
    assert!(intake.stored().is_empty());
}

#[test]
fn unknown_methods_are_unimplemented() {
    let intake = intake();
    let client = Http2::connect(intake.ports[0]);
    for path in [
        "/",
        "/v1/traces",
        "/grpc.health.v1.Health/Check",
        "/a%0Ab/\u{7f}c",
    ] {
        let path = path.replace('\u{7f}', "%7F");
        let call = client.call(&path, &[], b"");
        assert_eq!(call.code(), 12, "{path}");
        assert!(call.status("grpc-message").contains("TraceService/Export"));
    }
    assert_eq!(
        client
            .call(TRACES, &[("content-type", "application/grpc+json")], b"{}")
            .code(),
        3
    );
    assert_eq!(
        client
            .call(TRACES, &[("content-type", "application/grpc+proto")], b"")
            .code(),
        0
    );
}

#[test]
fn metrics_and_logs_succeed_and_say_once_that_only_traces_are_kept() {
    let intake = intake();
    let client = Http2::connect(intake.ports[0]);
    let metrics = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    let logs = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    let first = client.call(metrics, &[], b"whatever");
    let (rejected, message) = partial_success(&first.message[5..]);
    assert_eq!((first.code(), rejected), (0, 0));
    assert!(message.contains("OTEL_METRICS_EXPORTER=none"), "{message}");
    assert_eq!(client.call(logs, &[], b"").message, [0; 5]);
}

#[test]
fn unavailable_journal_carries_retry_info_in_both_trailers() {
    let intake = intake();
    *intake.memory.refuse.lock().unwrap() = Some(Unavailable::Busy);
    let call = Http2::connect(intake.ports[0]).call(TRACES, &[], &request(1, 0));
    assert_eq!((call.http_status, call.code()), (200, 14));
    let info = STANDARD_NO_PAD
        .decode(call.status("google.rpc.retryinfo-bin"))
        .unwrap();
    assert_eq!(info[..3], [0x0a, 2, 8]);
    assert!((1..=3).contains(&info[3]));
    let details = STANDARD_NO_PAD
        .decode(call.status("grpc-status-details-bin"))
        .unwrap();
    assert!(details.windows(info.len()).any(|window| window == info));
    assert_eq!(details[..2], [8, 14]);
}

#[test]
fn no_success_after_the_clients_deadline() {
    let intake = intake_with(
        quick(),
        Memory {
            delay: Duration::from_millis(500),
            ..Memory::default()
        },
    );
    let client = Http2::connect(intake.ports[0]);
    let began = Instant::now();
    assert_eq!(
        client
            .call(TRACES, &[("grpc-timeout", "30m")], &request(1, 0))
            .code(),
        4
    );
    assert!(began.elapsed() < Duration::from_millis(400));
    assert_eq!(
        client
            .call(TRACES, &[("grpc-timeout", "20S")], &request(1, 0))
            .code(),
        0
    );
}
