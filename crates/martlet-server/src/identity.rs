//! Who asks: the token of a request, verified once and then remembered, and the address it comes from.

use crate::headers::{APIKEY, FORWARDED_FOR};
use crate::refusal;
use crate::settings::AddressRange;
use crate::tokens::{Keys, KeysError, TokenRequest, Verified};
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName};
use martlet_core::{Clock, Error, Identity, Timestamp, code};
use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};
use std::net::IpAddr;
use std::sync::Arc;

/// Verified tokens that are remembered: some half a kilobyte each.
const VERIFIED_TOKENS_MAX: usize = 32_768;
/// Addresses in `X-Forwarded-For` that are looked at.
const FORWARDED_MAX: usize = 32;

/// 128 bits of the token's SHA-256: enough that nobody finds another token for it.
type TokenDigest = [u8; 16];

/// Finds out who asks.
pub(crate) struct Identities {
    keys: Keys,
    clock: Arc<dyn Clock>,
    verified: Cache<TokenDigest, Arc<Verified>>,
}

impl Identities {
    pub(crate) fn new(keys: Keys, clock: Arc<dyn Clock>) -> Self {
        Self { keys, clock, verified: Cache::new(VERIFIED_TOKENS_MAX) }
    }

    /// `Authorization` wins over `apikey`; an apikey alone counts as a bearer; neither is anonymous; a bad one is an
    /// error, never anonymous.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Result<Identity, Error> {
        match token_of(headers)? {
            Some(token) => self.of_token(token),
            None => Ok(Identity::Anonymous),
        }
    }

    /// The token of a request whose identity was just found, to ask later whether it is still good; none inside: it
    /// came without. None: it is not remembered any more.
    pub(crate) fn remembered(&self, headers: &HeaderMap) -> Option<Option<Arc<Verified>>> {
        match token_of(headers).ok()? {
            Some(token) => self.verified.get(&digest(token)).map(Some),
            None => Some(None),
        }
    }

    /// A token signed with the server's own key.
    pub(crate) fn issue(&self, request: &TokenRequest, now: Timestamp) -> Result<String, KeysError> {
        self.keys.issue(request, now)
    }

    fn of_token(&self, token: &[u8]) -> Result<Identity, Error> {
        let now_s = self.clock.now().micros().div_euclid(1_000_000);
        let digest = digest(token);
        if let Some(verified) = self.verified.get(&digest) {
            return verified.at(now_s).cloned();
        }
        let verified = self.keys.verify(token)?;
        let identity = verified.at(now_s)?.clone();
        self.verified.insert(digest, Arc::new(verified));
        Ok(identity)
    }
}

impl std::fmt::Debug for Identities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identities").field("keys", &self.keys).finish_non_exhaustive()
    }
}

fn digest(token: &[u8]) -> TokenDigest {
    let mut digest = TokenDigest::default();
    digest.copy_from_slice(&Sha256::digest(token)[..16]);
    digest
}

fn token_of(headers: &HeaderMap) -> Result<Option<&[u8]>, Error> {
    if let Some(authorization) = single(headers, AUTHORIZATION)? {
        let token = authorization
            .split_at_checked(7)
            .and_then(|(scheme, token)| scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii_start()));
        return token.map(Some).ok_or_else(|| Error::new(&code::BAD_TOKEN, "`Authorization` is not `Bearer TOKEN`"));
    }
    single(headers, APIKEY)
}

fn single(headers: &HeaderMap, name: HeaderName) -> Result<Option<&[u8]>, Error> {
    let mut values = headers.get_all(&name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(refusal::bad_request(format!("the header `{name}` stands twice")));
    }
    Ok(first.map(|value| value.as_bytes()))
}

