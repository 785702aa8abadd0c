//! Tokens of the callers, signed here (HS256), so that no server's sign-in is part of a run.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

const BLOCK_BYTES: usize = 64;
/// 2100-01-01: the secret lives no longer than the run.
const EXPIRES_AT: u64 = 4_102_444_800;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    User(u32),
    Service,
}

/// Makes tokens with one secret.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    secret: String,
}

impl Tokens {
    pub(crate) fn signed_with(secret: &str) -> Self {
        Self { secret: secret.to_owned() }
    }

    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    pub(crate) fn of(&self, role: Role) -> String {
        let claims = match role {
            Role::User(id) => {
                format!(r#"{{"sub":"{id}","role":"authenticated","aud":"authenticated","exp":{EXPIRES_AT}}}"#)
            }
            Role::Service => {
                format!(r#"{{"sub":"1","role":"service_role","aud":"authenticated","exp":{EXPIRES_AT}}}"#)
            }
        };
        let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(hmac_sha256(self.secret.as_bytes(), signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// RFC 2104. Ten lines instead of a dependency: these tokens guard made-up data.
fn hmac_sha256(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK_BYTES];
    if key.len() > BLOCK_BYTES {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_hash_is_that_of_rfc_4231() {
        assert_eq!(
            hex(&hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hex(&hmac_sha256(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn a_token_names_its_caller() {
        let tokens = Tokens::signed_with("0123456789abcdef0123456789abcdef");
        let claims =
            |token: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap();
        assert!(claims(&tokens.of(Role::User(7))).starts_with(r#"{"sub":"7","role":"authenticated""#));
        assert!(claims(&tokens.of(Role::Service)).contains("service_role"));
    }
}
