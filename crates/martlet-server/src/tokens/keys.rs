//! The keys that tokens are verified and signed with, and the file in which they lie.

use super::{AUDIENCE, SECRET_SIZE_MIN};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use martlet_core::Timestamp;
use martlet_engine::CursorKey;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Bytes of the file of keys; more is not ours.
const FILE_SIZE_MAX: u64 = 64 * 1024;
/// PKCS #8 of an Ed25519 private key (RFC 8410, section 7) before its 32 bytes.
const ED25519_PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// A text that never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The settings of section `[auth]` that concern tokens.
#[derive(Debug, Clone, Default)]
pub struct KeySettings {
    /// An HS256 secret of at least 32 bytes, shared with whoever else issues tokens.
    pub jwt_secret: Option<Secret>,
    /// The `iss` that every token must have; none: not checked.
    pub issuer: Option<String>,
}

/// What stands in a token to be issued.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// `anon`, `authenticated`, `service_role` or one of the app's own.
    pub role: String,
    /// `sub`.
    pub user_id: Option<String>,
    /// From now on.
    pub valid_for: Duration,
}

/// Why keys could not be loaded, made or used; for the operator.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read or written.
    #[error("cannot use the file of keys {}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others may read the file.
    #[error("the file of keys {0} can be read by others: run `chmod 600 {0}`", .path.display())]
    Permissions {
        /// Which.
        path: PathBuf,
    },
    /// The file is not one of ours.
    #[error("the file of keys {} is not one that Martlet wrote: {reason}", .path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// `auth.jwt_secret` is too short.
    #[error("`auth.jwt_secret` has {size} bytes; HS256 needs at least {SECRET_SIZE_MIN}")]
    ShortSecret {
        /// Its bytes.
        size: usize,
    },
    /// The operating system gives no random bytes, or the signature failed.
    #[error("cannot make a key or signature: {0}")]
    Crypto(String),
}

/// One key with the only algorithm that it is for.
pub(super) struct Key {
    /// None: tokens of another issuer, whose `kid` says nothing to us.
    pub(super) kid: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) verifying: DecodingKey,
    signing: EncodingKey,
}

/// The keys of one server. Shows no secret in `Debug`.
pub struct Keys {
    pub(super) keys: Vec<Key>,
    pub(super) issuer: Option<String>,
    /// Index of the key that signs.
    signer: usize,
    cursor: [u8; 32],
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kids: Vec<_> = self.keys.iter().map(|key| (&key.kid, key.algorithm)).collect();
        f.debug_struct("Keys").field("keys", &kids).field("issuer", &self.issuer).finish()
    }
}

/// The file: JWKs with their private parts (RFC 7517, RFC 8037).
#[derive(Serialize, Deserialize)]
struct KeyFile {
    keys: Vec<StoredKey>,
    /// What cursors of pages are sealed with: another secret, so that none is good for the other's purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kty")]
enum StoredKey {
    #[serde(rename = "oct")]
    Secret { kid: String, k: String },
    #[serde(rename = "OKP")]
    Ed25519 { kid: String, d: String },
}

impl Keys {
    /// The keys in this file, which is made with new ones if there is none; `auth.jwt_secret` joins them.
    pub fn load_or_create(path: &Path, settings: &KeySettings) -> Result<Self, KeysError> {
        let file_error = |source| KeysError::File { path: path.to_owned(), source };
        let text = match read_private(path)? {
            Some(text) => text,
            None => {
                let text = new_file()?;
                if write_new(path, &text).map_err(file_error)? {
                    text
                } else {
                    // Another process was first: its keys are the ones.
                    read_private(path)?.ok_or_else(|| file_error(io::ErrorKind::NotFound.into()))?
                }
            }
        };
        let content_error = |reason: String| KeysError::Content { path: path.to_owned(), reason };
        let mut file: KeyFile = serde_json::from_str(&text).map_err(|error| content_error(error.to_string()))?;
        if file.cursor.is_none() {
            // A file of before there were cursors.
            file.cursor = Some(random_text::<32>()?);
            let text = serde_json::to_string_pretty(&file).map_err(|error| content_error(error.to_string()))?;
            replace(path, &text).map_err(file_error)?;
        }
        Self::of(file, settings, content_error)
    }

