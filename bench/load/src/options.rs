//! The command line: `--name value` pairs, each declared once in `apply`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use crate::{pool::now_ns, shape::Shape};

pub const USAGE: &str = "\
clew-load [options]            send Jaeger-shaped spans to an OTLP endpoint and print one JSON line
clew-load sink [options]       accept both protocols, discard, answer success, until SIGTERM or --seconds
clew-load handshakes [options] connect, make one small request over HTTP and leave, as often as can be
clew-load sample [options]     write the first request's protobuf message to standard output

  --endpoint HOST:PORT   where to send, or to listen (127.0.0.1:4317)
  --protocol grpc|http   (grpc)
  --batch N              spans per request (512)
  --connections N        (64)
  --in-flight N          requests at once on each gRPC connection (1)
  --rate N|max           spans per second on a schedule fixed in advance (open loop), or as fast as the connections
                         allow (closed loop) (max)
  --seconds N            (30)
  --gzip                 compressed payloads, made before the start
  --gzip-level N         (6, as most SDKs)
  --gzip-pool-mib N      memory for them; the run ends early when all are sent (1024)
  --pool-spans N         distinct uncompressed spans (262144)
  --shape jaeger|mixed   11 random string attributes, or 9 with an HTTP method, a status code and failures (jaeger)
  --retry N              send again up to N times on 503/UNAVAILABLE or a lost connection (0)
  --timeout N            seconds for one request (30)
  --seed N               ids follow from it (the clock)
  --ids FILE             write the acknowledged trace ids, 16 bytes each
  --ids-every N          only each Nth of them (1)
  --threads 1|2          (1)
  --tls-ca FILE          by TLS, with a server that this authority signed for
  --key KEY              sent as kf-api-key
  --resume               for handshakes: take up the sessions of earlier connections
";

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Grpc,
    Http,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Rate {
    SpansPerSecond(f64),
    Max,
}

#[derive(Clone)]
pub struct Load {
    pub endpoint: SocketAddr,
    pub protocol: Protocol,
    pub batch: u64,
    pub connections: u64,
    pub in_flight: u64,
    pub rate: Rate,
    pub seconds: f64,
    pub gzip: bool,
    pub gzip_level: u32,
    pub gzip_pool_bytes: u64,
    pub pool_spans: u64,
    pub shape: Shape,
    pub retry: u32,
    pub timeout: Duration,
    pub seed: u64,
    pub ids: Option<PathBuf>,
    pub ids_every: u64,
    pub threads: u64,
    pub tls_ca: Option<PathBuf>,
    pub key: Option<String>,
    pub resume: bool,
}

impl Load {
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut load = Self {
            endpoint: SocketAddr::from(([127, 0, 0, 1], 4317)),
            protocol: Protocol::Grpc,
            batch: 512,
            connections: 64,
            in_flight: 1,
            rate: Rate::Max,
            seconds: 30.0,
            gzip: false,
            gzip_level: 6,
            gzip_pool_bytes: 1 << 30,
            pool_spans: 262_144,
            shape: Shape::Jaeger,
            retry: 0,
            timeout: Duration::from_secs(30),
            seed: now_ns(),
            ids: None,
            ids_every: 1,
            threads: 1,
            tls_ca: None,
            key: None,
            resume: false,
        };
        let mut arguments = arguments;
        while let Some(name) = arguments.next() {
            if name == "--gzip" {
                load.gzip = true;
                continue;
            }
            if name == "--resume" {
                load.resume = true;
                continue;
            }
            let value = arguments
                .next()
                .ok_or_else(|| format!("{name} needs a value"))?;
            load.apply(&name, &value)?;
        }
        if load.protocol == Protocol::Http && load.in_flight > 1 {
            return Err(
                "--in-flight above 1 needs --protocol grpc: HTTP/1.1 answers one request at a time"
                    .to_owned(),
            );
        }
        Ok(load)
    }

    fn apply(&mut self, name: &str, value: &str) -> Result<(), String> {
        let wrong = |_| format!("{name} {value}: not a number");
        match name {
            "--endpoint" => {
                let address = value.trim_start_matches("http://").trim_end_matches('/');
                self.endpoint =
                    address
                        .replace("localhost", "127.0.0.1")
                        .parse()
                        .map_err(|_| {
                            format!(
                                "--endpoint {value}: give an address and a port, as 127.0.0.1:4317"
                            )
                        })?;
            }
            "--protocol" => {
                self.protocol = match value {
                    "grpc" => Protocol::Grpc,
                    "http" => Protocol::Http,
                    _ => return Err(format!("--protocol {value}: give grpc or http")),
                }
            }
            "--rate" if value == "max" => self.rate = Rate::Max,
            "--rate" => self.rate = Rate::SpansPerSecond(decimal(name, value)?),
            "--seconds" => self.seconds = decimal(name, value)?,
            "--batch" => self.batch = value.parse::<u64>().map_err(wrong)?.clamp(1, 1 << 20),
            "--connections" => self.connections = value.parse::<u64>().map_err(wrong)?.max(1),
            "--in-flight" => self.in_flight = value.parse::<u64>().map_err(wrong)?.max(1),
            "--gzip-level" => self.gzip_level = value.parse::<u32>().map_err(wrong)?.clamp(1, 9),
            "--gzip-pool-mib" => self.gzip_pool_bytes = value.parse::<u64>().map_err(wrong)? << 20,
            "--pool-spans" => self.pool_spans = value.parse().map_err(wrong)?,
            "--shape" => {
                self.shape = match value {
                    "jaeger" => Shape::Jaeger,
                    "mixed" => Shape::Mixed,
                    _ => return Err(format!("--shape {value}: give jaeger or mixed")),
                }
            }
            "--retry" => self.retry = value.parse().map_err(wrong)?,
            "--timeout" => self.timeout = Duration::from_secs(value.parse().map_err(wrong)?),
            "--seed" => self.seed = value.parse().map_err(wrong)?,
            "--ids" => self.ids = Some(PathBuf::from(value)),
            "--ids-every" => self.ids_every = value.parse::<u64>().map_err(wrong)?.max(1),
            "--tls-ca" => self.tls_ca = Some(PathBuf::from(value)),
            "--key" => self.key = Some(value.to_owned()),
            "--threads" => self.threads = value.parse::<u64>().map_err(wrong)?.clamp(1, 2),
            _ => return Err(format!("{name}: no such option\n\n{USAGE}")),
        }
        Ok(())
    }
}

fn decimal(name: &str, value: &str) -> Result<f64, String> {
    match value.parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Ok(number),
        _ => Err(format!("{name} {value}: give a number above 0")),
    }
}
