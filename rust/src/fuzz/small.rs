//! What is read of strangers beside requests, of files, and what is written into answers.

use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use hyper::ext::ReasonPhrase;

use super::Target;
use super::memory::within;
use crate::answer::{Partial, Status, base64, export_response_json, percent_encode, reason_phrase};
use crate::journal::format::{self, Item, Items, Kind, RecordHeader, SealBody, SegmentHeader};
use crate::journal::{Journal, Options, read_segment};
use crate::keys::Keys;
use crate::ledger::knock::{Head, Knock};
use crate::ledger::{body, foreign, odd};
use crate::otlp_grpc::{timeout, unframe};
use crate::recognise::{Protocol, classify};
use crate::refusal::Refusal;
use crate::tls::{Pem, Tls};

/// One line each, bounded: they end in logs, answers and tables.
fn is_harmless(knock: &Knock) {
    let texts = [
        &knock.user_agent,
        &knock.key_prefix,
        &knock.detail,
        &knock.sentence,
    ];
    for text in texts.into_iter().chain(&knock.headers) {
        assert!(text.len() <= 500, "{text:?}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
    assert!(!knock.reason.is_empty() && !knock.protocol.is_empty());
}

#[test]
fn first_bytes_of_a_connection_are_told_apart() {
    let mut hello = vec![0x16, 3, 1, 0, 0, 1, 0, 0, 0, 3, 3];
    hello.extend([7; 32]);
    hello.extend(
        b"\0\0\x02\x13\x01\x01\0\0\0\0\0\0\x0b\0\x09\0\0\x06a.test\0\x10\0\x05\0\x03\x02h2",
    );
    Target {
        name: "first_bytes",
        seeds: [
            hello.as_slice(),
            b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c",
            b"requests:1|c|#a:b\n",
            b"<13>Oct 1 host app: text",
            b"a.b.c 1.5 1700000000\n",
            b"get /v1/traces HTTP/1.1\r\n",
            b"POST /v1/traces HTTP/1.1\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
            b"\0\0\0\x08\x04\xd2\x16\x2f",
            b"\0\0\0\x10\x82\x21\x01\x01\x01a",
            b"\x3f\0\0\0\0\0\0\0\0\0\0\0\xd4\x07\0\0",
            b"\x10\x0c\0\x04MQTT\x04",
        ]
        .map(<[u8]>::to_vec)
        .to_vec(),
        words: &[
            b"|c",
            b":",
            b" ",
            b"\n",
            b"\r\n",
            b"<",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"\x16\x03\x01",
        ],
        tree: false,
        run: |input| {
            // Of a connection at most the first read is looked at.
            within(
                "first bytes",
                64 * 1_024 + 64 * input.len(),
                4 * input.len(),
                || {
                    // Not before 64 bytes at the latest: an endless stream is not waited for.
                    let protocol = classify(input);
                    assert!(protocol.is_some() || input.len() < 64);
                    let is_http = matches!(protocol, Some(Protocol::Http1 | Protocol::Http2));
                    for protocol in [Protocol::Tls, Protocol::Silent, Protocol::Unknown] {
                        is_harmless(&odd::unserved(protocol, input).expect("not served"));
                    }
                    if is_http {
                        // Only what is refused is asked about; it must stand it all the same.
                        let _ = foreign::bytes(input);
                    }
                    is_harmless(&odd::handshake("tls_alert", input));
                },
            );
        },
    }
    .fuzz();
}

#[test]
fn heads_of_refused_requests_are_kept_harmless() {
    Target {
        name: "heads",
        seeds: [
            b"POST\n/api/v2/spans\nuser-agent: a\x1b[31m\ncontent-type: application/grpc"
                .as_slice(),
            b"GET\n/\nkf-api-key: kf_0123456789abcdefghijklmnop\nauthorization: Bearer x",
            b"PUT\n/opentelemetry.proto.collector.trace.v1.TraceService/Export\na: b",
        ]
        .map(<[u8]>::to_vec)
        .to_vec(),
        words: &[
            b"content-type: ",
            b"user-agent: ",
            b"authorization: ",
            b"kf-api-key: ",
            b"\n",
            b"Bearer ",
            b"application/json",
            b"application/grpc-web",
            b"/api/traces",
            b"/v0.4/traces",
            b"/api/v1/write",
            b"\xc3\xa9",
            b"\xff",
            b"datadog",
            b"prometheus",
        ],
        tree: false,
        run: |input| {
            let mut lines = input.split(|byte| *byte == b'\n');
            let method = Method::from_bytes(lines.next().unwrap_or_default());
            let path = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
            let mut headers = HeaderMap::new();
            for line in lines {
                let mut parts = line.splitn(2, |byte| *byte == b':');
                let name = HeaderName::from_bytes(parts.next().unwrap_or_default());
                let value = HeaderValue::from_bytes(parts.next().unwrap_or_default().trim_ascii());
                if let (Ok(name), Ok(value)) = (name, value) {
                    headers.append(name, value);
                }
            }
            let method = method.unwrap_or(Method::POST);
            let head = Head {
                protocol: "http1",
                method: &method,
                path: &path,
                headers: &headers,
            };
            let text = String::from_utf8_lossy(input).into_owned();
            for refusal in [
                Refusal::UnknownPath(path.clone()),
                Refusal::Method(text.clone()),
                Refusal::ContentType(text.clone()),
                Refusal::ContentEncoding(text.clone()),
                Refusal::Malformed(text.clone()),
                Refusal::UnknownMethod(path.clone()),
            ] {
                let knock = Knock::refused(head, &refusal, 400);
                is_harmless(&knock);
                answers(&Status::of(&refusal));
            }
            if let Ok(value) = HeaderValue::from_bytes(input) {
                let _ = timeout(&value);
            }
        },
    }
    .fuzz();
}

/// Each form says the message, and none of them can break out of its place.
fn answers(status: &Status) {
    let encoded = percent_encode(&status.message);
    assert!(HeaderValue::try_from(&encoded).is_ok());
    assert_eq!(
        percent_decoded(encoded.as_bytes()),
        status.message.as_bytes()
    );
    assert!(ReasonPhrase::try_from(reason_phrase(&status.message)).is_ok());
    let json: serde_json::Value = serde_json::from_slice(&status.json()).expect("JSON");
    assert_eq!(json["message"].as_str(), Some(status.message.as_str()));
    let protobuf = status.protobuf();
    assert!(HeaderValue::try_from(base64(&protobuf)).is_ok());
    let mut reader = crate::wire::Reader::new(&protobuf);
    while reader.field().expect("protobuf").is_some() {}
    let partial = Partial {
        rejected: 3,
        message: status.message.clone(),
    };
    let json: serde_json::Value =
        serde_json::from_slice(&export_response_json(Some(&partial))).expect("JSON");
    assert!(json.is_object());
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        if *byte == b'%' {
            let (digits, behind) = rest.split_at(2);
            out.push(u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap());
            rest = behind;
        } else {
            out.push(*byte);
        }
    }
    out
}

/// Whole, with its checksum.
const KEY: &str = "kf_0123456789ABCDEFGHIJKLMNOPQRSTUVWX4Nc14v";
const KEY_BYTES: &[u8] = KEY.as_bytes();

#[test]
fn keys_in_any_disguise_are_known_or_refused_without_being_told() {
    let mut seeds: Vec<Vec<u8>> = [
        "kf-api-key: KEY",
        "authorization: Bearer KEY",
        "authorization: bearer  KEY ",
        "x-api-key: KEY",
        "kf-api-key: \"KEY\"",
        "authorization: KEY",
        "kf-api-key: Bearer KEY",
        "kf-api-key: ${KEY}",
        "?kf-api-key=KEY",
        "?a=b&token=KEY",
        "authorization: Bearer%20KEY",
    ]
    .map(|text| text.replace("KEY", KEY).into_bytes())
    .to_vec();
    seeds.push(Vec::new());
    Target {
        name: "keys",
        seeds,
        words: &[
            KEY_BYTES,
            b"kf-api-key: ",
            b"authorization: ",
            b"Bearer ",
            b"\n",
            b"?",
            b"&",
            b"=",
            b"%20",
            b"\"",
            b"'",
            b"kf_",
            b"\xc3\xa9",
            b"$",
            b"{",
            b"}",
        ],
        tree: false,
        run: |input| {
            let (mut headers, mut query) = (HeaderMap::new(), None);
            for line in input.split(|byte| *byte == b'\n') {
                if let Some(line) = line.strip_prefix(b"?") {
                    query = Some(String::from_utf8_lossy(line).into_owned());
                }
                let mut parts = line.splitn(2, |byte| *byte == b':');
                let name = HeaderName::from_bytes(parts.next().unwrap_or_default());
                let value = HeaderValue::from_bytes(parts.next().unwrap_or_default().trim_ascii());
                if let (Ok(name), Ok(value)) = (name, value) {
                    headers.append(name, value);
                }
            }
            let keys = Keys::new(true);
            keys.replace(Some(Vec::new()), true);
            let denied = within(
                "keys",
                16 * 1_024 + 8 * input.len(),
                4 * input.len(),
                || {
                    keys.check(query.as_deref(), &headers)
                        .expect_err("there is no key")
                },
            );
            assert!(!format!("{denied:?}").contains(KEY), "{denied:?}");
            let refusal = Refusal::Key(denied);
            let status = Status::of(&refusal);
            assert!(!status.message.contains(KEY), "{}", status.message);
            answers(&status);
            let path = "/v1/traces";
            let method = Method::POST;
            let head = Head {
                protocol: "http1",
                method: &method,
                path,
                headers: &headers,
            };
            let knock = Knock::refused(head, &refusal, 401);
            is_harmless(&knock);
            // Of the user agent nothing is taken away.
            headers.remove("user-agent");
            let knock = Knock::refused(
                Head {
                    headers: &headers,
                    ..head_of(&method)
                },
                &refusal,
                401,
            );
            assert!(!format!("{knock:?}").contains(KEY), "{knock:?}");
            // Nobody who needs no key is turned away for one, but for a query.
            if query.is_none() {
                assert!(Keys::new(false).check(None, &headers).is_ok());
            }
        },
    }
    .fuzz();
}

fn head_of(method: &Method) -> Head<'_> {
    static NONE: std::sync::LazyLock<HeaderMap> = std::sync::LazyLock::new(HeaderMap::new);
    Head {
        protocol: "http1",
        method,
        path: "/v1/traces",
        headers: &NONE,
    }
}

