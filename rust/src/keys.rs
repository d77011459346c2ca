//! Who may send: API keys, looked up by their hash. What is known of them comes from Python as a
//! whole, and is replaced as a whole.

mod given;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq;

pub use given::{Given, Odd};

/// The scope that sending asks for.
pub const INGEST: u8 = 1;

type Hash = [u8; 32];
pub type Id = [u8; 16];

/// One secret of a key; rotation gives a key a second one for a time.
#[derive(Clone, Default)]
pub struct Secret {
    /// SHA-256 of the whole key.
    pub hash: Hash,
    pub id: Id,
    pub scopes: u8,
    /// Unix time in seconds; 0: never.
    pub expires_s: u64,
    /// Unix time in seconds; 0: not revoked.
    pub revoked_s: u64,
    /// 0: as many as come.
    pub spans_per_second: u64,
}

/// Why a key does not open the door. No variant holds the key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    Missing,
    /// There is none where Clew looks, but this header seems to hold one.
    OtherHeader(String),
    Odd(Odd),
    /// The beginning of it.
    Unknown(String),
    Revoked {
        prefix: String,
        at_s: u64,
    },
    Expired {
        prefix: String,
        at_s: u64,
    },
    Scope(String),
    InQuery,
    /// Clew cannot tell now.
    NotKnown,
}

/// Who sent a request.
#[derive(Clone, Debug)]
pub struct Holder {
    pub id: Id,
    /// 0: as many as come.
    pub spans_per_second: u64,
}

struct Known {
    secret: Secret,
    last_used: Arc<AtomicU64>,
}

#[derive(Default)]
struct Snapshot {
    /// By the first bytes of the hash. These are compared in the open: who does not know the key
    /// cannot choose them.
    secrets: HashMap<[u8; 8], Vec<Known>>,
    last_used: HashMap<Id, Arc<AtomicU64>>,
    /// Nothing is known: the list could not be read for too long.
    is_lost: bool,
    /// The list may be old, so a key that is not on it may exist all the same.
    is_old: bool,
}

#[derive(Default)]
pub struct Keys {
    is_required: bool,
    snapshot: RwLock<Snapshot>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Keys")
    }
}

impl Keys {
    /// Nothing is known until `replace`; without `is_required` nobody is turned away for it.
    pub fn new(is_required: bool) -> Self {
        let snapshot = Snapshot {
            is_lost: true,
            ..Snapshot::default()
        };
        Self {
            is_required,
            snapshot: RwLock::new(snapshot),
        }
    }

    /// What is known from now on. None: the list cannot be read, and is too old to go by.
    pub fn replace(&self, secrets: Option<Vec<Secret>>, is_trusted: bool) {
        let mut snapshot = Snapshot {
            is_lost: secrets.is_none(),
            is_old: !is_trusted,
            last_used: self.read().last_used.clone(),
            ..Snapshot::default()
        };
        for secret in secrets.unwrap_or_default() {
            let last_used = Arc::clone(snapshot.last_used.entry(secret.id).or_default());
            let known = Known { secret, last_used };
            snapshot
                .secrets
                .entry(head(&known.secret.hash))
                .or_default()
                .push(known);
        }
        let ids: HashSet<Id> = snapshot
            .secrets
            .values()
            .flatten()
            .map(|known| known.secret.id)
            .collect();
        snapshot.last_used.retain(|id, _| ids.contains(id));
        *self
            .snapshot
            .write()
            .unwrap_or_else(PoisonError::into_inner) = snapshot;
    }

    fn read(&self) -> RwLockReadGuard<'_, Snapshot> {
        self.snapshot.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Unix seconds of the last use of each key that was used since the last call.
    pub fn used(&self) -> HashMap<Id, u64> {
        let snapshot = self.read();
        snapshot
            .last_used
            .iter()
            .map(|(id, used)| (*id, used.swap(0, Ordering::Relaxed)))
            .filter(|(_, used)| *used > 0)
            .collect()
    }

