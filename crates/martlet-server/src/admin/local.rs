//! Whether a request under `martlet dev` comes from this machine, so that no key is asked for.
//!
//! The address alone does not tell: a tunnel or a proxy on this machine passes on what comes from anywhere, and a page
//! of any site can have its own name resolved to 127.0.0.1 and ask as the same origin. So a request that was passed on
//! is not local, and neither is one that names another host than this machine.

use crate::front::Door;
use crate::headers::FORWARDED_FOR;
use hyper::header::{FORWARDED, HOST, HeaderMap, HeaderName, VIA};
use std::net::IpAddr;

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const REAL_ADDRESS: HeaderName = HeaderName::from_static("x-real-ip");

/// The door of a request that came in by `door` from this peer.
pub(crate) fn door_of(door: Door, is_dev: bool, peer: IpAddr, fields: &HeaderMap) -> Door {
    let is_local = || peer.to_canonical().is_loopback() && !is_passed_on(fields) && names_this_machine(fields);
    if door == Door::Public && is_dev && is_local() { Door::Local } else { door }
}

fn is_passed_on(fields: &HeaderMap) -> bool {
    [FORWARDED, FORWARDED_FOR, FORWARDED_HOST, REAL_ADDRESS, VIA].iter().any(|name| fields.contains_key(name))
}

fn names_this_machine(fields: &HeaderMap) -> bool {
    let Some(host) = fields.get(HOST).and_then(|host| host.to_str().ok()) else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn only_this_machine_is_local() {
        let door = |peer: &str, fields: &[(&'static str, &str)], is_dev: bool| {
            let mut all = HeaderMap::new();
            for (name, value) in fields {
                all.append(*name, HeaderValue::from_str(value).unwrap());
            }
            door_of(Door::Public, is_dev, peer.parse().unwrap(), &all)
        };
        for host in ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "App.localhost", "127.9.9.9"] {
            assert_eq!(door("127.0.0.1", &[("host", host)], true), Door::Local, "{host}");
            assert_eq!(door("127.0.0.1", &[("host", host)], false), Door::Public, "serve: {host}");
            assert_eq!(door("10.0.0.1", &[("host", host)], true), Door::Public, "from elsewhere: {host}");
        }
        assert_eq!(door("::1", &[("host", "localhost")], true), Door::Local);
        assert_eq!(door("::ffff:127.0.0.1", &[("host", "localhost")], true), Door::Local);
        for host in
            ["evil.test", "evil.test:8080", "127.0.0.1.evil.test", "localhost.evil.test", "10.0.0.1", "", "[::2]"]
        {
            assert_eq!(door("127.0.0.1", &[("host", host)], true), Door::Public, "rebound: {host}");
        }
        assert_eq!(door("127.0.0.1", &[], true), Door::Public, "no host");
        for passed in ["x-forwarded-for", "forwarded", "via", "x-real-ip", "x-forwarded-host"] {
            let fields = [("host", "localhost"), (passed, "127.0.0.1")];
            assert_eq!(door("127.0.0.1", &fields, true), Door::Public, "{passed}");
        }
    }

    #[test]
    fn the_operators_listener_stays_what_it_is() {
        let peer = IpAddr::from([10, 0, 0, 1]);
        assert_eq!(door_of(Door::Admin, true, peer, &HeaderMap::new()), Door::Admin);
    }
}
