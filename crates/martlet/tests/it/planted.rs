//! The hotel with one mistake in it, over forty times: `check` names the file, the line and the remedy.

use crate::support::martlet;
use martlet_testkit::copy_folder;
use std::path::Path;

struct Mistake {
    file: &'static str,
    /// What is replaced by what; an empty first text: the file is new.
    from: &'static str,
    to: &'static str,
    /// File and line of the finding.
    place: &'static str,
    /// A part of the message or the hint.
    remedy: &'static str,
}

const fn mistake(
    file: &'static str,
    from: &'static str,
    to: &'static str,
    place: &'static str,
    remedy: &'static str,
) -> Mistake {
    Mistake { file, from, to, place, remedy }
}

const AVAILABILITY: &str = "queries/availability.sql";
const MINE: &str = "queries/my_bookings.sql";
const BOOK: &str = "actions/book_room.sql";
const TABLES: &str = "migrations/0001_hotel.sql";
const INDEXES: &str = "migrations/20251024090952_add_composite_indexes_for_performance.sql";
const NEW: &str = "queries/new.sql";

const MISTAKES: &[Mistake] = &[
    // Reads that grow.
    mistake(
        INDEXES,
        "create index bookings_user_idx on bookings (user_id, created_at desc, id desc);",
        "",
        "queries/my_bookings.sql:9",
        "(user_id, created_at desc, id desc);",
    ),
    mistake(
        INDEXES,
        "create index payments_booking_idx on payments (booking_id, status);",
        "",
        "migrations/0001_hotel.sql:49",
        "create index payments_booking_id_",
    ),
    mistake(
        INDEXES,
        "create index bookings_stay_idx on bookings (room_type_id, status, check_in, check_out);",
        "",
        "migrations/0001_hotel.sql:34",
        "create index bookings_room_type_id_idx",
    ),
    mistake(NEW, "", "-- @allow service\nselect count(*) as users from users\n", "queries/new.sql:2", "@scan users"),
    mistake(
        NEW,
        "",
        "-- @allow service\n-- @param name text  Whose\nselect id from users where name = :name limit 5\n",
        "queries/new.sql:3",
        "create index users_name_idx on users (name);",
    ),
    mistake(
        NEW,
        "",
        "-- @allow service\n-- @param mail text  Whose\nselect id\n  from users\n where lower(email) = :mail\n limit 5\n",
        "queries/new.sql:5",
        "compare `email` itself",
    ),
    mistake(
        NEW,
        "",
        "-- @allow service\n-- @param start text  Beginning\nselect id from users\n where email like :start limit 5\n",
        "queries/new.sql:4",
        "with a range",
    ),
    mistake(
        NEW,
        "",
        "-- @allow service\nselect id, name from users order by created_at limit 5\n",
        "queries/new.sql:2",
        "create index users_created_at_idx on users (created_at);",
    ),
    mistake(
        NEW,
        "",
        "-- @allow service\n-- @param since bigint  First\nselect count(*) as bookings from bookings\n where id >= :since\n",
        "queries/new.sql:4",
        "id <= ...",
    ),
    mistake(
        NEW,
        "",
        "-- @allow service\n-- @param till bigint  Last\nselect count(*) as bookings from bookings\n where id < :till\n",
        "queries/new.sql:4",
        "id >= ...",
    ),
    mistake(AVAILABILITY, " and b.check_in > :check_in - 31", "", "queries/availability.sql:8", "check_in >= ..."),
    mistake(BOOK, " and b.check_in > :check_in - 31", "", "actions/book_room.sql:28", "check_in >= ..."),
    mistake(
        "actions/pay_booking.sql",
        "select id, total_cents, status from bookings where id = :booking_id and user_id",
        "select id, total_cents, status from bookings where total_cents = :booking_id and guests is null and nights",
        "actions/pay_booking.sql:9",
        "no cast from uuid",
    ),
    mistake(
        "actions/clean.sql",
        "",
        "-- @allow service\ndelete from payments where amount_cents = 0\n",
        "actions/clean.sql:2",
        "create index payments_amount_cents_idx",
    ),
    mistake(
        "actions/clean.sql",
        "",
        "-- @allow service\nupdate rooms set floor = 1\n",
        "actions/clean.sql:2",
        "@scan rooms",
    ),
    mistake(
        NEW,
        "",
        "-- @allow user\nselect id, check_in from bookings where user_id = auth.uid()\n",
        "queries/new.sql:2",
        "end the statement by `limit`",
    ),
    mistake(MINE, ", b.id desc size", " size", "queries/my_bookings.sql:3", "end with a key of a table"),
    mistake(
        NEW,
        "",
        "-- @allow user\n-- @param start bigint  From\nselect id from rooms order by id limit 10 offset :start\n",
        "queries/new.sql:3",
        "@page",
    ),
    mistake(
        MINE,
        "-- @allow user",
        "-- @allow user\n-- @scan users \"all of them\"",
        "queries/my_bookings.sql:3",
        "leave it out",
    ),
    // The schema.
    mistake(
        TABLES,
        "create index rooms_room_type_id_idx on rooms (room_type_id);",
        "",
        "migrations/0001_hotel.sql:23",
        "create index rooms_room_type_id_idx on rooms (room_type_id);",
    ),
    mistake(
        INDEXES,
        "-- @keep \"the desk looks for open payments by hand\"\n",
        "",
        "migrations/20251024090952_add_composite_indexes_for_performance.sql:15",
        "drop index payments_status_idx;",
    ),
    mistake(
        "migrations/20260101000000_more.sql",
        "",
        "create index rooms_by_type on rooms (room_type_id);\n",
        "migrations/20260101000000_more.sql:1",
        "drop index rooms_by_type;",
    ),
    mistake(
        "migrations/20260101000000_more.sql",
        "",
        "create index bookings_by_user on bookings (user_id);\n",
        "migrations/20260101000000_more.sql:1",
        "drop index bookings_by_user;",
    ),
    mistake(
        "migrations/20260101000000_more.sql",
        "",
        "create table log (\n  line text\n);\n",
        "migrations/20260101000000_more.sql:1",
        "primary key",
    ),
    mistake(
        "migrations/20260101000000_more.sql",
        "",
        "create table log (\n  id bigint primary key,\n  said_at text\n);\n",
        "migrations/20260101000000_more.sql:3",
        "timestamptz",
    ),
    mistake(
        "migrations/20260101000000_more.sql",
        "",
        "create table log (\n  id bigint primary key,\n  extra json\n);\n",
        "migrations/20260101000000_more.sql:3",
        "jsonb",
    ),
    mistake(
        "migrations/20260101000000_more.sql",
        "",
        "create table log (\n  id bigint primary key,\n  room_id integer references rooms (id)\n);\n",
        "migrations/20260101000000_more.sql:3",
        "bigint",
    ),
    mistake(
        "migrations/20260101000000_more.sqlite.sql",
        "",
        "-- @table w(id bigint)\ncreate table w (id integer);\n",
        "migrations/20260101000000_more.sqlite.sql:2",
        "strict",
    ),
    mistake(
        "migrations/20260101000000_more.sql",
        "",
        "insert into rooms (id, room_type_id, number) values (1, 9, 'x');\n",
        "migrations/20260101000000_more.sql:1",
        "referred to first",
    ),
    mistake("seed.sql", "(g.i - 1) / 40 + 1,", "(g.i - 1) / 40 + 100,", "seed.sql:26", "referred to first"),
    // What the compiler refuses.
    mistake(AVAILABILITY, "rt.price_cents", "rt.price_cnts", "queries/availability.sql:5", "price_cents"),
    mistake(AVAILABILITY, "from room_types rt", "from room_typs rt", "queries/availability.sql:10", "room_types"),
    mistake(AVAILABILITY, "-- @allow anyone\n", "", "queries/availability.sql:1", "@allow"),
    mistake(AVAILABILITY, "-- @allow anyone", "-- @alow anyone", "queries/availability.sql:2", "@allow"),
    mistake(AVAILABILITY, "-- @param check_in  date", "-- @param check_in  dat", "queries/availability.sql:3", "date"),
    mistake(
        AVAILABILITY,
        "b.check_out > :check_in)",
        "b.check_out > :chek_in)",
        "queries/availability.sql:9",
        "check_in",
    ),
    mistake(AVAILABILITY, "b.status = 'confirmed'", "b.status = 1", "queries/availability.sql:7", "text"),
    mistake(
        BOOK,
        "-- @expect row else 409 sold_out",
        "-- @expect row else 509 sold_out",
        "actions/book_room.sql:20",
        "400",
    ),
    mistake(BOOK, "-- @returns row", "-- @returns one", "actions/book_room.sql:6", "row"),
    mistake(TABLES, "references users (id)", "references user (id)", "migrations/0001_hotel.sql:33", "users"),
    mistake(
        TABLES,
        "price_cents bigint not null",
        "price_cents numeric not null",
        "migrations/0001_hotel.sql:16",
        "bigint",
    ),
    mistake("martlet.toml", "name = \"Hotel\"", "nmae = \"Hotel\"", "martlet.toml:1", "name"),
];

