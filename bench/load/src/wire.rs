//! The connection under both protocols: TCP, or TLS over it.

use std::{net::SocketAddr, path::Path, sync::Arc};

use rustls::{
    ClientConfig, HandshakeKind, RootCertStore,
    client::Resumption,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::Failure;

pub trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<IO: AsyncRead + AsyncWrite + Unpin> Stream for IO {}
pub type Wire = Box<dyn Stream>;

/// How to reach the server.
#[derive(Clone)]
pub struct Dial {
    address: SocketAddr,
    tls: Option<TlsConnector>,
}

/// A connection, and whether its TLS session was taken up from an earlier one.
pub struct Connected {
    pub wire: Wire,
    pub is_resumed: bool,
}

impl Dial {
    /// With an authority in `ca` by TLS. Sessions are taken up again by those that share a `Dial`.
    pub fn new(
        address: SocketAddr,
        ca: Option<&Path>,
        protocol: &[u8],
        resume: bool,
    ) -> Result<Self, Failure> {
        let tls = ca.map(|ca| connector(ca, protocol, resume)).transpose()?;
        Ok(Self { address, tls })
    }

    pub async fn connect(&self) -> Option<Connected> {
        let stream = TcpStream::connect(self.address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let Some(tls) = &self.tls else {
            return Some(Connected {
                wire: Box::new(stream),
                is_resumed: false,
            });
        };
        let name = ServerName::from(self.address.ip());
        let stream = tls.connect(name, stream).await.ok()?;
        let is_resumed = stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
        Some(Connected {
            wire: Box::new(stream),
            is_resumed,
        })
    }
}

fn connector(ca: &Path, protocol: &[u8], resume: bool) -> Result<TlsConnector, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    if !resume {
        config.resumption = Resumption::disabled();
    }
    Ok(TlsConnector::from(Arc::new(config)))
}
