//! OTLP/HTTP: paths, methods, types, encodings and the answers' form.

use crate::support::*;
use _kernel::record::Unavailable;

#[test]
fn full_success_is_200_with_the_requests_type_and_nothing_to_say() {
    let intake = intake();
    let answer = intake.post("/v1/traces", PROTOBUF, &request(3, 0));
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some(PROTOBUF))
    );
    assert_eq!(answer.body, b"");
    let answer = intake.post("/v1/traces", JSON, &json_request(2));
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some(JSON))
    );
    assert_eq!(answer.body, b"{}");
    assert_eq!(intake.stored(), [3, 2]);
}

#[test]
fn content_type_parameters_and_case_are_ignored() {
    let intake = intake();
    assert_eq!(
        intake
            .post(
                "/v1/traces",
                "Application/JSON; charset=utf-8",
                &json_request(1)
            )
            .status,
        200
    );
    let answer = intake.post("/v1/traces", "APPLICATION/PROTOBUF", &request(1, 0));
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/protobuf"))
    );
}

#[test]
fn partial_success_has_the_exact_count() {
    let intake = intake();
    let answer = intake.post("/v1/traces", PROTOBUF, &request(7, 3));
    let (rejected, message) = partial_success(&answer.body);
    assert_eq!(
        (answer.status, rejected, message.is_empty()),
        (200, 3, false)
    );
    assert_eq!(intake.stored(), [7]);
}

#[test]
fn nothing_is_journaled_when_there_is_no_valid_span() {
    let intake = intake();
    assert_eq!(
        intake.post("/v1/traces", PROTOBUF, &request(0, 2)).status,
        200
    );
    for empty in [&b""[..], b"\x0a\x00", b"\x0a\x02\x12\x00"] {
        let answer = intake.post("/v1/traces", PROTOBUF, empty);
        assert_eq!((answer.status, answer.body.len()), (200, 0));
    }
    for empty in [
        "{}",
        r#"{"resourceSpans":[]}"#,
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":[]}]}]}"#,
    ] {
        let answer = intake.post("/v1/traces", JSON, empty.as_bytes());
        assert_eq!((answer.status, answer.text().as_str()), (200, "{}"));
    }
    assert!(intake.stored().is_empty());
}

#[test]
fn same_body_from_the_same_sender_is_one_record() {
    let intake = intake();
    for _ in 0..2 {
        assert_eq!(
            intake.post("/v1/traces", PROTOBUF, &request(1, 0)).status,
            200
        );
    }
    let with_key = intake.connect().request(
        "POST",
        "/v1/traces",
        &[("content-type", PROTOBUF), ("kf-api-key", "other")],
        &request(1, 0),
    );
    assert_eq!(with_key.status, 200);
    assert_eq!(intake.stored(), [1, 1]);
}

#[test]
fn other_paths_are_404_and_never_redirect() {
    let intake = intake();
    for path in [
        "/",
        "/v1/traces/",
        "/v1",
        "/V1/TRACES",
        "/v1/traces%0d%0aX:y",
    ] {
        for (content_type, method) in [(PROTOBUF, "POST"), (JSON, "POST"), ("text/html", "GET")] {
            let answer =
                intake
                    .connect()
                    .request(method, path, &[("content-type", content_type)], b"");
            assert_eq!(answer.status, 404, "{path}");
            assert!(answer.text().contains("/v1/traces"), "{path}: {answer:?}");
            assert!(answer.reason.contains("is not served here"), "{answer:?}");
        }
    }
    assert_eq!(intake.post("/nothing", JSON, b"").json()["code"], 12);
}

#[test]
fn other_methods_are_405_with_allow() {
    let intake = intake();
    for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let answer =
            intake
                .connect()
                .request(method, "/v1/traces", &[("content-type", JSON)], b"{}");
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some("POST")),
            "{method}"
        );
        assert_eq!(answer.header("content-type"), Some(JSON));
    }
}

#[test]
fn unknown_or_missing_content_type_is_415_in_json() {
    let intake = intake();
    for headers in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "application/grpc")],
    ] {
        let answer = intake
            .connect()
            .request("POST", "/v1/traces", headers, b"x");
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (415, Some(JSON)),
            "{headers:?}"
        );
        assert!(
            answer.json()["message"]
                .as_str()
                .unwrap()
                .contains("content"),
            "{answer:?}"
        );
    }
}

#[test]
fn gzip_is_taken_and_other_codings_are_415() {
    let intake = intake();
    let post = |coding: &str, body: &[u8]| {
        let headers = [("content-type", PROTOBUF), ("content-encoding", coding)];
        intake
            .connect()
            .request("POST", "/v1/traces", &headers, body)
    };
    assert_eq!(post("gzip", &gzip(&request(4, 0))).status, 200);
    assert_eq!(
        post(
            "GZIP",
            &[gzip(&request(2, 0)), gzip(&request(1, 0))].concat()
        )
        .status,
        200
    );
    assert_eq!(post("identity", &request(5, 0)).status, 200);
    assert_eq!(intake.stored(), [4, 3, 5]);
    for coding in ["br", "deflate", "compress", "gzip, gzip"] {
        let answer = post(coding, b"x");
        assert_eq!(
            (answer.status, answer.header("accept-encoding")),
            (415, Some("gzip, zstd")),
            "{coding}"
        );
        assert_eq!(answer.header("content-type"), Some(PROTOBUF));
    }
}