#[test]
fn each_planted_mistake_is_named_with_its_place_and_remedy() {
    let hotel = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/hotel");
    let mut missed = Vec::new();
    let count = MISTAKES.len();
    for mistake in MISTAKES {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(&hotel, folder.path());
        let path = folder.path().join(mistake.file);
        let text = if mistake.from.is_empty() { String::new() } else { std::fs::read_to_string(&path).unwrap() };
        assert!(text.contains(mistake.from), "{} has no {:?}", mistake.file, mistake.from);
        let text = if mistake.from.is_empty() { mistake.to.into() } else { text.replacen(mistake.from, mistake.to, 1) };
        std::fs::write(&path, text).unwrap();
        let run = martlet(&["check", folder.path().to_str().unwrap(), "--json"], "", &[]);
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let is_named = report["diagnostics"].as_array().unwrap().iter().any(|finding| {
            let place = format!("{}:{}", finding["file"].as_str().unwrap(), finding["line"]);
            let remedy = format!("{} {}", finding["message"], finding["hint"]).replace("\\\"", "\"");
            place == mistake.place && remedy.contains(mistake.remedy)
        });
        if !is_named {
            missed.push(format!("{} -> {} ({}): {}", mistake.from, mistake.to, mistake.place, run.stdout));
        }
    }
    assert!(missed.is_empty(), "{} of {count} missed:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn no_false_alarm_on_the_examples() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    for entry in std::fs::read_dir(examples).unwrap() {
        let folder = entry.unwrap().path();
        if folder.join("migrations").is_dir() {
            let run = martlet(&["check", folder.to_str().unwrap(), "--json"], "", &[]);
            let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
            let found = report["diagnostics"].as_array().unwrap().iter().filter(|finding| finding["code"] != "not_yet");
            assert_eq!(found.collect::<Vec<_>>(), Vec::<&serde_json::Value>::new(), "{}", folder.display());
        }
    }
}