    /// Who sends this, from the request's head alone. None: somebody without a key, and none is
    /// needed.
    pub fn check(
        &self,
        query: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<Option<Holder>, Denied> {
        self.check_at(query, headers, unix_s())
    }

    fn check_at(
        &self,
        query: Option<&str>,
        headers: &HeaderMap,
        now_s: u64,
    ) -> Result<Option<Holder>, Denied> {
        // Addresses are written into the logs of every proxy on the way: such a key is no secret.
        if query.is_some_and(|query| given::is_in_query(query, self.is_required)) {
            return Err(Denied::InQuery);
        }
        let holder = match given::given(headers) {
            Given::Key(key) => self.holder(key, now_s),
            Given::Nothing => Err(Denied::Missing),
            Given::OtherHeader(name) => Err(Denied::OtherHeader(name)),
            Given::Odd(odd) => Err(Denied::Odd(odd)),
        };
        match holder {
            Ok(holder) => Ok(Some(holder)),
            Err(_) if !self.is_required => Ok(None),
            Err(denied) => Err(denied),
        }
    }

    fn holder(&self, key: &str, now_s: u64) -> Result<Holder, Denied> {
        let digest = digest(&SHA256, key.as_bytes());
        let hash: Hash = digest.as_ref().try_into().unwrap_or_default();
        let snapshot = self.read();
        if snapshot.is_lost {
            return Err(Denied::NotKnown);
        }
        let secrets = snapshot.secrets.get(&head(&hash));
        let known = secrets
            .into_iter()
            .flatten()
            .find(|known| bool::from(known.secret.hash.ct_eq(&hash)));
        let prefix = || key.get(..given::PREFIX).unwrap_or_default().to_owned();
        let Some(Known { secret, last_used }) = known else {
            return Err(if snapshot.is_old {
                Denied::NotKnown
            } else {
                Denied::Unknown(prefix())
            });
        };
        if secret.revoked_s > 0 {
            return Err(Denied::Revoked {
                prefix: prefix(),
                at_s: secret.revoked_s,
            });
        }
        if secret.expires_s > 0 && secret.expires_s <= now_s {
            return Err(Denied::Expired {
                prefix: prefix(),
                at_s: secret.expires_s,
            });
        }
        if secret.scopes & INGEST == 0 {
            return Err(Denied::Scope(prefix()));
        }
        last_used.store(now_s, Ordering::Relaxed);
        Ok(Holder {
            id: secret.id,
            spans_per_second: secret.spans_per_second,
        })
    }
}

fn head(hash: &Hash) -> [u8; 8] {
    hash.first_chunk().copied().unwrap_or_default()
}

fn unix_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

impl Denied {
    /// What is wrong, and what to do.
    pub fn sentence(&self) -> String {
        match self {
            Self::Missing => format!("no API key came with this request; {SET}"),
            Self::OtherHeader(name) => format!(
                "the header {name} seems to hold an API key, but Clew reads kf-api-key; {SET}"
            ),
            Self::Odd(odd) => odd.sentence(),
            Self::Unknown(prefix) => format!(
                "the API key {prefix}... is not known here; it may belong to another Clew, `clew keys list` shows the keys of this one"
            ),
            Self::Revoked { prefix, at_s } => format!(
                "the API key {prefix}... was revoked on {}; use the key that replaced it, or make one with `clew keys create`",
                date(*at_s)
            ),
            Self::Expired { prefix, at_s } => format!(
                "the API key {prefix}... expired on {}; make another with `clew keys create` or `clew keys rotate`",
                date(*at_s)
            ),
            Self::Scope(prefix) => format!(
                "the API key {prefix}... may not send: it lacks the scope ingest; make one that has it with `clew keys create NAME --scope ingest`"
            ),
            Self::InQuery => "an API key must not be in the address, where every log on the way keeps it; send it in the kf-api-key header, and revoke this one".to_owned(),
            Self::NotKnown => {
                "Clew cannot read its API keys now, which says nothing about this one; the spans were not taken, send them again".to_owned()
            }
        }
    }

    /// The wrong value, as far as it may be kept.
    pub fn detail(&self) -> String {
        match self {
            Self::OtherHeader(name) => name.clone(),
            Self::Odd(odd) => odd.detail(),
            Self::Unknown(prefix)
            | Self::Revoked { prefix, .. }
            | Self::Expired { prefix, .. }
            | Self::Scope(prefix) => prefix.clone(),
            Self::Missing | Self::InQuery | Self::NotKnown => String::new(),
        }
    }
}

const SET: &str = "set OTEL_EXPORTER_OTLP_HEADERS=kf-api-key=YOUR_KEY (`clew keys create NAME --scope ingest` makes a key)";

fn date(unix_s: u64) -> String {
    // The formatter ends at the year 9999.
    let since = Duration::from_secs(unix_s.min(253_402_300_799));
    httpdate::fmt_http_date(UNIX_EPOCH + since)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn key(letter: char) -> String {
        given::with_check(&format!("kf_{}", String::from(letter).repeat(34)))
    }

    fn secret(key: &str, id: u8) -> Secret {
        Secret {
            hash: digest(&SHA256, key.as_bytes()).as_ref().try_into().unwrap(),
            id: [id; 16],
            scopes: INGEST,
            ..Secret::default()
        }
    }

    fn with(key: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static("kf-api-key"),
            HeaderValue::from_str(key).unwrap(),
        );
        headers
    }

    fn required(secrets: Vec<Secret>) -> Keys {
        let keys = Keys::new(true);
        keys.replace(Some(secrets), true);
        keys
    }