#[test]
fn corrupt_gzip_and_undecodable_bodies_are_400_with_a_status() {
    let intake = intake();
    let packed = gzip(&request(4, 0));
    let mut flipped = packed.clone();
    let at = flipped.len() - 6;
    flipped[at] ^= 1;
    for body in [&packed[..packed.len() - 8], &flipped, b"not gzip"] {
        let headers = [("content-type", JSON), ("content-encoding", "gzip")];
        let answer = intake
            .connect()
            .request("POST", "/v1/traces", &headers, body);
        assert_eq!((answer.status, &answer.json()["code"]), (400, &3.into()));
    }
    let answer = intake.post("/v1/traces", PROTOBUF, b"\x0a\xff");
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (400, Some(PROTOBUF))
    );
    assert_eq!(answer.body[..2], [8, 3]);
    let answer = intake.post("/v1/traces", JSON, b"{\"resourceSpans\":");
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.json()["details"][0]["@type"],
        "type.googleapis.com/google.rpc.BadRequest"
    );
    assert!(!answer.json()["message"].as_str().unwrap().is_empty());
    assert!(intake.stored().is_empty());
}

#[test]
fn unavailable_journal_is_503_with_a_delay_that_sdks_accept() {
    let intake = intake();
    for why in [
        Unavailable::Full,
        Unavailable::DiskReserve,
        Unavailable::SyncFailed,
        Unavailable::Stopping,
    ] {
        *intake.memory.refuse.lock().unwrap() = Some(why);
        let answer = intake.post("/v1/traces", JSON, &json_request(1));
        assert_eq!((answer.status, &answer.json()["code"]), (503, &14.into()));
        let delay = answer.header("retry-after").unwrap();
        assert!(["1", "2", "3"].contains(&delay), "{delay}");
        assert_eq!(
            answer.json()["details"][0]["retryDelay"],
            format!("{delay}s")
        );
        assert_eq!(answer.json()["message"], why.sentence());
    }
    *intake.memory.refuse.lock().unwrap() = None;
    assert_eq!(
        intake.post("/v1/traces", JSON, &json_request(1)).status,
        200
    );
}

#[test]
fn metrics_and_logs_succeed_and_say_once_that_only_traces_are_kept() {
    let intake = intake();
    let answer = intake.post("/v1/metrics", JSON, b"whatever");
    assert_eq!(answer.status, 200);
    let said = answer.json()["partialSuccess"]["errorMessage"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        said.contains("OTEL_METRICS_EXPORTER=none") && said.contains("OTEL_LOGS_EXPORTER=none"),
        "{said}"
    );
    assert_eq!(intake.post("/v1/logs", JSON, b"{}").text(), "{}");
    let headers = [("content-type", PROTOBUF), ("user-agent", "another client")];
    let answer = intake.connect().request("POST", "/v1/logs", &headers, b"");
    assert_eq!(
        (answer.status, partial_success(&answer.body)),
        (200, (0, said))
    );
    assert!(intake.stored().is_empty());
}

#[test]
fn hundred_requests_in_both_encodings_share_a_connection() {
    let intake = intake();
    let mut connection = intake.connect();
    for number in 0..100 {
        let (kind, body) = if number % 2 == 0 {
            (PROTOBUF, request_of(1, 0, format!("{number}").as_bytes()))
        } else {
            (JSON, json_request(1 + number % 8))
        };
        let answer = connection.request("POST", "/v1/traces", &[("content-type", kind)], &body);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some(kind))
        );
    }
    // A refused request does not cost the connection either.
    assert_eq!(
        connection
            .request("POST", "/", &[], &vec![0; 100_000])
            .status,
        404
    );
    assert_eq!(
        connection
            .request("POST", "/v1/traces", &[("content-type", PROTOBUF)], b"")
            .status,
        200
    );
}

#[test]
fn chunked_body_is_taken() {
    let intake = intake();
    let mut connection = intake.connect();
    let body = request_of(30, 0, &[b'x'; 100]);
    connection.send(b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ntransfer-encoding: chunked\r\n\r\n");
    for chunk in body.chunks(1_000) {
        connection.send(&[format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
    }
    connection.send(b"0\r\n\r\n");
    assert_eq!(connection.answer().status, 200);
    assert_eq!(intake.memory.records.lock().unwrap()[0].body, body);
}

#[test]
fn expectation_is_answered_before_the_body() {
    let intake = intake();
    let body = request(2, 0);
    let head = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {PROTOBUF}\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
    };
    let mut connection = intake.connect();
    connection.send(head("/v1/traces").as_bytes());
    assert_eq!(connection.answer().status, 100);
    connection.send(&body);
    assert_eq!(connection.answer().status, 200);
    let mut connection = intake.connect();
    connection.send(head("/v1/trace").as_bytes());
    assert_eq!(connection.answer().status, 404);
}

#[test]
fn http2_takes_otlp_http_too() {
    let intake = intake();
    for port in intake.ports {
        let client = Http2::connect(port);
        let answer = client.call_raw("/v1/traces", &[("content-type", JSON)], json_request(1));
        assert_eq!(
            (answer.http_status, answer.message.as_slice()),
            (200, &b"{}"[..])
        );
        assert_eq!(
            client
                .call_raw("/v1/trace", &[("content-type", JSON)], vec![])
                .http_status,
            404
        );
    }
}
