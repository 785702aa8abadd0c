//! How the server is set; every default is a limit with a name.

use crate::admission::AdmissionSettings;
use martlet_core::limits;
use martlet_engine::Rate;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// A request's head may not be set above this: hyper's read buffer is sized by it.
pub const HEADER_SIZE_CAP: usize = 64 * 1024;
/// Bytes of one header's name.
pub(crate) const HEADER_NAME_SIZE_MAX: usize = 256;
/// Ranges that one request may ask for; with more the whole file is sent.
pub(crate) const RANGES_MAX: usize = 10;
/// The policy of pages from `public/` when none is set: scripts come from files, never from the page's text.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data: blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

/// A part that `/health` may require.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthPart {
    /// The database.
    Database,
    /// Redis.
    Redis,
    /// Search.
    Search,
}

/// How many event streams may be open, and how they are kept open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveSettings {
    /// In all; never more than four fifths of the connections, so that others find a place.
    pub streams_max: usize,
    /// Of one user.
    pub streams_per_user_max: usize,
    /// Of one address, of IPv6: of one /64.
    pub streams_per_address_max: usize,
    /// How long one is silent at most.
    pub heartbeat: Duration,
}

impl Default for LiveSettings {
    fn default() -> Self {
        Self {
            streams_max: limits::STREAMS_MAX,
            streams_per_user_max: limits::STREAMS_PER_USER_MAX,
            streams_per_address_max: limits::STREAMS_PER_ADDRESS_MAX,
            heartbeat: Duration::from_millis(limits::STREAM_HEARTBEAT_MS),
        }
    }
}

/// How the server is set.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where it also listens for the operator: `/metrics`, `/admin/v1/*` and health, without a key.
    pub admin_listen: Option<SocketAddr>,
    /// What must be up for `/health` to answer 200.
    pub health_required: Vec<HealthPart>,
    /// Static files, served at `/`.
    pub public_dir: Option<PathBuf>,
    /// `martlet dev`: pages reload themselves and show why the app could not be loaded.
    pub is_dev: bool,
    /// Bytes of a request's body.
    pub body_size_max: usize,
    /// Bytes of a request's header fields; at most [`HEADER_SIZE_CAP`].
    pub header_size_max: usize,
    /// Header fields of a request.
    pub header_count_max: usize,
    /// Bytes of a request's URL.
    pub url_size_max: usize,
    /// Parameters in a URL.
    pub url_parameters_max: usize,
    /// How long a request's head may take, from its first byte (of a connection: from its start).
    pub header_timeout: Duration,
    /// How long a connection may stay open between requests.
    pub idle_timeout: Duration,
    /// Bytes a second that a body in or an answer out must make...
    pub rate_min: u64,
    /// ...once it has taken this long.
    pub rate_after: Duration,
    /// Connections at once; more wait to be accepted.
    pub connections_max: usize,
    /// Connections at once from one address; more are closed. Trusted proxies are not counted.
    pub connections_per_address_max: usize,
    /// When more wait than can be answered in time the excess is refused; none: all wait.
    pub admission: Option<AdmissionSettings>,
    /// Requests of one address (of IPv6: of one /64); none: not limited.
    pub rate_limit: Option<Rate>,
    /// Queries of one batch.
    pub batch_queries_max: usize,
    /// Bytes of one batch's answer.
    pub batch_answer_size_max: usize,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<AddressRange>,
    /// Origins that may read answers, with credentials; empty: every origin, without.
    pub cors_origins: Vec<String>,
    /// Of pages from `public/`; none: [`CONTENT_SECURITY_POLICY`].
    pub content_security_policy: Option<String>,
    /// Event streams.
    pub live: LiveSettings,
    /// After the signal to stop, how long `/readyz` says 503 while connections are still accepted.
    pub drain_delay: Duration,
    /// How long accepted requests may go on after the server has stopped accepting.
    pub shutdown_grace: Duration,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            admin_listen: None,
            health_required: vec![HealthPart::Database],
            public_dir: None,
            is_dev: false,
            body_size_max: 1024 * 1024,
            header_size_max: 32 * 1024,
            header_count_max: 100,
            url_size_max: 8 * 1024,
            url_parameters_max: 1000,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            rate_min: 1024,
            rate_after: Duration::from_secs(10),
            connections_max: 25_000,
            connections_per_address_max: 4_096,
            admission: Some(AdmissionSettings::default()),
            rate_limit: None,
            batch_queries_max: martlet_core::limits::BATCH_QUERIES_MAX,
            batch_answer_size_max: 64 * 1024 * 1024,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            content_security_policy: None,
            live: LiveSettings::default(),
            drain_delay: Duration::ZERO,
            shutdown_grace: Duration::from_secs(30),
        }
    }
}

/// Addresses with a common prefix: `10.0.0.0/8`, `::1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    address: IpAddr,
    prefix_bits: u32,
}

impl AddressRange {
    /// Whether the address is one of these. An IPv4 address mapped into IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => {
                same_prefix(u128::from(ours.to_bits()), u128::from(other.to_bits()), 32 - self.prefix_bits)
            }
            (IpAddr::V6(ours), IpAddr::V6(other)) => {
                same_prefix(ours.to_bits(), other.to_bits(), 128 - self.prefix_bits)
            }
            _ => false,
        }
    }
}

fn same_prefix(a: u128, b: u128, free_bits: u32) -> bool {
    free_bits >= 128 || (a ^ b) >> free_bits == 0
}

/// The text is no address or range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an address or range: write `10.0.0.0/8` or `::1`")]
pub struct ParseAddressRangeError;

impl FromStr for AddressRange {
    type Err = ParseAddressRangeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| ParseAddressRangeError)?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix {
            Some(prefix) => prefix.parse().map_err(|_| ParseAddressRangeError)?,
            None => bits_max,
        };
        if prefix_bits > bits_max {
            return Err(ParseAddressRangeError);
        }
        Ok(Self { address, prefix_bits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_its_addresses() {
        let range: AddressRange = "10.0.0.0/8".parse().unwrap();
        assert!(range.contains("10.255.1.2".parse().unwrap()));
        assert!(range.contains("::ffff:10.1.1.1".parse().unwrap()), "mapped");
        assert!(!range.contains("11.0.0.0".parse().unwrap()));
        assert!(!range.contains("::1".parse().unwrap()));
        let everything: AddressRange = "::/0".parse().unwrap();
        assert!(everything.contains("fe80::1".parse().unwrap()));
        let one: AddressRange = "::1".parse().unwrap();
        assert!(one.contains("::1".parse().unwrap()) && !one.contains("::2".parse().unwrap()));
        for wrong in ["", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "localhost", "::/129"] {
            assert!(wrong.parse::<AddressRange>().is_err(), "{wrong}");
        }
    }
}