#[test]
fn grpc_messages_are_unframed_or_refused() {
    Target {
        name: "grpc",
        seeds: vec![b"\0\0\0\0\x02ab".to_vec(), b"\x01\0\0\0\0".to_vec()],
        words: &[],
        tree: false,
        run: |input| match unframe(Bytes::copy_from_slice(input)) {
            Ok((compressed, message)) => {
                assert_eq!(message.len() + 5, input.len());
                assert_eq!(u8::from(compressed), input[0]);
            }
            Err(refusal) => assert!(matches!(refusal, Refusal::Malformed(_)), "{refusal:?}"),
        },
    }
    .fuzz();
}

#[test]
fn ledger_records_are_read_or_named_damaged() {
    let line = body::Line {
        reason: "wrong_path".to_owned(),
        headers: vec!["host".to_owned()],
        count: u64::MAX,
        ..body::Line::default()
    };
    Target {
        name: "ledger",
        seeds: vec![
            body::encode(&[line.clone(), line]).to_vec(),
            b"{\"ledger\":1}".to_vec(),
        ],
        words: &[
            b"\n",
            b"{}",
            b"\"count\":",
            b"\"headers\":[",
            b"null",
            b"[",
            b"-1",
            b"1e9",
            b"18446744073709551615",
        ],
        tree: false,
        run: |input| {
            let memory = 256 * 1_024 + 200 * input.len();
            within("ledger", memory, 16 * input.len(), || {
                let Ok(lines) = body::decode(input) else {
                    return;
                };
                assert_eq!(body::decode(&body::encode(&lines)).as_ref(), Ok(&lines));
                let rows = body::rows(&lines, [7; 16], 20_000).expect("rows");
                assert_eq!(rows.num_rows(), lines.len());
            });
        },
    }
    .fuzz();
}

