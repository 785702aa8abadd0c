use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use martlet_core::{Identity, Timestamp};
use serde_json::{Map, Value, json};
use std::time::Duration;

const NOW_S: i64 = 1_800_000_000;
const USER: &str = "0188AAAA-0000-7000-8000-00000000000f";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn keys() -> Keys {
    Keys::ephemeral(&KeySettings::default()).unwrap()
}

fn claims(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("an object") };
    map
}

fn good() -> Map<String, Value> {
    claims(json!({"sub": USER, "aud": "authenticated", "role": "authenticated", "iat": NOW_S, "exp": NOW_S + 60}))
}

fn outcome(keys: &Keys, token: &str) -> Result<Identity, String> {
    let verified = keys.verify(token.as_bytes()).map_err(|error| format!("{} {}", error.code, error.message))?;
    verified.at(NOW_S).cloned().map_err(|error| format!("{} {}", error.code, error.message))
}

fn forged(header: &Value, claims: &Map<String, Value>, signature: &str) -> String {
    let encode = |value: &[u8]| URL_SAFE_NO_PAD.encode(value);
    let claims = Value::Object(claims.clone()).to_string();
    format!("{}.{}.{signature}", encode(header.to_string().as_bytes()), encode(claims.as_bytes()))
}

#[test]
fn a_token_of_ours_names_its_user() {
    let keys = keys();
    for token in [keys.sign(&good()).unwrap(), keys.sign_eddsa(&good()).unwrap()] {
        let identity = outcome(&keys, &token).unwrap();
        let Identity::User(claims) = identity else { panic!("{identity:?}") };
        assert_eq!(claims.role, "authenticated");
        assert_eq!(claims.user_id.as_deref(), Some("0188aaaa-0000-7000-8000-00000000000f"));
        assert_eq!(
            claims.json,
            format!(
                r#"{{"aud": "authenticated", "exp": {}, "iat": {NOW_S}, "sub": "{USER}", "role": "authenticated"}}"#,
                NOW_S + 60
            )
        );
    }
}

#[test]
fn issued_tokens_are_taken_by_role() {
    let keys = keys();
    let now = Timestamp::from_micros(NOW_S * 1_000_000);
    let issue = |role: &str| {
        let request = TokenRequest { role: role.to_owned(), user_id: None, valid_for: Duration::from_secs(3600) };
        outcome(&keys, &keys.issue(&request, now).unwrap()).unwrap()
    };
    assert_eq!(issue("anon"), Identity::Anonymous);
    assert!(matches!(issue("service_role"), Identity::Service(Some(_))));
    assert_eq!(issue("editor").role(), "editor");
}

#[test]
fn claims_decide() {
    let keys = keys();
    let with = |name: &str, value: Value| {
        let mut claims = good();
        claims.insert(name.to_owned(), value);
        outcome(&keys, &keys.sign(&claims).unwrap()).map(|_| ())
    };
    let refusal = |message: &str| Err(format!("PGRST303 {message}"));
    assert_eq!(with("exp", json!(NOW_S)), refusal("JWT expired"));
    assert_eq!(with("exp", json!(NOW_S + 1)), Ok(()));
    assert_eq!(with("exp", json!(1e300)), Ok(()));
    assert_eq!(with("exp", json!(-1e300)), refusal("JWT expired"));
    assert_eq!(with("exp", json!("tomorrow")), refusal("the `exp` of the token is not a time"));
    assert_eq!(with("nbf", json!(NOW_S + 60)), Ok(()));
    assert_eq!(with("nbf", json!(NOW_S + 61)), refusal("JWT not yet valid"));
    assert_eq!(with("iat", json!(NOW_S + 61)), refusal("JWT not yet valid"));
    assert_eq!(with("aud", json!(["other", "authenticated"])), Ok(()));
    assert_eq!(with("aud", json!("other")), refusal("JWT not in audience"));
    assert_eq!(with("aud", Value::Null), refusal("JWT not in audience"));
    assert_eq!(with("sub", json!(7)), refusal("the `sub` of the token is not a text"));
    assert_eq!(with("sub", json!("7")), Ok(()));
    assert_eq!(with("role", json!("")), refusal("the `role` of the token is not a name"));
    assert_eq!(with("role", json!(1)), refusal("the `role` of the token is not a name"));
    let without = |name: &str| {
        let mut claims = good();
        claims.remove(name);
        outcome(&keys, &keys.sign(&claims).unwrap()).map(|_| ())
    };
    assert_eq!(without("exp"), refusal("the token has no `exp`"));
    assert_eq!(without("role"), refusal("the token has no `role`"));
    assert_eq!((without("aud"), without("iat"), without("sub")), (Ok(()), Ok(()), Ok(())));
}