/// The caller's address: the peer's, unless that is a trusted proxy; then the last one in `X-Forwarded-For` that is
/// not. Nothing else is believed.
pub(crate) fn address_of(peer: IpAddr, headers: &HeaderMap, trusted: &[AddressRange]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|range| range.contains(address));
    let mut address = peer.to_canonical();
    if !is_trusted(address) {
        return address;
    }
    let values: Vec<&str> = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    for hop in values.iter().rev().flat_map(|value| value.rsplit(',')).take(FORWARDED_MAX) {
        // What is no address was written by somebody whom nobody trusts.
        let Ok(hop) = hop.trim().parse::<IpAddr>() else { break };
        address = hop.to_canonical();
        if !is_trusted(address) {
            break;
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::KeySettings;
    use hyper::header::HeaderValue;
    use martlet_core::TestClock;
    use std::time::Duration;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn token(keys: &Keys, role: &str) -> String {
        let request = TokenRequest { role: role.to_owned(), user_id: None, valid_for: Duration::from_secs(60) };
        keys.issue(&request, NOW).unwrap()
    }

    #[test]
    fn authorization_wins_and_a_bad_token_is_never_anonymous() {
        let keys = Keys::ephemeral(&KeySettings::default()).unwrap();
        let (user, service) = (token(&keys, "authenticated"), token(&keys, "service_role"));
        let identities = Identities::new(keys, Arc::new(TestClock::at(NOW)));
        let of = |fields: &[(&'static str, &str)]| identities.of(&headers(fields));
        let bearer = format!("bearer {user}");
        assert_eq!(of(&[]).unwrap(), Identity::Anonymous);
        assert_eq!(of(&[("authorization", &bearer), ("apikey", &service)]).unwrap().role(), "authenticated");
        assert_eq!(of(&[("authorization", &bearer), ("apikey", "nonsense")]).unwrap().role(), "authenticated");
        assert_eq!(of(&[("apikey", &service)]).unwrap().role(), "service_role");
        for bad in ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer a.b.c", "Bearer  ", "é"] {
            assert_eq!(of(&[("authorization", bad), ("apikey", &service)]).unwrap_err().code, "PGRST301", "{bad}");
        }
        assert_eq!(of(&[("apikey", "")]).unwrap_err().code, "PGRST301");
        assert_eq!(of(&[("apikey", &service), ("apikey", &user)]).unwrap_err().code, "MRT002");
    }

    #[test]
    fn a_remembered_token_still_ends() {
        let keys = Keys::ephemeral(&KeySettings::default()).unwrap();
        let bearer = format!("Bearer {}", token(&keys, "authenticated"));
        let clock = Arc::new(TestClock::at(NOW));
        let identities = Identities::new(keys, clock.clone());
        let fields = headers(&[("authorization", &bearer)]);
        assert!(identities.of(&fields).is_ok());
        assert_eq!(identities.verified.len(), 1);
        assert!(identities.of(&fields).is_ok());
        clock.set(Timestamp::from_micros(NOW.micros() + 60_000_000));
        assert_eq!(identities.of(&fields).unwrap_err().message, "JWT expired");
    }

    #[test]
    fn abuse_auth_05_only_proxies_may_name_another_address() {
        let forged = headers(&[
            ("x-forwarded-for", "1.1.1.1, 203.0.113.7"),
            ("x-forwarded-for", "10.0.0.2"),
            ("x-real-ip", "2.2.2.2"),
            ("forwarded", "for=3.3.3.3"),
        ]);
        let peer: IpAddr = "10.0.0.1".parse().unwrap();
        let of = |trusted: &[&str], fields: &HeaderMap| {
            let trusted: Vec<AddressRange> = trusted.iter().map(|range| range.parse().unwrap()).collect();
            address_of(peer, fields, &trusted).to_string()
        };
        assert_eq!(of(&[], &forged), "10.0.0.1");
        assert_eq!(of(&["10.0.0.1"], &forged), "10.0.0.2", "the proxy's proxy is not trusted");
        assert_eq!(of(&["10.0.0.0/8"], &forged), "203.0.113.7", "what stands before it is the caller's own claim");
        assert_eq!(of(&["10.0.0.0/8"], &headers(&[])), "10.0.0.1");
        assert_eq!(of(&["10.0.0.0/8"], &headers(&[("x-forwarded-for", "evil, 10.0.0.9")])), "10.0.0.9");
    }
}
