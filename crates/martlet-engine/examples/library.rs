//! The hotel as a library: no HTTP, no server, one process.
//!
//! Run it with `cargo run -p martlet-engine --example library`.

use martlet_core::{Caller, Claims, Error, Identity, SystemClock};
use martlet_engine::{Answer, Arguments, BatchItem, Call, Demand, Engine, EngineSettings, load_folder};
use martlet_store::{SqliteStore, StoreSettings};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A folder of SQL becomes an app; what is wrong with it comes with file, line and column.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/hotel");
    let compiled = load_folder(&folder)?;
    let app = compiled.app.ok_or("the folder has mistakes: see `compiled.diagnostics`")?;

    // A store keeps its database in a folder of its own, which it locks.
    let data = std::env::temp_dir().join(format!("martlet-library-{}", std::process::id()));
    let clock = Arc::new(SystemClock);
    let store = SqliteStore::open(StoreSettings::new(&data), clock.clone())?;
    store.migrate(&app, false)?;
    if let Some(seed) = &app.seed {
        store.seed(seed, 0.001, &mut |_| {})?;
    }
    let engine = Engine::new(app, store, EngineSettings::default(), clock)?;

    // Anybody may ask what is free.
    let anonymous = Caller::default();
    let stay = br#"{"check_in": "2026-07-01", "check_out": "2026-07-04"}"#;
    show("availability", engine.run_query(call(&anonymous, "availability", stay)).await);

    // Only a user may book. Here the claims are made by hand; a server takes them from a verified token.
    let user_id = "00000000-0000-4000-8000-000000000001";
    let claims = Claims {
        role: "authenticated".into(),
        user_id: Some(user_id.into()),
        json: format!(r#"{{"sub": "{user_id}", "role": "authenticated"}}"#),
    };
    let ana = Caller { identity: Identity::User(Arc::new(claims)), address: None };
    let booking = br#"{"room_type_id": 3, "check_in": "2026-07-01", "check_out": "2026-07-04"}"#;
    show("book_room", engine.run_action(call(&anonymous, "book_room", booking)).await);
    show("book_room", engine.run_action(call(&ana, "book_room", booking)).await);

    // A mistake is told with all that is wrong.
    show("availability", engine.run_query(call(&anonymous, "availability", br#"{"chekc_in": 5}"#)).await);

    // Several queries at one snapshot.
    let items = [
        BatchItem { name: "my_bookings", arguments: Arguments::Json(b"") },
        BatchItem { name: "room_types", arguments: Arguments::Json(b"") },
    ];
    for answer in engine.run_batch(&ana, &items, Instant::now()).await?.answers {
        show("batch", answer);
    }

    engine.store().close();
    std::fs::remove_dir_all(&data)?;
    Ok(())
}

fn call<'a>(caller: &'a Caller, name: &'a str, arguments: &'a [u8]) -> Call<'a> {
    Call { caller, name, arguments: Arguments::Json(arguments), arrival: Instant::now(), demand: Demand::default() }
}

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn show(name: &str, answer: Result<Answer, Error>) {
    match answer {
        Ok(answer) => {
            let body = answer.body.unwrap_or_default();
            println!("{name}: {}", String::from_utf8_lossy(&body).chars().take(160).collect::<String>());
        }
        Err(error) => println!("{name}: {} {} {:?}", error.code, error.message, error.details),
    }
}
