//! The bytes of a request, made before the load begins.

/// The head of a request; `Content-Length` is written with the body.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'a> {
    /// `GET`, `POST`, ...
    pub method: &'a str,
    /// The path with its query string, already encoded.
    pub target: &'a str,
    /// The value of `Host`.
    pub host: &'a str,
    /// Names and values of other header fields.
    pub headers: &'a [(&'a str, &'a str)],
}

impl RequestHead<'_> {
    /// Gives the whole request; with a body also its length.
    pub fn bytes(&self, body: Option<&[u8]>) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, self.target, self.host);
        for (name, value) in self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = body {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(body.unwrap_or_default());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_written_whole() {
        let head = RequestHead { method: "GET", target: "/a?b=1", host: "h:1", headers: &[("Accept", "text/csv")] };
        assert_eq!(head.bytes(None), b"GET /a?b=1 HTTP/1.1\r\nHost: h:1\r\nAccept: text/csv\r\n\r\n");
        let head = RequestHead { method: "POST", headers: &[], ..head };
        assert_eq!(head.bytes(Some(b"{}")), b"POST /a?b=1 HTTP/1.1\r\nHost: h:1\r\nContent-Length: 2\r\n\r\n{}");
    }
}
