//! What is not OTLP is turned away, hostile bytes change nothing, and a stop loses no request.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::support::*;

#[test]
fn tls_on_a_plain_port_gets_an_alert() {
    let intake = intake();
    let seen = "clew_intake_connections_total{protocol=\"tls\"}";
    let before = counter(seen);
    let mut connection = intake.connect();
    connection.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
    assert_eq!(connection.rest(), [0x15, 3, 3, 0, 2, 2, 40]);
    assert!(counter(seen) > before);
}

#[test]
fn unknown_bytes_get_a_readable_400() {
    let intake = intake();
    for port in intake.ports {
        let mut connection = Http1::connect(port);
        connection.send(b"\0\0\0\x10hello");
        let answer = connection.answer();
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains("OTLP"), "{answer:?}");
        assert_eq!(connection.rest(), b"");
    }
}

#[test]
fn malformed_http_is_400() {
    let intake = intake();
    let mut connection = intake.connect();
    connection.send(b"POST /v1/traces HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n");
    assert_eq!(connection.answer().status, 400);
}

#[test]
fn aborted_request_is_not_stored() {
    let intake = intake();
    let body = request(1, 0);
    let mut connection = intake.connect();
    connection.send(format!("POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: {PROTOBUF}\r\ncontent-length: {}\r\n\r\n", body.len() + 1).as_bytes());
    connection.send(&body);
    drop(connection);
    eventually("the connection is gone", || {
        intake.running.open_connections() == 0
    });
    assert!(intake.stored().is_empty());
}

#[test]
fn call_given_up_while_it_waits_for_the_disk_is_counted() {
    let intake = intake_with(
        quick(),
        Memory {
            delay: Duration::from_secs(60),
            ..Memory::default()
        },
    );
    let aborted = "clew_intake_requests_total{signal=\"traces\",transport=\"grpc\",encoding=\"protobuf\",outcome=\"aborted\"}";
    let unanswered = "clew_intake_spans_refused_total{reason=\"unanswered\"}";
    let before = (counter(aborted), counter(unanswered));
    let client = Http2::connect(intake.ports[0]);
    let sender = client.sender.clone();
    let call = client
        .runtime
        .spawn(async move { call(sender, TRACES, &[], framed(0, &request(3, 0))).await });
    eventually("it has reached the journal", || {
        intake.memory.reached.load(Ordering::SeqCst) == 1
    });
    call.abort();
    eventually("both are counted", || {
        counter(aborted) > before.0 && counter(unanswered) >= before.1 + 3
    });
}

#[test]
fn stop_finishes_requests_in_flight_and_closes_idle_connections() {
    let memory = Memory {
        delay: Duration::from_millis(300),
        ..Memory::default()
    };
    let Intake {
        memory,
        running,
        ports,
    } = intake_with(quick(), memory);
    let mut idle = Http1::connect(ports[1]);
    assert_eq!(
        idle.request("POST", "/v1/traces", &[("content-type", JSON)], b"{}")
            .status,
        200
    );
    let idle2 = Http2::connect(ports[0]);
    assert_eq!(idle2.call(TRACES, &[], b"").code(), 0);
    let calls = [
        std::thread::spawn(move || {
            Http1::connect(ports[1])
                .request(
                    "POST",
                    "/v1/traces",
                    &[("content-type", PROTOBUF)],
                    &request(1, 0),
                )
                .status
        }),
        std::thread::spawn(move || {
            200 + Http2::connect(ports[0])
                .call(TRACES, &[], &request(2, 0))
                .code() as u16
        }),
    ];
    eventually("both have reached the journal", || {
        memory.reached.load(Ordering::SeqCst) == 2
    });
    assert_eq!(running.open_connections(), 4);
    let began = Instant::now();
    assert_eq!(
        running.stop(Duration::from_secs(5)),
        0,
        "no connection is cut"
    );
    assert!(began.elapsed() < Duration::from_secs(3));
    for call in calls {
        assert_eq!(call.join().unwrap(), 200);
    }
    assert_eq!(memory.records.lock().unwrap().len(), 2);
    assert_eq!(idle.rest(), b"");
    assert!(std::net::TcpStream::connect(ports[0]).is_err());
}

#[test]
fn stop_cuts_what_does_not_end_in_time() {
    let memory = Memory {
        delay: Duration::from_secs(60),
        ..Memory::default()
    };
    let Intake {
        memory,
        running,
        ports,
    } = intake_with(quick(), memory);
    let mut connection = Http1::connect(ports[1]);
    let body = request(1, 0);
    connection.send(format!("POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: {PROTOBUF}\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes());
    connection.send(&body);
    eventually("it has reached the journal", || {
        memory.reached.load(Ordering::SeqCst) == 1
    });
    let began = Instant::now();
    assert_eq!(running.stop(Duration::from_millis(200)), 1);
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn every_outcome_is_counted() {
    let intake = intake();
    let sample = |outcome: &str| {
        counter(&format!(
            "clew_intake_requests_total{{signal=\"traces\",transport=\"http\",encoding=\"json\",outcome=\"{outcome}\"}}"
        ))
    };
    let before = (
        sample("accepted"),
        sample("malformed"),
        counter("clew_intake_spans_accepted_total"),
    );
    intake.post("/v1/traces", JSON, &json_request(5));
    intake.post("/v1/traces", JSON, b"[]");
    assert!(sample("accepted") > before.0);
    assert!(sample("malformed") > before.1);
    assert!(counter("clew_intake_spans_accepted_total") >= before.2 + 5);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_bytes_never_end_the_intake(
        start in prop_oneof![
            Just(&b""[..]),
            Just(&b"POST /v1/traces HTTP/1.1\r\ncontent-type: application/json\r\n"[..]),
            Just(&b"POST /v1/traces HTTP/1.1\r\ncontent-type: application/x-protobuf\r\ntransfer-encoding: chunked\r\n\r\n"[..]),
            Just(&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..]),
            Just(&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"[..]),
            Just(&b"\x16\x03"[..]),
        ],
        garbage in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        thread_local!(static INTAKE: Intake = intake());
        INTAKE.with(|intake| {
            let mut connection = intake.connect();
            connection.send(start);
            let _ = std::io::Write::write_all(&mut connection.stream, &garbage);
            let _ = connection.stream.shutdown(std::net::Shutdown::Write);
            connection.rest();
            assert_eq!(intake.post("/v1/traces", JSON, b"{}").status, 200);
        });
    }
}
