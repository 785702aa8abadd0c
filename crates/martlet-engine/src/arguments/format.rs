//! The written forms that the rules `email` and `url` take.
//!
//! Both are deliberately narrow: what passes is safe to put into a mail header or a link. Whether it exists is
//! another question.

const EMAIL_BYTES_MAX: usize = 254;
const EMAIL_LOCAL_BYTES_MAX: usize = 64;
const URL_BYTES_MAX: usize = 2_048;
const HOST_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// `name@example.org`: the characters of HTML's email field, and a domain of at least two labels.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let is_local_byte = |b: u8| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b);
    text.len() <= EMAIL_BYTES_MAX
        && !local.is_empty()
        && local.len() <= EMAIL_LOCAL_BYTES_MAX
        && local.bytes().all(is_local_byte)
        && domain.contains('.')
        && is_host_name(domain)
}

/// An absolute `http` or `https` URL in ASCII without a user name.
pub(super) fn is_url(text: &str) -> bool {
    let Some(rest) =
        strip_prefix_ignoring_case(text, "https://").or_else(|| strip_prefix_ignoring_case(text, "http://"))
    else {
        return false;
    };
    let is_url_byte = |b: u8| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b);
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    text.len() <= URL_BYTES_MAX && rest.bytes().all(is_url_byte) && is_authority(authority)
}

fn is_authority(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => match address.parse::<std::net::Ipv6Addr>() {
            Ok(_) => ("", port.strip_prefix(':').or(port.is_empty().then_some("0"))),
            Err(_) => return false,
        },
        None => match authority.split_once(':') {
            Some((host, port)) if !host.is_empty() => (host, Some(port)),
            Some(_) => return false,
            None if authority.is_empty() => return false,
            None => (authority, Some("0")),
        },
    };
    let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok();
    (host.is_empty() || is_host_name(host)) && port.is_some_and(is_port)
}

fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= LABEL_BYTES_MAX
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text.len() <= HOST_BYTES_MAX && text.split('.').all(is_label)
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}
