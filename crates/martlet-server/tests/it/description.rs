//! `/openapi.json`: who may see it, in which codings, and that it follows the app. What it says is walked through in
//! the executable's tests.

use crate::support::{Site, token};
use martlet_sql::{SourceFile, compile};
use serde_json::Value;

const PATH: &str = "/openapi.json";

fn document(site: &Site) -> Value {
    let reply = site.get_as(PATH, &token("service_role"));
    assert_eq!(reply.status, 200, "{}", reply.body);
    serde_json::from_str(&reply.body).unwrap()
}

#[test]
fn it_is_the_services_and_open_under_dev() {
    let site = Site::start();
    assert_eq!(site.get(PATH).code(), (401, "42501".to_owned()));
    assert_eq!(site.get_as(PATH, &token("authenticated")).code(), (403, "42501".to_owned()));
    assert_eq!(site.get_as(PATH, "x").code(), (401, "PGRST301".to_owned()));
    assert_eq!(site.get_as(PATH, &token("service_role")).status, 200);
    assert_eq!(Site::with(|settings| settings.is_dev = true).get(PATH).status, 200);
}

#[test]
fn it_is_sent_in_the_coding_that_is_liked_with_a_tag() {
    let site = Site::start();
    let bearer = format!("Bearer {}", token("service_role"));
    let get = |name: &str, value: &str| site.send("GET", PATH, &[("authorization", &bearer), (name, value)], "");
    let plain = get("accept", "*/*");
    assert_eq!(plain.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(plain.header("vary"), "Authorization, apikey, Accept-Encoding");
    for coding in ["zstd", "br", "gzip"] {
        let coded = get("accept-encoding", coding);
        assert_eq!((coded.status, coded.header("content-encoding")), (200, coding));
        assert!(coded.bytes.len() * 4 < plain.bytes.len(), "{coding}: {} of {}", coded.bytes.len(), plain.bytes.len());
        assert!(coded.header("etag").ends_with(&format!("-{coding}\"")), "{}", coded.header("etag"));
        let unchanged = get("if-none-match", coded.header("etag"));
        assert_eq!((unchanged.status, unchanged.body.as_str()), (304, ""));
    }
    assert_eq!(get("if-none-match", "\"x\"").status, 200);
    assert_eq!(get("if-match", "\"x\"").status, 412);
    assert_eq!(site.send("HEAD", PATH, &[("authorization", &bearer)], "").header("etag"), plain.header("etag"));
    assert_eq!(site.send("POST", PATH, &[("authorization", &bearer)], "").status, 405);
}

#[test]
fn it_follows_the_app() {
    let site = Site::start();
    let before = document(&site);
    assert!(before["paths"]["/rest/v1/rpc/greet"]["get"].is_object());
    assert_eq!(before["paths"]["/t/{tag}"]["get"]["deprecated"], true);
    let file = SourceFile { path: "queries/other.sql".into(), text: "-- @allow anyone\nselect 1 as one".into() };
    site.engine.replace_app(compile(&[file]).app.unwrap()).unwrap();
    let after = document(&site);
    assert!(after["paths"]["/rest/v1/rpc/other"]["post"].is_object());
    assert!(after["paths"]["/rest/v1/rpc/greet"].is_null());
}

/// Style of the project: what is described is what is there, and nothing that is there is forgotten.
#[test]
fn every_callable_and_route_is_described() {
    let site = Site::start();
    let document = document(&site);
    let app = site.engine.app();
    let declarations =
        app.queries.values().map(|it| &it.declaration).chain(app.actions.values().map(|it| &it.declaration));
    for declaration in declarations {
        let path = format!("/rest/v1/rpc/{}", declaration.name);
        let is_query = app.queries.contains_key(&declaration.name);
        assert!(document["paths"][&path]["post"].is_object(), "{path}");
        assert_eq!(document["paths"][&path]["get"].is_object(), is_query, "{path}");
        for route in &declaration.routes {
            let operation = &document["paths"][&route.path][route.method.to_lowercase()];
            assert_eq!(operation["operationId"].as_str().unwrap().split('.').next(), Some(declaration.name.as_str()));
        }
    }
}
