//! TLS on both ports: either protocol inside, plaintext told to come by it, and another certificate
//! while connections stay.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use _kernel::listen::Config;
use _kernel::tls::{Pem, Tls};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::support::{
    Http1, Http2, Intake, JSON, Memory, PROTOBUF, TRACES, counter, eventually, intake_with, quick,
    request,
};

const SPOKEN: &str = "this port speaks TLS; use https://";

/// A certificate that is its own authority, and what a port needs of it.
fn identity() -> (CertificateDer<'static>, Pem) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let pem = Pem {
        certificate: made.cert.pem().into_bytes(),
        key: made.signing_key.serialize_pem().into_bytes(),
        client_ca: None,
    };
    (made.cert.der().clone(), pem)
}

fn secured(config: &Config) -> (Intake, Arc<Tls>, CertificateDer<'static>) {
    let (certificate, pem) = identity();
    let tls = Arc::new(Tls::new(&pem).unwrap());
    let config = Config {
        tls: Some(Arc::clone(&tls)),
        ..config.clone()
    };
    (intake_with(config, Memory::default()), tls, certificate)
}

type Secured = StreamOwned<ClientConnection, TcpStream>;

fn connect(address: SocketAddr, trusted: &CertificateDer<'static>) -> Secured {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    StreamOwned::new(connection, stream)
}

/// The status line of an answer to a POST of `body`.
fn post(stream: &mut Secured, body: &[u8]) -> std::io::Result<String> {
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: {PROTOBUF}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    let mut piece = [0; 1_024];
    while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
        let length = stream.read(&mut piece)?;
        if length == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        answer.extend_from_slice(&piece[..length]);
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[test]
fn both_ports_take_requests_inside_tls() {
    let (intake, _, certificate) = secured(&quick());
    for (nth, port) in intake.ports.into_iter().enumerate() {
        let mut stream = connect(port, &certificate);
        let body = request(nth + 1, 0);
        assert_eq!(post(&mut stream, &body).unwrap(), "HTTP/1.1 200 OK");
    }
    assert_eq!(intake.stored(), [1, 2]);
}

#[test]
fn plain_http_is_told_to_use_tls_and_closed() {
    let (intake, _, _) = secured(&quick());
    for port in intake.ports {
        let headers = [("content-type", JSON)];
        let answer = Http1::connect(port).request("POST", "/v1/traces", &headers, b"{}");
        assert_eq!(answer.status, 400);
        assert_eq!(answer.header("location"), None);
        assert_eq!(answer.header("connection"), Some("close"));
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(SPOKEN), "{message}");
    }
    assert_eq!(intake.stored(), [0; 0]);
}

#[test]
fn plain_grpc_is_told_to_use_tls_by_a_code_that_nobody_retries() {
    let (intake, _, _) = secured(&quick());
    for port in intake.ports {
        let answer = Http2::connect(port).call(TRACES, &[], &request(1, 0));
        assert_eq!(answer.code(), 9);
        assert!(answer.status("grpc-message").starts_with(SPOKEN));
    }
    assert_eq!(intake.stored(), [0; 0]);
}

#[test]
fn handshake_that_dawdles_or_is_broken_is_cut_and_counted() {
    let config = Config {
        head_timeout: Duration::from_millis(200),
        ..quick()
    };
    let (intake, _, _) = secured(&config);
    for (bytes, reason) in [
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01".as_slice(),
            "tls_slow_handshake",
        ),
        (b"\x16\x03\x01\x00\x04abcd", "tls_malformed"),
    ] {
        let sample = format!("clew_intake_connection_failures_total{{reason=\"{reason}\"}}");
        let before = counter(&sample);
        let mut stream = TcpStream::connect(intake.ports[0]).unwrap();
        stream.write_all(bytes).unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        eventually(reason, || counter(&sample) > before);
    }
    eventually("all closed", || intake.running.open_connections() == 0);
}

#[test]
fn another_certificate_is_for_new_connections_and_a_bad_one_for_none() {
    let (intake, tls, first) = secured(&quick());
    let port = intake.ports[0];
    let mut open = connect(port, &first);
    assert!(post(&mut open, b"").is_ok());

    let (second, pem) = identity();
    tls.replace(&pem).unwrap();
    assert!(post(&mut open, b"").is_ok());
    assert!(post(&mut connect(port, &first), b"").is_err());
    assert!(post(&mut connect(port, &second), b"").is_ok());

    let (_, other) = identity();
    let mixed = Pem {
        key: other.key,
        ..pem
    };
    let said = tls.replace(&mixed).unwrap_err();
    assert_eq!(said, "the key does not belong to the certificate");
    assert!(post(&mut open, b"").is_ok());
    assert!(post(&mut connect(port, &second), b"").is_ok());
}

#[test]
fn what_is_no_pem_is_named() {
    let (_, pem) = identity();
    let without = Pem {
        certificate: Vec::new(),
        key: pem.key.clone(),
        client_ca: None,
    };
    let said = Tls::new(&without).unwrap_err();
    assert_eq!(said, "the certificate file holds no certificate in PEM");
    let keyless = Pem {
        key: b"nothing".to_vec(),
        ..pem
    };
    let said = Tls::new(&keyless).unwrap_err();
    assert!(
        said.starts_with("the key file holds no private key"),
        "{said}"
    );
}