    /// Keys that are kept nowhere: for tests.
    pub fn ephemeral(settings: &KeySettings) -> Result<Self, KeysError> {
        let text = new_file()?;
        let file: KeyFile = serde_json::from_str(&text).map_err(|error| KeysError::Crypto(error.to_string()))?;
        Self::of(file, settings, KeysError::Crypto)
    }

    fn of(file: KeyFile, settings: &KeySettings, error: impl Fn(String) -> KeysError) -> Result<Self, KeysError> {
        let mut keys = Vec::new();
        if let Some(Secret(secret)) = &settings.jwt_secret {
            if secret.len() < SECRET_SIZE_MIN {
                return Err(KeysError::ShortSecret { size: secret.len() });
            }
            keys.push(Key::hs256(None, secret.as_bytes()));
        }
        for stored in file.keys {
            match stored {
                // A shared secret replaces our own, so that there is one to change and one to leak.
                StoredKey::Secret { .. } if settings.jwt_secret.is_some() => {}
                StoredKey::Secret { kid, k } => {
                    let secret = decode(&k).filter(|secret| secret.len() >= SECRET_SIZE_MIN);
                    let secret = secret.ok_or_else(|| error(format!("key `{kid}` has no secret of 32 bytes")))?;
                    keys.push(Key::hs256(Some(kid), &secret));
                }
                StoredKey::Ed25519 { kid, d } => {
                    let seed = decode(&d).and_then(|seed| <[u8; 32]>::try_from(seed).ok());
                    let seed = seed.ok_or_else(|| error(format!("key `{kid}` is no Ed25519 key")))?;
                    keys.push(Key::ed25519(kid, seed).map_err(&error)?);
                }
            }
        }
        if keys.is_empty() {
            return Err(error("it holds no key".to_owned()));
        }
        let cursor = file.cursor.as_deref().and_then(decode).and_then(|cursor| <[u8; 32]>::try_from(cursor).ok());
        let cursor = cursor.ok_or_else(|| error("its secret of cursors is not of 32 bytes".to_owned()))?;
        // HS256 first: the API keys of supabase-js are HS256, and one verification costs 2 us against 50.
        let signer = keys.iter().position(|key| key.algorithm == Algorithm::HS256).unwrap_or(0);
        Ok(Self { keys, issuer: settings.issuer.clone(), signer, cursor })
    }

    /// What the cursors of pages are sealed with.
    pub fn cursor_key(&self) -> CursorKey {
        CursorKey::new(&self.cursor)
    }

    /// Signs claims as they are, by the shared secret where one is set, else by our own.
    pub fn sign(&self, claims: &Map<String, Value>) -> Result<String, KeysError> {
        self.keys[self.signer].sign(&Value::Object(claims.clone()))
    }

    /// As [`Keys::sign`], by the Ed25519 key.
    pub fn sign_eddsa(&self, claims: &Map<String, Value>) -> Result<String, KeysError> {
        let key = self.keys.iter().find(|key| key.algorithm == Algorithm::EdDSA);
        let key = key.ok_or_else(|| KeysError::Crypto("there is no Ed25519 key".to_owned()))?;
        key.sign(&Value::Object(claims.clone()))
    }