    fn check(keys: &Keys, key: &str) -> Result<Option<Id>, Denied> {
        let holder = keys.check_at(None, &with(key), NOW)?;
        Ok(holder.map(|holder| holder.id))
    }

    #[test]
    fn each_secret_opens_for_its_own_key() {
        let keys = required(vec![
            secret(&key('a'), 1),
            secret(&key('b'), 1),
            secret(&key('c'), 2),
        ]);
        assert_eq!(check(&keys, &key('a')), Ok(Some([1; 16])));
        assert_eq!(check(&keys, &key('b')), Ok(Some([1; 16])));
        assert_eq!(check(&keys, &key('c')), Ok(Some([2; 16])));
        assert_eq!(
            check(&keys, &key('d')),
            Err(Denied::Unknown("kf_ddddd".to_owned()))
        );
        assert_eq!(
            keys.check_at(None, &HeaderMap::new(), NOW).err(),
            Some(Denied::Missing)
        );
    }

    #[test]
    fn revoked_expired_and_scopeless_keys_are_told_apart() {
        let prefix = || "kf_aaaaa".to_owned();
        let revoked = Secret {
            revoked_s: 9,
            ..secret(&key('a'), 1)
        };
        let denied = Denied::Revoked {
            prefix: prefix(),
            at_s: 9,
        };
        assert_eq!(check(&required(vec![revoked]), &key('a')), Err(denied));
        let expiring = |expires_s| {
            required(vec![Secret {
                expires_s,
                ..secret(&key('a'), 1)
            }])
        };
        let denied = Denied::Expired {
            prefix: prefix(),
            at_s: NOW,
        };
        assert_eq!(check(&expiring(NOW), &key('a')), Err(denied));
        assert_eq!(check(&expiring(NOW + 1), &key('a')), Ok(Some([1; 16])));
        let reader = Secret {
            scopes: 2,
            ..secret(&key('a'), 1)
        };
        let denied = Denied::Scope(prefix());
        assert_eq!(check(&required(vec![reader]), &key('a')), Err(denied));
    }

    #[test]
    fn trouble_with_the_list_never_says_that_a_key_is_wrong() {
        let keys = Keys::new(true);
        assert_eq!(check(&keys, &key('a')), Err(Denied::NotKnown));
        keys.replace(Some(vec![secret(&key('a'), 1)]), false);
        assert_eq!(check(&keys, &key('a')), Ok(Some([1; 16])));
        assert_eq!(check(&keys, &key('b')), Err(Denied::NotKnown));
        keys.replace(None, false);
        assert_eq!(check(&keys, &key('a')), Err(Denied::NotKnown));
    }

    #[test]
    fn where_no_key_is_needed_a_good_one_still_names_its_holder() {
        let keys = Keys::new(false);
        assert_eq!(check(&keys, &key('a')), Ok(None));
        keys.replace(Some(vec![secret(&key('a'), 1)]), true);
        assert_eq!(check(&keys, &key('a')), Ok(Some([1; 16])));
        assert_eq!(check(&keys, &key('b')), Ok(None));
        assert_eq!(check(&keys, "\"quoted\""), Ok(None));
    }

    #[test]
    fn key_in_the_query_is_refused_whatever_the_headers_say() {
        for keys in [required(vec![secret(&key('a'), 1)]), Keys::new(false)] {
            let query = format!("x=1&token={}", key('a'));
            let found = keys.check_at(Some(&query), &with(&key('a')), NOW);
            assert_eq!(found.err(), Some(Denied::InQuery));
        }
        let query = Some("api_key=hunter2");
        let strict = required(Vec::new()).check_at(query, &HeaderMap::new(), NOW);
        assert_eq!(strict.err(), Some(Denied::InQuery));
        let open = Keys::new(false).check_at(query, &HeaderMap::new(), NOW);
        assert!(open.is_ok());
    }

    #[test]
    fn last_use_is_told_once_and_survives_a_new_list() {
        let keys = required(vec![secret(&key('a'), 1), secret(&key('b'), 2)]);
        check(&keys, &key('a')).unwrap();
        keys.replace(Some(vec![secret(&key('a'), 1)]), true);
        assert_eq!(keys.used(), HashMap::from([([1; 16], NOW)]));
        assert_eq!(keys.used(), HashMap::new());
    }

    #[test]
    fn sentences_never_hold_a_whole_key() {
        let whole = key('a');
        let keys = required(vec![Secret {
            scopes: 0,
            ..secret(&whole, 1)
        }]);
        for text in [
            whole.clone(),
            key('b'),
            format!("Bearer {whole}"),
            format!("\"{whole}\""),
            format!("{whole}x"),
        ] {
            let denied = check(&keys, &text).unwrap_err();
            let said = denied.sentence() + &denied.detail();
            assert!(
                !said.contains(&whole[..12]) && !said.contains("bbbbbb"),
                "{said}"
            );
        }
    }
}