fn segment() -> Vec<u8> {
    let header = SegmentHeader {
        id: [1; 16],
        receive_day: 20_000,
        created_ns: 5,
    };
    let mut file = header.encode().to_vec();
    let bodies: [(&[u8], Kind); 3] = [
        (b"first", Kind::Traces),
        (b"{\"ledger\":1}", Kind::Ledger),
        (b"third", Kind::Traces),
    ];
    for (body, kind) in bodies {
        record(&mut file, body, kind);
    }
    let seal = SealBody {
        records: 3,
        spans: 3,
    };
    record(&mut file, &seal.encode(), Kind::Seal);
    file
}

fn record(file: &mut Vec<u8>, body: &[u8], kind: Kind) {
    let header = RecordHeader {
        kind: kind as u8,
        length: body.len() as u32,
        spans: 1,
        received_ns: 7,
        hash: 9,
        key_id: [3; 16],
        policy_version: 4,
        body_crc: format::crc(body),
    };
    file.extend(header.encode());
    file.extend(body);
}

/// Makes the checksums of the header and of the records right again, so that changed fields are
/// looked at behind them.
fn with_checksums(input: &[u8]) -> Vec<u8> {
    let mut file = input.to_vec();
    if let Some(header) = file.get_mut(..64) {
        let sum = format::crc(&header[..60]).to_le_bytes();
        header[60..].copy_from_slice(&sum);
    }
    let mut at = 64;
    while let Some(length) = file.get(at + 8..at + 12) {
        let length = u32::from_le_bytes(length.try_into().unwrap()) as usize;
        let Some(body) = file.get(at + 64..at + 64 + length) else {
            break;
        };
        let sum = format::crc(body).to_le_bytes();
        file[at + 4..at + 8].copy_from_slice(&sum);
        let sum = format::crc(&file[at + 4..at + 64]).to_le_bytes();
        file[at..at + 4].copy_from_slice(&sum);
        at += 64 + length;
    }
    file
}

