//! Nothing a sender does takes more than its share of size, memory, time or connections.

use std::io::Write;
use std::time::{Duration, Instant};

use _kernel::listen::Config;

use crate::support::*;

fn small() -> Config {
    Config {
        max_body_bytes: 10_000,
        ..quick()
    }
}

#[test]
fn body_over_the_limit_is_413_however_it_comes() {
    let intake = intake_with(small(), Memory::default());
    let plain = vec![0; 10_001];
    let answer = intake.post("/v1/traces", PROTOBUF, &plain);
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (413, Some(PROTOBUF))
    );
    assert!(answer.text().contains("10000 bytes"), "{answer:?}");
    assert!(answer.header("retry-after").is_none());

    let headers = [("content-type", JSON), ("content-encoding", "gzip")];
    let answer = intake
        .connect()
        .request("POST", "/v1/traces", &headers, &gzip(&plain));
    assert_eq!((answer.status, &answer.json()["code"]), (413, &8.into()));

    let mut connection = intake.connect();
    connection.send(b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
    for _ in 0..11 {
        connection.send(&[&b"3e8\r\n"[..], &[b' '; 1_000], b"\r\n"].concat());
    }
    connection.send(b"0\r\n\r\n");
    assert_eq!(connection.answer().status, 413);

    assert_eq!(intake.post("/v1/metrics", JSON, &plain).status, 413);
}

#[test]
fn body_of_exactly_the_limit_is_taken() {
    let name_length = 10_000 - request_of(1, 0, &[b'x'; 5_000]).len() + 5_000;
    let body = request_of(1, 0, &vec![b'x'; name_length]);
    assert_eq!(body.len(), 10_000);
    let intake = intake_with(small(), Memory::default());
    assert_eq!(intake.post("/v1/traces", PROTOBUF, &body).status, 200);
    let client = Http2::connect(intake.ports[0]);
    assert_eq!(client.call(TRACES, &[], &body).code(), 0);
    let zipped = framed(1, &gzip(&body));
    assert_eq!(
        client
            .call_raw(TRACES, &[("grpc-encoding", "gzip")], zipped)
            .code(),
        0
    );
}

#[test]
fn grpc_message_over_the_limit_is_resource_exhausted_without_retry_info() {
    let intake = intake_with(small(), Memory::default());
    let client = Http2::connect(intake.ports[0]);
    let plain = client.call(TRACES, &[], &[0; 10_001]);
    let zipped = client.call_raw(
        TRACES,
        &[("grpc-encoding", "gzip")],
        framed(1, &gzip(&[0; 10_001])),
    );
    for call in [plain, zipped] {
        assert_eq!(call.code(), 8);
        assert!(call.status("grpc-message").contains("10000 bytes"));
        assert!(
            call.status("google.rpc.retryinfo-bin").is_empty()
                && call.status("grpc-status-details-bin").is_empty()
        );
    }
    assert_eq!(
        client.call(TRACES, &[], &request(1, 0)).code(),
        0,
        "the connection lives on"
    );
}

#[test]
fn sender_that_does_not_read_while_sending_gets_its_413() {
    let intake = intake_with(small(), Memory::default());
    let mut connection = intake.connect();
    let body = vec![0; 4 << 20];
    connection.send(
        format!("POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: {PROTOBUF}\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n", body.len())
            .as_bytes(),
    );
    let _ = connection.stream.write_all(&body); // the server may close once it has read enough
    assert_eq!(connection.answer().status, 413);
}

#[test]
fn gzip_bomb_costs_no_more_than_the_limit() {
    let intake = intake_with(
        Config {
            memory_budget_bytes: 200_000,
            ..quick()
        },
        Memory::default(),
    );
    let bomb = gzip(&vec![0; 8 << 20]);
    let headers = [("content-type", PROTOBUF), ("content-encoding", "gzip")];
    let answer = intake
        .connect()
        .request("POST", "/v1/traces", &headers, &bomb);
    assert_eq!(
        answer.status, 503,
        "the memory budget stops it before the size limit"
    );
    let intake = intake_with(small(), Memory::default());
    let answer = intake
        .connect()
        .request("POST", "/v1/traces", &headers, &bomb);
    assert_eq!(answer.status, 413);
}

