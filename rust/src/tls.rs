//! TLS on the OTLP ports: what is presented, the handshake, and why one failed. A new certificate
//! serves new connections; those that are open stay as they are.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, PeerIncompatible, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What PEM files hold.
pub struct Pem {
    pub certificate: Vec<u8>,
    pub key: Vec<u8>,
    /// Clients must present a certificate of one of these authorities.
    pub client_ca: Option<Vec<u8>>,
}

/// What the ports present now.
pub struct Tls(RwLock<Arc<ServerConfig>>);

impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tls")
    }
}

impl Tls {
    /// Err: what is wrong, for the log.
    pub fn new(pem: &Pem) -> Result<Self, String> {
        Ok(Self(RwLock::new(Arc::new(config(pem)?))))
    }

    /// For connections from now on. When it cannot be used, all stays as it is.
    ///
    /// Sessions are kept with the configuration, so none of an earlier client authority is resumed.
    pub fn replace(&self, pem: &Pem) -> Result<(), String> {
        let new = Arc::new(config(pem)?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// The handshake on a stream whose `first` bytes were read already. Err: its reason, for the
    /// counter; the peer has got its alert.
    pub async fn accept<IO: AsyncRead + AsyncWrite + Unpin>(
        &self,
        first: Bytes,
        stream: IO,
        within: Duration,
    ) -> Result<TlsStream<Prefixed<IO>>, &'static str> {
        let config = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        let accepting = TlsAcceptor::from(config).accept(Prefixed { first, stream });
        match timeout(within, accepting.into_fallible()).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err((error, mut stream))) => {
                let _ = timeout(Duration::from_secs(1), close(&mut stream)).await;
                Err(reason(&error))
            }
            Err(_) => Err("tls_slow_handshake"),
        }
    }
}

/// Closing on unread bytes resets the connection, and a reset can overtake what was written.
pub async fn close<IO: AsyncRead + AsyncWrite + Unpin>(stream: &mut IO) -> io::Result<()> {
    stream.shutdown().await?;
    let mut rest = [0; 4_096];
    for _ in 0..16 {
        if stream.read(&mut rest).await? == 0 {
            break;
        }
    }
    Ok(())
}

fn config(pem: &Pem) -> Result<ServerConfig, String> {
    let chain = certificates(&pem.certificate, "the certificate file")?;
    let key = PrivateKeyDer::from_pem_slice(&pem.key)
        .map_err(|error| format!("the key file holds no private key in PEM ({error})"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| error.to_string())?;
    let builder = match &pem.client_ca {
        None => builder.with_no_client_auth(),
        Some(authorities) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(authorities, "the file of client authorities")? {
                roots.add(authority).map_err(|error| {
                    format!("the file of client authorities cannot be used: {error}")
                })?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|error| error.to_string())?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                "the key does not belong to the certificate".to_owned()
            }
            other => format!(
                "the certificate and the key cannot be used ({other}); take RSA of 2048 bits or more, ECDSA of P-256 or P-384, or Ed25519"
            ),
        })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn certificates(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("{what} is not PEM ({error})"))?;
    if found.is_empty() {
        return Err(format!("{what} holds no certificate in PEM"));
    }
    Ok(found)
}

/// Why a handshake failed, in one word of a closed set.
fn reason(error: &io::Error) -> &'static str {
    let Some(error) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    else {
        return "tls_aborted";
    };
    match error {
        rustls::Error::PeerIncompatible(
            PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled
            // What came with TLS 1.2, and is looked at before the version.
            | PeerIncompatible::SignatureAlgorithmsExtensionRequired
            | PeerIncompatible::SupportedVersionsExtensionRequired,
        ) => "tls_old_version",
        rustls::Error::PeerIncompatible(_) | rustls::Error::NoApplicationProtocol => {
            "tls_nothing_in_common"
        }
        rustls::Error::NoCertificatesPresented => "tls_no_client_certificate",
        rustls::Error::InvalidCertificate(_) => "tls_bad_client_certificate",
        rustls::Error::AlertReceived(
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired
            | AlertDescription::UnsupportedCertificate,
        ) => "tls_not_trusted",
        rustls::Error::AlertReceived(_) => "tls_alert",
        _ => "tls_malformed",
    }
}

/// A stream with the bytes that recognition took from it.
pub struct Prefixed<IO> {
    pub first: Bytes,
    pub stream: IO,
}

impl<IO: AsyncRead + Unpin> AsyncRead for Prefixed<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let length = self.first.len().min(buffer.remaining());
        buffer.put_slice(self.first.get(..length).unwrap_or_default());
        self.first.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Prefixed<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, data)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, data)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