/// Memory, where there is such a disk: what is asked here has nothing to do with disks.
fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    tempfile::tempdir_in(folder).unwrap()
}

#[test]
fn journal_segments_are_read_or_what_is_lost_is_named() {
    Target {
        name: "segment",
        seeds: vec![segment(), segment()[..200].to_vec()],
        words: &[b"\x01\0\0\0", b"\0\0\0\x10", b"\xff\xff\xff\xff"],
        tree: false,
        run: |input| {
            let folder = scratch();
            let path = folder.path().join("a.seg");
            for file in [input.to_vec(), with_checksums(input)] {
                let mut end = format::SEGMENT_HEADER;
                let (mut sound, mut lost) = (0, 0);
                for item in Items::new(&file) {
                    let (offset, size) = match item {
                        Item::Record { offset, body, .. } => {
                            sound += 1;
                            (offset, format::RECORD_HEADER + body.len())
                        }
                        Item::DamagedBody { offset, body, .. } => {
                            lost += 1;
                            (offset, format::RECORD_HEADER + body.len())
                        }
                        Item::Unreadable { offset, rest } => {
                            lost += 1;
                            (offset, rest.len())
                        }
                    };
                    assert_eq!(offset, end, "nothing is skipped");
                    end += size;
                }
                assert!(end == file.len() || file.len() < format::SEGMENT_HEADER);
                std::fs::write(&path, &file).unwrap();
                let Ok(segment) = read_segment(&path) else {
                    continue;
                };
                let mut stored = 0;
                let dead = segment.each(|_, _| {
                    stored += 1;
                    Ok(())
                });
                assert!(stored <= sound);
                // Every record is stored, dead or the seal; what is damaged is said.
                assert!(dead.len() >= lost);
            }
        },
    }
    .fuzz();
}