#[test]
fn the_issuer_is_checked_when_set() {
    let settings = KeySettings { issuer: Some("https://ours.test".to_owned()), ..KeySettings::default() };
    let keys = Keys::ephemeral(&settings).unwrap();
    assert!(outcome(&keys, &keys.sign(&good()).unwrap()).is_err());
    let mut ours = good();
    ours.insert("iss".to_owned(), json!("https://ours.test"));
    assert!(outcome(&keys, &keys.sign(&ours).unwrap()).is_ok());
}

#[test]
fn a_shared_secret_takes_tokens_with_any_kid_and_replaces_ours() {
    let settings = KeySettings { jwt_secret: Some(Secret::from(SECRET.to_owned())), issuer: None };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let own = Keys::load_or_create(&path, &KeySettings::default()).unwrap();
    let shared = Keys::load_or_create(&path, &settings).unwrap();
    assert!(outcome(&shared, &own.sign(&good()).unwrap()).is_err(), "our secret does not count beside a shared one");
    assert!(outcome(&shared, &own.sign_eddsa(&good()).unwrap()).is_ok());
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    header.kid = Some("of another issuer".to_owned());
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    let token = jsonwebtoken::encode(&header, &Value::Object(good()), &key).unwrap();
    assert!(outcome(&shared, &token).is_ok());
    assert!(outcome(&own, &token).is_err());
    let short = KeySettings { jwt_secret: Some(Secret::from("short".to_owned())), issuer: None };
    assert!(matches!(Keys::load_or_create(&path, &short), Err(KeysError::ShortSecret { size: 5 })));
    assert!(!format!("{settings:?}").contains(SECRET));
}

#[test]
fn keys_are_made_once_and_for_one_reader() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data").join("keys.json");
    let first = Keys::load_or_create(&path, &KeySettings::default()).unwrap();
    let second = Keys::load_or_create(&path, &KeySettings::default()).unwrap();
    assert!(outcome(&second, &first.sign(&good()).unwrap()).is_ok());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Keys::load_or_create(&path, &KeySettings::default()), Err(KeysError::Permissions { .. })));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    for text in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","kid":"a","k":"c2hvcnQ"}]}"#] {
        std::fs::write(&path, text).unwrap();
        let loaded = Keys::load_or_create(&path, &KeySettings::default());
        assert!(matches!(loaded, Err(KeysError::Content { .. })), "{text}");
    }
}

#[test]
fn all_that_start_at_once_share_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let load = || Keys::load_or_create(&path, &KeySettings::default()).unwrap();
    let all: Vec<Keys> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(load)).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let token = all[0].sign(&good()).unwrap();
    assert!(all.iter().all(|keys| outcome(keys, &token).is_ok()));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
}

#[test]
fn abuse_auth_31_algorithm_and_key_come_from_us() {
    let keys = keys();
    let token = keys.sign(&good()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let public = "MCowBQYDK2VwAyEA11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let mut cases = vec![
        format!("{signed}."),
        signed.to_owned(),
        String::new(),
        "..".to_owned(),
        "a.b".to_owned(),
        format!("{token}.{signature}"),
        format!("{token} "),
        format!("{token}="),
        "x".repeat(TOKEN_SIZE_MAX + 1),
    ];
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "None", "typ": "JWT"}),
        json!({"alg": "HS512"}),
        json!({"alg": "RS256"}),
        json!({"alg": "ES256"}),
        json!({"alg": ["HS256"]}),
        json!({"typ": "JWT"}),
        json!({"alg": "EdDSA"}),
        json!({"alg": "HS256"}),
        json!({"alg": "HS256", "kid": "../../../dev/null"}),
        json!({"alg": "HS256", "kid": "x' union select 'k"}),
        json!({"alg": "HS256", "kid": 1}),
        json!({"alg": "HS256", "jwk": {"kty": "oct", "k": "c2VjcmV0"}}),
        json!({"alg": "HS256", "jku": "https://evil.example/keys"}),
        json!({"alg": "HS256", "x5u": "https://evil.example/cert"}),
        json!({"alg": "HS256", "crit": ["exp"]}),
        json!([]),
    ] {
        for signature in ["", "AA", public, signature] {
            cases.push(forged(&header, &good(), signature));
        }
    }
    for case in cases {
        let refusal = outcome(&keys, &case).unwrap_err();
        assert!(refusal.starts_with("PGRST301 "), "{case}: {refusal}");
    }
}