#[test]
fn exhausted_memory_budget_asks_to_retry() {
    let intake = intake_with(
        Config {
            memory_budget_bytes: 50_000,
            ..quick()
        },
        Memory::default(),
    );
    let refused = "clew_intake_requests_total{signal=\"traces\",transport=\"http\",encoding=\"protobuf\",outcome=\"memory_budget\"}";
    let before = counter(refused);
    let mut hoarder = intake.connect();
    hoarder.send(format!("POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: {PROTOBUF}\r\ncontent-length: 60000\r\n\r\n").as_bytes());
    hoarder.send(&vec![0; 45_000]);
    eventually("the first body is in memory", || {
        intake.running.held_bytes() >= 45_000
    });
    let body = request_of(1, 0, &vec![b'x'; 20_000]);
    let answer = intake.post("/v1/traces", PROTOBUF, &body);
    assert_eq!(
        (answer.status, answer.header("retry-after").is_some()),
        (503, true)
    );
    assert!(counter(refused) > before);
    let call = Http2::connect(intake.ports[0]).call(TRACES, &[], &body);
    assert_eq!(
        (
            call.code(),
            call.status("google.rpc.retryinfo-bin").is_empty()
        ),
        (14, false)
    );
    drop(hoarder);
    eventually("its memory is given back", || {
        intake.running.held_bytes() == 0
    });
    assert_eq!(intake.post("/v1/traces", PROTOBUF, &body).status, 200);
}

#[test]
fn slow_body_is_cut_at_its_deadline() {
    let intake = intake_with(
        Config {
            body_timeout: Duration::from_millis(100),
            ..quick()
        },
        Memory::default(),
    );
    let mut connection = intake.connect();
    connection.send(format!("POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: {JSON}\r\ncontent-length: 100\r\n\r\n{{").as_bytes());
    let answer = connection.answer();
    assert_eq!(
        (answer.status, answer.header("connection")),
        (408, Some("close"))
    );
    assert_eq!(connection.rest(), b"");
}

#[test]
fn slow_head_and_silence_are_cut() {
    let intake = intake_with(
        Config {
            head_timeout: Duration::from_millis(100),
            ..quick()
        },
        Memory::default(),
    );
    for start in ["", "PO", "POST /v1/traces HTTP/1.1\r\nhos"] {
        let mut connection = intake.connect();
        let began = Instant::now();
        connection.send(start.as_bytes());
        assert_eq!(connection.rest(), b"", "{start:?}");
        assert!(began.elapsed() < Duration::from_secs(5));
    }
    // The same for a later request of a connection.
    let mut connection = intake.connect();
    assert_eq!(
        connection
            .request("POST", "/v1/traces", &[("content-type", JSON)], b"{}")
            .status,
        200
    );
    connection.send(b"POST ");
    assert_eq!(connection.rest(), b"");
}

#[test]
fn idle_connections_are_closed_and_quiet_ones_below_the_bound_are_not() {
    let config = Config {
        idle_timeout: Duration::from_millis(600),
        head_timeout: Duration::from_millis(100),
        ..quick()
    };
    let intake = intake_with(config, Memory::default());
    let mut connection = intake.connect();
    for _ in 0..2 {
        assert_eq!(
            connection
                .request("POST", "/v1/traces", &[("content-type", JSON)], b"{}")
                .status,
            200
        );
        std::thread::sleep(Duration::from_millis(250)); // longer than a head may take, shorter than the idle bound
    }
    assert_eq!(connection.rest(), b"");
    let client = Http2::connect(intake.ports[0]);
    assert_eq!(client.call(TRACES, &[], b"").code(), 0);
    eventually("the HTTP/2 connection is closed", || {
        client.sender.is_closed()
    });
}

#[test]
fn connections_over_the_cap_are_closed_at_once() {
    let intake = intake_with(
        Config {
            max_connections: 2,
            ..quick()
        },
        Memory::default(),
    );
    let refused = "clew_intake_connections_refused_total{reason=\"too_many\"}";
    let before = counter(refused);
    let mut first = intake.connect();
    assert_eq!(
        first
            .request("POST", "/v1/traces", &[("content-type", JSON)], b"{}")
            .status,
        200
    );
    let _second = intake.connect();
    eventually("both are open", || intake.running.open_connections() == 2);
    assert_eq!(intake.connect().rest(), b"");
    assert!(counter(refused) > before);
    drop(first);
    eventually("a place is free", || intake.running.open_connections() < 2);
    assert_eq!(intake.post("/v1/traces", JSON, b"{}").status, 200);
}