#[test]
fn journal_opens_on_whatever_a_killed_process_left() {
    let mut hashes = b"CLEWHSH1".to_vec();
    hashes.extend([1; 56]);
    Target {
        name: "recovery",
        seeds: vec![segment(), segment()[..150].to_vec(), hashes],
        words: &[b"CLEWHSH1", b"\x01\0\0\0", b"\xff\xff\xff\xff"],
        tree: false,
        run: |input| {
            let folder = scratch();
            let path = |name: &str| folder.path().join(name);
            let open = path(&format::file_name([1; 16], format::OPEN));
            std::fs::write(&open, input).unwrap();
            let file = with_checksums(input);
            std::fs::write(path(&format::file_name([2; 16], format::OPEN)), &file).unwrap();
            std::fs::write(path("recent-1700000000000000000.hashes"), input).unwrap();
            let now = format!("recent-{:019}.hashes", crate::journal::now_ns());
            std::fs::write(path(&now), input).unwrap();
            let journal = Journal::open(Options::new(folder.path())).expect("opens");
            journal.stop();
            drop(journal);
            assert!(!open.exists() || SegmentHeader::decode(input).is_err());
            // What was readable before is in the sealed segment.
            let sealed = path(&format::file_name([2; 16], format::SEALED));
            let whole = |bytes: &[u8]| -> Vec<_> {
                Items::new(bytes)
                    .map_while(|item| match item {
                        Item::Record { header, .. } if header.kind == Kind::Seal as u8 => None,
                        Item::Record { header, body, .. } => Some(Some((header, body.to_vec()))),
                        Item::DamagedBody { .. } => Some(None),
                        Item::Unreadable { .. } => None,
                    })
                    .flatten()
                    .collect()
            };
            let before = whole(&file);
            if SegmentHeader::decode(&file).is_ok() && !before.is_empty() && sealed.exists() {
                let after = whole(&std::fs::read(&sealed).unwrap());
                assert_eq!(
                    after, before,
                    "recovery keeps what was whole, and invents nothing"
                );
            }
        },
    }
    .fuzz();
}

#[test]
fn certificate_files_are_taken_or_refused_without_telling_the_key() {
    let made = rcgen::generate_simple_self_signed(vec!["a.test".to_owned()]).unwrap();
    let seeds = vec![
        format!(
            "{}\0{}\0",
            made.cert.pem(),
            made.signing_key.serialize_pem()
        )
        .into_bytes(),
        format!(
            "{0}\0{1}\0{0}",
            made.cert.pem(),
            made.signing_key.serialize_pem()
        )
        .into_bytes(),
    ];
    Target {
        name: "certificates",
        seeds,
        words: &[
            b"-----BEGIN CERTIFICATE-----\n",
            b"-----END CERTIFICATE-----\n",
            b"-----BEGIN PRIVATE KEY-----\n",
            b"-----BEGIN RSA PRIVATE KEY-----\n",
            b"\r\n",
            b"\0",
            b"=",
            b"-----",
        ],
        tree: false,
        run: |input| {
            let mut parts = input.split(|byte| *byte == 0);
            let mut part = || parts.next().unwrap_or_default().to_vec();
            let pem = Pem {
                certificate: part(),
                key: part(),
                client_ca: Some(part()).filter(|part| !part.is_empty()),
            };
            if let Err(why) = Tls::new(&pem) {
                assert!(!why.is_empty());
                for line in pem.key.split(|byte| b"\r\n".contains(byte)) {
                    let line = String::from_utf8_lossy(line);
                    assert!(
                        line.len() < 40 || line.contains("---") || !why.contains(&*line),
                        "{why}"
                    );
                }
            }
        },
    }
    .fuzz();
}