/// HS256 by a public key that the attacker knows: the classic confusion of algorithms.
#[test]
fn abuse_auth_31_public_key_as_secret() {
    let keys = keys();
    let ed = keys.keys.iter().find(|key| key.algorithm == jsonwebtoken::Algorithm::EdDSA).unwrap();
    let public = ed.verifying.try_get_as_bytes().unwrap();
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    for kid in [None, ed.kid.clone()] {
        header.kid = kid;
        let key = jsonwebtoken::EncodingKey::from_secret(public);
        let token = jsonwebtoken::encode(&header, &Value::Object(good()), &key).unwrap();
        assert!(outcome(&keys, &token).unwrap_err().starts_with("PGRST301 "));
    }
}

/// Tokens of other kinds, signed by our own key: typed by `typ`, audience and role.
#[test]
fn abuse_auth_32_other_kinds_are_refused() {
    let keys = keys();
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    let shared =
        Keys::ephemeral(&KeySettings { jwt_secret: Some(Secret::from(SECRET.to_owned())), issuer: None }).unwrap();
    for typ in ["refresh+jwt", "id+jwt", "logout+jwt", "secevent+jwt", "file+jwt", "cursor", "JOSE", ""] {
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        header.typ = Some(typ.to_owned());
        let token = jsonwebtoken::encode(&header, &Value::Object(good()), &key).unwrap();
        assert_eq!(outcome(&shared, &token).unwrap_err(), "PGRST301 the token is of another kind", "{typ}");
    }
    let id_token = claims(json!({"sub": USER, "aud": "client-1", "nonce": "n", "iat": NOW_S, "exp": NOW_S + 60}));
    let file_token = claims(json!({"url": "avatars/1.png", "iat": NOW_S, "exp": NOW_S + 60}));
    for other in [id_token, file_token] {
        assert!(outcome(&keys, &keys.sign(&other).unwrap()).unwrap_err().starts_with("PGRST303 "));
    }
    for opaque in ["v4.local.AAAA", "0123456789abcdef", "sb_publishable_abc", "MRT1.cursor.bytes"] {
        assert!(outcome(&keys, opaque).unwrap_err().starts_with("PGRST301 "), "{opaque}");
    }
}

#[test]
fn a_name_that_stands_twice_is_refused() {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let header = part(r#"{"alg":"HS256"}"#);
    let payload = part(&format!(r#"{{"role":"anon","role":"service_role","exp":{}}}"#, NOW_S + 60));
    let message = format!("{header}.{payload}");
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
    let keys =
        Keys::ephemeral(&KeySettings { jwt_secret: Some(Secret::from(SECRET.to_owned())), issuer: None }).unwrap();
    let refusal = outcome(&keys, &format!("{message}.{signature}")).unwrap_err();
    assert_eq!(refusal, "PGRST303 the claims of the token are not a JSON object");
}

/// Seeded mutations of good tokens: never accepted, never a panic.
#[test]
fn mutated_tokens_are_never_accepted() {
    let keys = keys();
    let tokens = [keys.sign(&good()).unwrap(), keys.sign_eddsa(&good()).unwrap()];
    let mut state = 0x6d61_7274_6c65_7431_u64;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for round in 0..4_000 {
        let original = tokens[round % 2].as_bytes();
        let mut token = original.to_vec();
        for _ in 0..=next(3) {
            let at = next(token.len().max(1));
            if token.is_empty() {
                break;
            }
            match next(6) {
                0 => token[at] = u8::try_from(next(256)).unwrap(),
                1 => token[at] ^= 1 << next(8),
                2 => drop(token.remove(at)),
                3 => token.insert(at, b".-_=AaZz09\0\xff"[next(12)]),
                4 => token.truncate(at.max(1)),
                _ => token.extend_from_slice(&original[at.min(original.len())..]),
            }
        }
        if token != original {
            assert!(keys.verify(&token).is_err(), "round {round}: {}", String::from_utf8_lossy(&token));
        }
    }
}
