//! Who may call what: the one place that decides it.

use martlet_core::{Error, Identity, Kind, code};
use martlet_sql::{Allow, Declaration};

/// Whether `@allow` lets this identity call. The service always may; a declaration that allows nobody is the service's.
pub(crate) fn allows(declaration: &Declaration, identity: &Identity) -> bool {
    if matches!(identity, Identity::Service(_)) {
        return true;
    }
    declaration.allow.iter().any(|allow| match allow {
        Allow::Anyone => true,
        Allow::User => matches!(identity, Identity::User(_)),
        Allow::Role(role) => role == identity.role(),
        Allow::Service => false,
    })
}

/// Refuses a caller whom [`allows`] does not let: as somebody to sign in when anonymous, as forbidden otherwise.
pub(crate) fn permit(declaration: &Declaration, identity: &Identity) -> Result<(), Error> {
    if allows(declaration, identity) {
        return Ok(());
    }
    let mut error = Error::new(&code::FORBIDDEN, format!("permission denied for function {}", declaration.name));
    if matches!(identity, Identity::Anonymous) {
        error.kind = Kind::Unauthenticated;
    }
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use martlet_core::Claims;
    use martlet_sql::Returns;
    use std::sync::Arc;

    fn identities() -> [Identity; 5] {
        let user =
            |role: &str| Identity::User(Arc::new(Claims { role: role.into(), user_id: None, json: "{}".into() }));
        [Identity::Anonymous, user("authenticated"), user("admin"), user("service"), Identity::Service(None)]
    }

    fn allowed(allow: &[Allow]) -> [bool; 5] {
        let declaration = Declaration {
            name: "q".into(),
            description: String::new(),
            allow: allow.to_vec(),
            params: Vec::new(),
            returns: Returns::Rows,
            timeout_ms: None,
            ..Declaration::default()
        };
        identities().map(|identity| allows(&declaration, &identity))
    }

    #[test]
    fn every_allow_lets_in_whom_it_names_and_the_service() {
        // Anonymous, a user, an admin, a user whose role is spelled `service`, the service.
        assert_eq!(allowed(&[]), [false, false, false, false, true]);
        assert_eq!(allowed(&[Allow::Anyone]), [true, true, true, true, true]);
        assert_eq!(allowed(&[Allow::User]), [false, true, true, true, true]);
        assert_eq!(allowed(&[Allow::Role("admin".into())]), [false, false, true, false, true]);
        assert_eq!(allowed(&[Allow::Role("anon".into())]), [true, false, false, false, true]);
        assert_eq!(allowed(&[Allow::Service]), [false, false, false, false, true]);
        assert_eq!(allowed(&[Allow::Service, Allow::Role("admin".into())]), [false, false, true, false, true]);
    }

    #[test]
    fn the_anonymous_are_asked_to_sign_in_and_others_are_forbidden() {
        let declaration = Declaration {
            name: "report".into(),
            description: String::new(),
            allow: vec![Allow::Service],
            params: Vec::new(),
            returns: Returns::Rows,
            timeout_ms: None,
            ..Declaration::default()
        };
        let [anonymous, user, ..] = identities();
        let denied = |identity| permit(&declaration, identity).unwrap_err();
        assert_eq!((denied(&anonymous).kind, denied(&user).kind), (Kind::Unauthenticated, Kind::Forbidden));
        assert_eq!(denied(&user).code, "42501");
        assert_eq!(denied(&user).message, "permission denied for function report");
    }
}