    /// A token with the claims that this server asks of one.
    pub fn issue(&self, request: &TokenRequest, now: Timestamp) -> Result<String, KeysError> {
        let now_s = now.micros().div_euclid(1_000_000);
        let valid_s = i64::try_from(request.valid_for.as_secs()).unwrap_or(i64::MAX);
        let mut claims = Map::new();
        if let Some(issuer) = &self.issuer {
            claims.insert("iss".to_owned(), json!(issuer));
        }
        if let Some(user_id) = &request.user_id {
            claims.insert("sub".to_owned(), json!(user_id));
        }
        claims.insert("aud".to_owned(), json!(AUDIENCE));
        claims.insert("role".to_owned(), json!(request.role));
        claims.insert("iat".to_owned(), json!(now_s));
        claims.insert("exp".to_owned(), json!(now_s.saturating_add(valid_s)));
        self.sign(&claims)
    }
}

impl Key {
    fn hs256(kid: Option<String>, secret: &[u8]) -> Self {
        Self {
            kid,
            algorithm: Algorithm::HS256,
            verifying: DecodingKey::from_secret(secret),
            signing: EncodingKey::from_secret(secret),
        }
    }

    fn ed25519(kid: String, seed: [u8; 32]) -> Result<Self, String> {
        let mut der = ED25519_PKCS8_PREFIX.to_vec();
        der.extend_from_slice(&seed);
        let signing = EncodingKey::from_ed_der(&der);
        let jwk = Jwk::from_encoding_key(&signing, Algorithm::EdDSA).map_err(|error| error.to_string())?;
        let AlgorithmParameters::OctetKeyPair(public) = &jwk.algorithm else {
            return Err("an Ed25519 key without its public part".to_owned());
        };
        let verifying = DecodingKey::from_ed_components(&public.x).map_err(|error| error.to_string())?;
        Ok(Self { kid: Some(kid), algorithm: Algorithm::EdDSA, verifying, signing })
    }

    fn sign(&self, claims: &Value) -> Result<String, KeysError> {
        let mut header = jsonwebtoken::Header::new(self.algorithm);
        header.kid.clone_from(&self.kid);
        jsonwebtoken::encode(&header, claims, &self.signing).map_err(|error| KeysError::Crypto(error.to_string()))
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn new_file() -> Result<String, KeysError> {
    let keys = vec![
        StoredKey::Secret { kid: random_text::<6>()?, k: random_text::<48>()? },
        StoredKey::Ed25519 { kid: random_text::<6>()?, d: random_text::<32>()? },
    ];
    let cursor = Some(random_text::<32>()?);
    serde_json::to_string_pretty(&KeyFile { keys, cursor }).map_err(|error| KeysError::Crypto(error.to_string()))
}

fn random_text<const SIZE: usize>() -> Result<String, KeysError> {
    let mut bytes = [0; SIZE];
    getrandom::fill(&mut bytes).map_err(|error| KeysError::Crypto(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The file's text, if there is a file, and if nobody else may read it.
fn read_private(path: &Path) -> Result<Option<String>, KeysError> {
    let file_error = |source| KeysError::File { path: path.to_owned(), source };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(file_error(error)),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if file.metadata().map_err(file_error)?.permissions().mode() & 0o077 != 0 {
            return Err(KeysError::Permissions { path: path.to_owned() });
        }
    }
    let mut text = String::new();
    file.take(FILE_SIZE_MAX).read_to_string(&mut text).map_err(file_error)?;
    Ok(Some(text))
}

/// Writes the file whole or not at all; false if another process has made it meanwhile.
fn write_new(path: &Path, text: &str) -> io::Result<bool> {
    let written = write_beside(path, text)?;
    let linked = std::fs::hard_link(&written, path);
    std::fs::remove_file(&written)?;
    match linked {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes the file anew, whole or not at all.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let written = write_beside(path, text)?;
    std::fs::rename(&written, path).inspect_err(|_| drop(std::fs::remove_file(&written)))
}

/// Writes a private file beside another one and gives its path.
fn write_beside(path: &Path, text: &str) -> io::Result<PathBuf> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let written = path.with_extension(format!("json.{:016x}", getrandom::u64().map_err(io::Error::other)?));
    let mut file = options.open(&written)?;
    let done = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    match done {
        Ok(()) => Ok(written),
        Err(error) => {
            std::fs::remove_file(&written)?;
            Err(error)
        }
    }
}
