//! The tables of the OTLP specification: which refusals a client may send again.

use _kernel::record::Unavailable;
use _kernel::refusal::Refusal;

/// "Retryable response codes" of OTLP/HTTP and OTLP/gRPC. RESOURCE_EXHAUSTED is only retryable with
/// a RetryInfo, which Clew never gives it.
const RETRYABLE_HTTP: [u16; 4] = [429, 502, 503, 504];
const RETRYABLE_GRPC: [u32; 6] = [1, 4, 10, 11, 14, 15];

#[test]
fn what_is_wrong_with_a_request_is_final_and_what_passes_is_retryable() {
    let word = || "x".to_owned();
    let mut temporary = vec![Refusal::MemoryBudget, Refusal::Deadline];
    for why in [
        Unavailable::Full,
        Unavailable::DiskReserve,
        Unavailable::SyncFailed,
        Unavailable::Busy,
        Unavailable::Stopping,
    ] {
        temporary.push(Refusal::Unavailable(why));
    }
    for refusal in &temporary {
        assert!(
            RETRYABLE_HTTP.contains(&refusal.http().as_u16()),
            "{refusal:?}"
        );
        assert!(RETRYABLE_GRPC.contains(&refusal.code()), "{refusal:?}");
        assert_ne!(refusal.http().as_u16(), 500);
    }
    let last = [
        Refusal::UnknownPath(word()),
        Refusal::UnknownMethod(word()),
        Refusal::Method(word()),
        Refusal::ContentType(word()),
        Refusal::ContentEncoding(word()),
        Refusal::TooLarge { limit: 1 },
        Refusal::CorruptCompression(word()),
        Refusal::Malformed(word()),
    ];
    for refusal in &last {
        let status = refusal.http().as_u16();
        assert!((400..500).contains(&status), "{refusal:?}");
        assert!(!RETRYABLE_HTTP.contains(&status), "{refusal:?}");
        assert!(!RETRYABLE_GRPC.contains(&refusal.code()), "{refusal:?}");
        assert!(!refusal.is_temporary(), "{refusal:?}");
    }
}

#[test]
fn both_transports_say_the_same() {
    for (refusal, grpc, http) in [
        (Refusal::Unavailable(Unavailable::Full), 14, 503),
        (Refusal::MemoryBudget, 14, 503),
        (Refusal::Malformed(String::new()), 3, 400),
        (Refusal::CorruptCompression(String::new()), 3, 400),
        (Refusal::UnknownPath(String::new()), 12, 404),
        (Refusal::UnknownMethod(String::new()), 12, 404),
        (Refusal::Deadline, 4, 504),
    ] {
        assert_eq!(
            (refusal.code(), refusal.http().as_u16()),
            (grpc, http),
            "{refusal:?}"
        );
    }
}
